"""What happens on a journey in few words: a line, a wish, an entry, what is said."""

from edge_agent.domain.basket import Line
from edge_agent.domain.entries import Entry
from edge_agent.domain.holdings import Holding
from edge_agent.domain.programme.situation import Wanted
from tests.unit.domain.programme.telling import Telling


def said(told: Telling) -> str:
    """Messages with their places, the question, and what was won."""
    messages = [f"{each.message.id}@{'+'.join(sorted(each.places))}" for each in told.messages]
    question = [] if told.question is None else [f"asks {told.question.question.id}"]
    return " ".join([*messages, *question, *(f"won {each.id}" for each in told.prizes)])


def wishes(wanted: Wanted) -> str:
    """What the customer tries to use."""
    rewards = [f"{each.times} x {each.reward} for {each.points}" for each in wanted.redemptions]
    vouchers = [f"{each.holding.quantity} {each.holding.unit}" for each in wanted.vouchers]
    least = [f"at most {quantity} {unit}" for unit, quantity in wanted.spendable.items()]
    return ", ".join([*rewards, *vouchers, *wanted.codes, *least])


def on_sale(line: Line) -> str:
    """A line of the basket, with all that a rule may look at."""
    words = (*line.categories, line.brand, *line.labels, line.kind, line.margin)
    facts = [f"{line.number}. {line.quantity} x {line.sku} {line.amount}", *filter(None, words)]
    more = {"off": line.discount, "tax": line.tax_rate, "levy": line.levy, "measure": line.measure}
    return " ".join([*facts, *(f"{key} {each}" for key, each in more.items() if each)])


def entry(entry: Entry) -> str:
    """An entry in few words: the kind, how much of what, and what its life and its line are."""
    holding: Holding = entry.holding
    more = {
        "line": entry.line,
        "lot": entry.lot and entry.lot[:6],
        "until": holding.expires_on,
        "from": holding.matures_on,
        "day": holding.day,
        "of": entry.account,
    }
    rest = [f"{key} {each}" for key, each in more.items() if each is not None]
    return " ".join([entry.kind.value, f"{entry.quantity:+d}", entry.unit, *rest])
