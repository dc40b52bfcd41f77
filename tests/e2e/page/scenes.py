"""Every state of the cashier's page, each brought about as it comes about in a shop: by events."""

from collections.abc import Callable
from dataclasses import dataclass

from tests.e2e.page import samples
from tests.e2e.page.agent import ScriptedAgent

LONG = "Jonkvrouwe Wilhelmina-Alexandrine van Oldenbarnevelt-Schimmelpenninck tot Voorst"
LONG_WORD = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"


@dataclass(frozen=True)
class Scene:
    """One state: how it comes about, and what the page then calls it."""

    name: str
    happens: Callable[[ScriptedAgent], None]
    state: str
    """`data-state` of the body."""
    tone: str
    """`data-tone` of the notice."""


def waiting(_: ScriptedAgent) -> None:
    pass


def member_found(agent: ScriptedAgent) -> None:
    agent.say("scan", samples.scan())
    agent.say("member", samples.member())


def member_with_everything(agent: ScriptedAgent) -> None:
    agent.say("member", samples.full_member())


def nine_rewards(agent: ScriptedAgent) -> None:
    rewards = [samples.reward(f"r{n}", f"Beloning nummer {n}", n * 100) for n in range(1, 12)]
    agent.say("member", samples.full_member(rewards=rewards))


def reward_reserved(agent: ScriptedAgent) -> None:
    redemptions = [samples.reserved(samples.COFFEE)]
    agent.say("member", samples.full_member(redemptions=redemptions))


def surprise_won(agent: ScriptedAgent) -> None:
    member_with_everything(agent)
    agent.say("sale", {"kind": "sale", "result": samples.sale(surprises=[samples.SURPRISE])})


def nps_asked(agent: ScriptedAgent) -> None:
    member_with_everything(agent)
    agent.say("sale", {"kind": "sale", "result": samples.sale(questions=[samples.NPS])})


def choice_asked(agent: ScriptedAgent) -> None:
    surprised = samples.sale(questions=[samples.CHOICE], surprises=[samples.SURPRISE])
    agent.say("sale", {"kind": "sale", "result": surprised})


def stars_asked(agent: ScriptedAgent) -> None:
    agent.say("sale", {"kind": "sale", "result": samples.sale(questions=[samples.STARS])})


def yes_or_no_asked(agent: ScriptedAgent) -> None:
    agent.say("member", samples.full_member(questions=[samples.YES_NO]))
    agent.say("sale", {"kind": "sale", "result": samples.sale()})


def long_question(agent: ScriptedAgent) -> None:
    answers = [{"value": f"v{n}", "text": f"{LONG_WORD} {n}"} for n in range(6)]
    question = {"id": "q", "text": f"{LONG} " * 3, "answers": answers, "where": ["screen"]}
    agent.say("sale", {"kind": "sale", "result": samples.sale(questions=[question])})


def long_rewards(agent: ScriptedAgent) -> None:
    way = samples.progress("stamp-card", LONG, 3, 12, f"{LONG} {LONG}")
    view = samples.full_member(
        rewards=[
            samples.reward(f"r{n}", f"{LONG_WORD} {n}", n * 100, available=n < 3, why_not=LONG)
            for n in range(9)
        ],
        offers=[{"id": "o", "title": LONG, "say": f"{LONG} " * 3, "until": None, "active": False}],
        tier={"id": "t", "title": LONG_WORD, "next": way},
        stamps=[{"card": f"c{n}", **way} for n in range(5)],
    )
    agent.say("member", view)


def member_not_fresh(agent: ScriptedAgent) -> None:
    old = samples.balance(1240, 18, samples.ago(hours=30))
    agent.say("member", samples.member(balance=old))


def member_keyed(agent: ScriptedAgent) -> None:
    agent.say("member", samples.member(balance=None, rewards=[], expiring=[]))


def unknown_card(agent: ScriptedAgent) -> None:
    agent.say("member", samples.unknown_member())


def blocked_card(agent: ScriptedAgent) -> None:
    agent.say("member", samples.stopped_member("blocked"))


def erased_card(agent: ScriptedAgent) -> None:
    agent.say("member", samples.stopped_member("erased"))


def payment_card(agent: ScriptedAgent) -> None:
    agent.say("scan", samples.scan(accepted=False, reason="payment-card"))


def not_our_card(agent: ScriptedAgent) -> None:
    agent.say("scan", samples.scan(accepted=False, reason="not-a-member-card"))


def misread(agent: ScriptedAgent) -> None:
    agent.say("scan", samples.scan(accepted=False, reason="garbage"))


def sale_posted(agent: ScriptedAgent) -> None:
    member_found(agent)
    agent.say("sale", {"kind": "sale", "result": samples.sale()})


def sale_without_card(agent: ScriptedAgent) -> None:
    result = samples.sale(card=None, entries=[], earned={"points": 0}, balance={})
    agent.say("sale", {"kind": "sale", "result": result})


def sale_read_by_the_pos(agent: ScriptedAgent) -> None:
    agent.say("sale", {"kind": "sale", "result": samples.sale(card="*********1111")})


def returned(agent: ScriptedAgent) -> None:
    member_found(agent)
    agent.say("sale", {"kind": "return", "result": samples.returned()})


