"""What a sale's answer has to tell besides points, in the words of the till."""

from collections.abc import Iterator
from typing import Any

from edge_agent.demo.goods import REWARD


def told(result: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Kind and line of everything: a reward that was used, offers, stamp cards that moved, surprises."""
    for rule, (why, off) in _off(result).items():
        kind = "reward" if rule == REWARD else "offer"
        yield kind, f"{why}: € {off // 100},{off % 100:02} eraf"
    if any(each["unit"] == "stamps" for each in result["entries"]):
        for each in result["stamps"]:
            yield "stamp card", f"{each['title']}: {each['have']} van {each['need']} zegels"
    for each in result["surprises"]:
        yield "surprise", f"{each['title']}: {each['prize']}"


def points_told(result: dict[str, Any]) -> str:
    """What a sale gave and what there is now; of one that the rules failed on what the till says of that."""
    if "not_worked_out" in result:
        return str(result["not_worked_out"])
    earned = f"+{result['earned'].get('points', 0)} punten"
    if result["balance"] is None:  # it is as it was quoted, and the rules failed since
        return f"{earned}, saldo onbekend"
    balance = result["balance"].get("points", {"confirmed": 0, "unconfirmed": 0})
    waiting = balance["unconfirmed"]
    return f"{earned}, saldo {balance['confirmed'] + waiting} ({waiting} nog niet bevestigd)"


def _off(result: dict[str, Any]) -> dict[str, tuple[str, int]]:
    """By rule what it is called and what it took off all lines together, in cents."""
    found: dict[str, tuple[str, int]] = {}
    for line in result["lines"]:
        for each in line["rules"]:
            before = found.get(each["rule"], ("", 0))[1]
            found[each["rule"]] = (each["why"], before + each["discount"])
    return found
