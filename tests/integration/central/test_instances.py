"""Positions of a central that was put back from a backup, with central as its own process."""

from pathlib import Path

from tests.central import PLACE, Running, Wire, running_central


def members(running: Running, *names: str) -> None:
    lines = "".join(f"29{name:0>11},M{name}\n" for name in names)
    answer = running.admin("POST", "/members/import", data=f"card,member_id\n{lines}".encode())
    assert answer.status_code == 200, answer.text


def position(wire: Wire) -> tuple[int, str]:
    told = wire.changes().json()
    return told["next"], told["instance"]


def asked_from(running: Running, wire: Wire, at: tuple[int, str]) -> int:
    wire.url = running.url
    return wire.changes(after=at[0], instance=at[1]).status_code


def test_a_position_of_before_central_was_put_back_is_not_gone_on_from(tmp_path: Path) -> None:
    folder = tmp_path / "central"
    with running_central(folder) as running:
        wire = running.enrol()
        members(running, "1")
        kept = position(wire)
    put_back = PLACE.back_up(folder)
    with running_central(folder) as running:
        members(running, "2", "3")
        assert asked_from(running, wire, kept) == 200
        lost = position(wire)
    put_back()
    with running_central(folder) as running:
        assert asked_from(running, wire, lost) == 410
        members(running, "4", "5", "6", "7", "8")
        assert position(wire)[0] > lost[0]
        assert asked_from(running, wire, lost) == 410
        assert asked_from(running, wire, (lost[0], kept[1])) == 410
        assert asked_from(running, wire, kept) == 200
        assert wire.changes(after=0).status_code == 200
        now = position(wire)
    with running_central(folder) as running:
        assert asked_from(running, wire, now) == 200