def return_of_unknown_sale(agent: ScriptedAgent) -> None:
    result = samples.sale(card=None, entries=[], earned={}, balance={}, awaiting_original=True)
    agent.say("sale", {"kind": "return", "result": result})


def voided(agent: ScriptedAgent) -> None:
    member_found(agent)
    agent.say("sale", {"kind": "void", "result": samples.returned()})


def sale_unworked(agent: ScriptedAgent) -> None:
    member_found(agent)
    agent.say("sale", {"kind": "sale", "result": samples.sale(**samples.UNWORKED)})


def member_unworked(agent: ScriptedAgent) -> None:
    agent.say("member", samples.member(tier=None, expiring=[], messages=[], not_worked_out="-"))


def return_unworked(agent: ScriptedAgent) -> None:
    member_found(agent)
    agent.say("sale", {"kind": "return", "result": samples.sale(**samples.UNWORKED)})


def offline(agent: ScriptedAgent) -> None:
    central = {"state": "offline", "reason": "timeout", "last_contact": samples.ago(hours=2)}
    agent.sync(central=central, outbox={"records": 12, "oldest_seconds": 7200})


def offline_with_sale(agent: ScriptedAgent) -> None:
    offline(agent)
    sale_posted(agent)


def paper_out(agent: ScriptedAgent) -> None:
    agent.device("receipt", state="trouble", reason="paper-out")


def paper_low(agent: ScriptedAgent) -> None:
    agent.device("receipt", state="ok", reason="paper-low")


def cover_open(agent: ScriptedAgent) -> None:
    agent.device("receipt", state="trouble", reason="cover-open")


def printer_silent(agent: ScriptedAgent) -> None:
    agent.device("receipt", state="unknown", reason="no-answer")
    member_found(agent)


def scanner_gone(agent: ScriptedAgent) -> None:
    agent.device("hand", state="offline", reason="unplugged")


def long_texts(agent: ScriptedAgent) -> None:
    who = {"id": "m-2", "display_name": LONG, "tier": LONG_WORD, "since": "2001-01-01"}
    view = samples.member(
        member=who,
        balance=samples.balance(1_234_567, 98_765, samples.ago(days=40)),
        messages=[{"id": "a", "text": f"{LONG_WORD} {LONG} " * 3}] * 5,
        stamps=[{"card": LONG_WORD, "have": 9, "need": 10}],
    )
    agent.say("member", view)
    entries = [samples.entry(111_111, f"rule-{n}", f"{LONG_WORD} {LONG}", n) for n in range(9)]
    result = samples.sale(
        entries=entries, earned={"points": 999_999}, balance=samples.balance(1_234_567, 999_999)
    )
    agent.say("sale", {"kind": "sale", "result": result})


SCENES = (
    Scene("waiting", waiting, "waiting", "quiet"),
    Scene("member-found", member_found, "member", "quiet"),
    Scene("member-with-everything", member_with_everything, "member", "quiet"),
    Scene("nine-rewards", nine_rewards, "member", "quiet"),
    Scene("reward-reserved", reward_reserved, "member", "quiet"),
    Scene("long-rewards", long_rewards, "member", "quiet"),
    Scene("surprise-won", surprise_won, "sale", "quiet"),
    Scene("nps-asked", nps_asked, "sale", "question"),
    Scene("choice-asked", choice_asked, "sale", "question"),
    Scene("stars-asked", stars_asked, "sale", "question"),
    Scene("yes-or-no-asked", yes_or_no_asked, "sale", "question"),
    Scene("long-question", long_question, "sale", "question"),
    Scene("member-not-fresh", member_not_fresh, "member", "quiet"),
    Scene("member-keyed", member_keyed, "member", "quiet"),
    Scene("unknown-card", unknown_card, "unknown", "quiet"),
    Scene("blocked-card", blocked_card, "blocked", "quiet"),
    Scene("erased-card", erased_card, "erased", "quiet"),
    Scene("payment-card", payment_card, "waiting", "bad"),
    Scene("not-our-card", not_our_card, "waiting", "warn"),
    Scene("misread", misread, "waiting", "warn"),
    Scene("sale-posted", sale_posted, "sale", "quiet"),
    Scene("sale-without-card", sale_without_card, "sale", "quiet"),
    Scene("sale-read-by-the-pos", sale_read_by_the_pos, "sale", "quiet"),
    Scene("return", returned, "return", "quiet"),
    Scene("return-of-unknown-sale", return_of_unknown_sale, "return", "quiet"),
    Scene("void", voided, "void", "quiet"),
    Scene("member-unworked", member_unworked, "member", "warn"),
    Scene("sale-unworked", sale_unworked, "sale", "warn"),
    Scene("return-unworked", return_unworked, "return", "warn"),
    Scene("offline", offline, "waiting", "calm"),
    Scene("offline-with-sale", offline_with_sale, "sale", "calm"),
    Scene("paper-out", paper_out, "waiting", "bad"),
    Scene("paper-low", paper_low, "waiting", "warn"),
    Scene("cover-open", cover_open, "waiting", "bad"),
    Scene("printer-silent", printer_silent, "member", "bad"),
    Scene("scanner-gone", scanner_gone, "waiting", "bad"),
    Scene("long-texts", long_texts, "sale", "quiet"),
)
