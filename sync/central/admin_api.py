"""Administration over HTTP, for head office's own tools. The bearer token is the administrator's."""

import hmac
import io
from typing import Any

from flask import Blueprint, request

from edge_agent.domain.programme import ProgrammeInvalid
from sync.central.by_hand import Adjustment, Release, TierGrant, Transfer
from sync.central.central import Central
from sync.central.feedback import CaseChange
from sync.central.member_rows import HeaderInvalid
from sync.central.members import CardReplacement, OfflineRedemption, StandingChange
from sync.central.mending import GivingUp, Repair
from sync.central.problems import Problem
from sync.central.requests_in import asked_line, asked_row, bearer, body_bytes, json_body
from sync.central.terminals import TerminalName

_BODY_BYTES_MAX = 65_536
_CASE_STATES = ("open", "closed")
_REPAIR_BYTES_MAX = 1_200_000
"""A whole record, which may be replaced fact by fact, and room for the reason."""
_PROGRAMME_BYTES_MAX = 1_048_576
_MEMBERS_BYTES_MAX = 64 * 1_048_576


def blueprint(central: Central) -> Blueprint:
    """The routes under /admin/v1."""
    admin = Blueprint("admin", __name__, url_prefix="/admin/v1")

    @admin.before_request
    def guard() -> None:
        token = bearer(request) or ""
        if not hmac.compare_digest(token.encode(), central.admin_token.encode()):
            raise Problem(401, "unauthorised", "The administrator's bearer token is needed.")

    _add_members(admin, central)
    _add_by_hand(admin, central)
    _add_terminals(admin, central)
    _add_records(admin, central)
    _add_feedback(admin, central)
    _add_reports(admin, central)
    return admin


def _add_members(admin: Blueprint, central: Central) -> None:
    @admin.get("/members/<member>")
    def member(member: str) -> dict[str, Any]:
        return central.members.get(member)

    @admin.get("/members")
    def of_card() -> dict[str, Any]:
        card = asked_line(request, "card")
        if not card:
            errors = [{"path": "card", "message": "is needed"}]
            raise Problem(422, "invalid", "Say which card.", errors=errors)
        return central.members.of_card(card)

    @admin.get("/members/<member>/export")
    def export(member: str) -> dict[str, Any]:
        return central.privacy.export(member)

    @admin.delete("/members/<member>")
    def erase(member: str) -> dict[str, Any]:
        done = central.privacy.erase(member)
        central.feed.notify()
        return done

    @admin.post("/members/<member>/cards")
    def replace_card(member: str) -> dict[str, Any]:
        change = json_body(request, CardReplacement, _BODY_BYTES_MAX)
        done = central.members.replace_card(member, change)
        central.feed.notify()
        return done

    @admin.post("/members/<member>/standing")
    def set_standing(member: str) -> dict[str, Any]:
        change = json_body(request, StandingChange, _BODY_BYTES_MAX)
        done = central.members.set_standing(member, change)
        central.feed.notify()
        return done

    @admin.post("/members/<member>/offline-redemption")
    def set_offline(member: str) -> dict[str, Any]:
        change = json_body(request, OfflineRedemption, _BODY_BYTES_MAX)
        done = central.members.set_offline(member, change)
        central.feed.notify()
        return done

    @admin.post("/members/import")
    def import_members() -> dict[str, Any]:
        raw = body_bytes(request, _MEMBERS_BYTES_MAX)
        text = io.TextIOWrapper(
            io.BytesIO(raw), encoding="utf-8", errors="surrogateescape", newline=""
        )
        try:
            report = central.member_import.run(text)
        except HeaderInvalid as error:
            raise Problem(422, "invalid", f"Line 1: {error}.") from error
        central.feed.notify()
        return report.to_json()


def _add_by_hand(admin: Blueprint, central: Central) -> None:
    @admin.post("/members/<member>/adjustments")
    def adjust(member: str) -> tuple[dict[str, Any], int]:
        change = json_body(request, Adjustment, _BODY_BYTES_MAX)
        return _by_hand(central.by_hand.adjust(member, change))

    @admin.post("/members/<member>/tiers")
    def grant_tier(member: str) -> tuple[dict[str, Any], int]:
        grant = json_body(request, TierGrant, _BODY_BYTES_MAX)
        return _by_hand(central.by_hand.grant_tier(member, grant))

    @admin.post("/members/<member>/transfers")
    def transfer(member: str) -> tuple[dict[str, Any], int]:
        wanted = json_body(request, Transfer, _BODY_BYTES_MAX)
        return _by_hand(central.by_hand.transfer(member, wanted))

    @admin.post("/records/<record>/releases")
    def release(record: str) -> tuple[dict[str, Any], int]:
        event = json_body(request, Release, _BODY_BYTES_MAX)
        return _by_hand(central.by_hand.release(record, event))

    def _by_hand(done: dict[str, Any]) -> tuple[dict[str, Any], int]:
        central.feed.notify()
        return done, 201 if done["is_new"] else 200


