"""Every device that could be here."""

from pathlib import Path

from drivers.discover import FOUND_MAX, Found, discover


def test_nothing_there_is_an_empty_list(tmp_path: Path) -> None:
    assert discover(tmp_path) == []


def test_the_real_machine_can_be_asked() -> None:
    for found in discover():
        assert found.where.startswith("/dev/")


def test_a_port_is_found_once_under_the_name_that_lasts(tmp_path: Path) -> None:
    for node in ("ttyACM0", "ttyUSB0"):
        (tmp_path / node).touch()
    by_id, by_path = tmp_path / "serial" / "by-id", tmp_path / "serial" / "by-path"
    by_id.mkdir(parents=True)
    by_path.mkdir()
    (by_id / "usb-Honeywell_1900_123-if00").symlink_to("../../ttyACM0")
    (by_path / "pci-0000:00:14.0-usb-0:1").symlink_to("../../ttyACM0")
    (by_path / "pci-0000:00:14.0-usb-0:2").symlink_to("../../ttyUSB0")
    assert discover(tmp_path) == [
        Found("serial", str(by_id / "usb-Honeywell_1900_123-if00"), "Honeywell 1900 123-if00"),
        Found("serial", str(by_path / "pci-0000:00:14.0-usb-0:2"), "pci-0000:00:14.0-usb-0:2"),
    ]


def test_usb_printers_are_found(tmp_path: Path) -> None:
    (tmp_path / "usb").mkdir()
    for node in ("lp0", "lp1", "hiddev0"):
        (tmp_path / "usb" / node).touch()
    assert [found.as_json() for found in discover(tmp_path)] == [
        {"kind": "usb", "where": str(tmp_path / "usb" / "lp0"), "description": "USB printer lp0"},
        {"kind": "usb", "where": str(tmp_path / "usb" / "lp1"), "description": "USB printer lp1"},
    ]


def test_a_link_that_leads_nowhere_is_shown_still(tmp_path: Path) -> None:
    by_id = tmp_path / "serial" / "by-id"
    by_id.mkdir(parents=True)
    (by_id / "usb-gone").symlink_to("../../ttyACM9")
    assert [found.description for found in discover(tmp_path)] == ["gone"]


def test_the_list_is_bounded(tmp_path: Path) -> None:
    (tmp_path / "usb").mkdir()
    for number in range(FOUND_MAX + 5):
        (tmp_path / "usb" / f"lp{number}").touch()
    assert len(discover(tmp_path)) == FOUND_MAX