def _add_terminals(admin: Blueprint, central: Central) -> None:
    @admin.get("/terminals")
    def terminals() -> dict[str, Any]:
        return {"terminals": central.terminals.list()}

    @admin.post("/terminals")
    def add() -> tuple[dict[str, Any], int]:
        name = json_body(request, TerminalName, _BODY_BYTES_MAX)
        made = central.terminals.add(name.store, name.till)
        return {
            "terminal": made.terminal,
            "code": made.code,
            "expires_at": made.expires_at,
        }, 201

    @admin.delete("/terminals/<store>/<till>")
    def revoke(store: str, till: str) -> dict[str, Any]:
        central.terminals.revoke(store, till)
        return {"terminal": f"{store}/{till}", "state": "revoked"}

    @admin.post("/terminals/<store>/<till>/release")
    def end_quarantine(store: str, till: str) -> dict[str, Any]:
        posted = central.release(store, till)
        return {"terminal": f"{store}/{till}", "posted": posted}


def _add_records(admin: Blueprint, central: Central) -> None:
    @admin.get("/records")
    def records() -> dict[str, Any]:
        terminal, state = asked_line(request, "terminal"), asked_line(request, "state")
        after = asked_row(request, "after")
        return {
            "records": central.reports.records(terminal or None, (state,) if state else (), after)
        }

    @admin.get("/records/<record>")
    def record(record: str) -> dict[str, Any]:
        return central.reports.record(record)

    @admin.get("/checkpoints")
    def checkpoints() -> dict[str, Any]:
        return {"checkpoints": central.checkpoints.page(asked_line(request, "after"))}

    @admin.post("/records/<record>/repair")
    def repair(record: str) -> tuple[dict[str, Any], int]:
        wanted = json_body(request, Repair, _REPAIR_BYTES_MAX)
        done = central.mending.repair(record, wanted)
        central.feed.notify()
        return done, 201 if done["is_new"] else 200

    @admin.post("/records/<record>/give-up")
    def give_up(record: str) -> dict[str, Any]:
        done = central.mending.give_up(record, json_body(request, GivingUp, _BODY_BYTES_MAX))
        central.feed.notify()
        return done

    @admin.post("/terminals/<store>/<till>/give-up")
    def give_up_terminal(store: str, till: str) -> dict[str, Any]:
        reason = json_body(request, GivingUp, _BODY_BYTES_MAX)
        done = central.mending.give_up_terminal(store, till, reason)
        central.feed.notify()
        return done


def _add_feedback(admin: Blueprint, central: Central) -> None:
    @admin.get("/answers")
    def answers() -> dict[str, Any]:
        return {"answers": central.feedback.answers()}

    @admin.get("/cases")
    def cases() -> dict[str, Any]:
        state = asked_line(request, "state") or "open"
        if state not in _CASE_STATES:
            errors = [{"path": "state", "message": f"must be one of {', '.join(_CASE_STATES)}"}]
            raise Problem(422, "invalid", "There is no such state.", errors=errors)
        return {"cases": central.feedback.cases(closed=state == "closed")}

    @admin.get("/cases/<row:number>")
    def case(number: int) -> dict[str, Any]:
        return central.feedback.case(number)

    @admin.post("/cases/<row:number>")
    def change_case(number: int) -> dict[str, Any]:
        return central.feedback.change(number, json_body(request, CaseChange, _BODY_BYTES_MAX))


def _add_reports(admin: Blueprint, central: Central) -> None:
    @admin.get("/refused")
    def refused() -> dict[str, Any]:
        return central.reports.refused()

    @admin.get("/draws")
    def draws() -> dict[str, Any]:
        return {"draws": central.effects.draws()}

    @admin.get("/offers")
    def offers() -> dict[str, Any]:
        return {"offers": central.effects.offers()}

    @admin.get("/redeemed")
    def redeemed() -> dict[str, Any]:
        return {"redeemed": central.redeemed.sums()}

    @admin.get("/differences")
    def differences() -> dict[str, Any]:
        return {"differences": central.reports.differences()}

    @admin.get("/overdrafts")
    def overdrafts() -> dict[str, Any]:
        return {"overdrafts": central.reports.overdrafts()}

    @admin.get("/totals")
    def totals() -> dict[str, Any]:
        return central.reports.totals()

    @admin.put("/programme")
    def publish() -> tuple[dict[str, Any], int]:
        try:
            text = body_bytes(request, _PROGRAMME_BYTES_MAX).decode()
        except UnicodeDecodeError as error:
            raise Problem(400, "malformed", "A programme is UTF-8 text.") from error
        try:
            published = central.publish(text, "programme")
        except ProgrammeInvalid as error:
            findings = [
                {"path": f"line {each.line}: {each.key}", "message": each.message}
                for each in error.findings
            ]
            raise Problem(
                422, "programme-invalid", "The programme has mistakes.", errors=findings
            ) from error
        return {
            "digest": published.digest,
            "id": published.id,
            "version": published.version,
            "published_at": published.published_at,
        }, 201 if published.is_new else 200
