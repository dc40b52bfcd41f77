"""The plain page for head office and store IT: members, cases, terminals, what was refused, and what was
redeemed beyond what there was. No script at all."""

import hashlib
import hmac
import json
from datetime import timedelta
from typing import Any

from flask import Flask, abort, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from sync.central.central import Central
from sync.central.feedback import NOTE_CHARACTERS_MAX, CaseChange
from sync.central.members import OfflineRedemption
from sync.central.mending import REASON_CHARACTERS_MAX, GivingUp
from sync.central.problems import Problem
from sync.central.requests_in import asked_line
from sync.central.texts import LANGUAGES, texts

SESSION_HOURS = 8
"""A working day."""

_QUERY_CHARACTERS_MAX = 200


def add_to(app: Flask, central: Central, *, secure: bool) -> None:
    """Add the page to the app. Sessions are signed with a key made of the admin token: a new token ends them."""
    app.secret_key = hmac.digest(central.admin_token.encode(), b"page sessions", hashlib.sha256)
    app.config.update(
        SESSION_COOKIE_NAME="central_session",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Strict",
        SESSION_COOKIE_SECURE=secure,
        PERMANENT_SESSION_LIFETIME=timedelta(hours=SESSION_HOURS),
    )
    app.template_filter("moment")(_moment)
    app.context_processor(lambda: _language(central))
    _add_login(app, central)
    _add_views(app, central)
    _add_records(app, central)
    _add_cases(app, central)
    _add_overdrafts(app, central)


def _add_login(app: Flask, central: Central) -> None:
    @app.get("/login")
    def login() -> ResponseReturnValue:
        return render_template("login.html", wrong=False)

    @app.post("/login")
    def log_in() -> ResponseReturnValue:
        _require_own_origin()
        token = request.form.get("token", "").strip()
        if not hmac.compare_digest(token.encode(), central.admin_token.encode()):
            return render_template("login.html", wrong=True), 401
        session.clear()
        session.permanent = True
        session["admin"] = True
        return redirect(url_for("members"))

    @app.post("/logout")
    def log_out() -> ResponseReturnValue:
        _require_own_origin()
        session.clear()
        return redirect(url_for("login"))


def _add_views(app: Flask, central: Central) -> None:
    @app.get("/")
    def members() -> ResponseReturnValue:
        if not session.get("admin"):
            return redirect(url_for("login"))
        query = asked_line(request, "q")[:_QUERY_CHARACTERS_MAX]
        return render_template(
            "members.html",
            at="members",
            query=query,
            found=central.members.find(query),
            accounts=central.reports.accounts(),
        )

    @app.get("/members/<member>")
    def member(member: str) -> ResponseReturnValue:
        if not session.get("admin"):
            return redirect(url_for("login"))
        try:
            return render_template("member.html", at="members", member=central.members.get(member))
        except Problem as problem:
            abort(problem.status)

    @app.get("/terminals")
    def terminals() -> ResponseReturnValue:
        if not session.get("admin"):
            return redirect(url_for("login"))
        return render_template("terminals.html", at="terminals", terminals=central.terminals.list())

    @app.get("/refused")
    def refused() -> ResponseReturnValue:
        if not session.get("admin"):
            return redirect(url_for("login"))
        return render_template("refused.html", at="refused", refused=central.reports.refused())


def _add_overdrafts(app: Flask, central: Central) -> None:
    @app.get("/overdrafts")
    def overdrafts() -> ResponseReturnValue:
        if not session.get("admin"):
            return redirect(url_for("login"))
        found = central.reports.overdrafts()
        return render_template("overdrafts.html", at="overdrafts", overdrafts=found)

    @app.post("/members/<member>/offline-redemption")
    def allow_offline(member: str) -> ResponseReturnValue:
        _require_own_origin()
        if not session.get("admin"):
            return redirect(url_for("login"))
        try:
            central.members.set_offline(member, OfflineRedemption(allowed=True))
        except Problem as problem:
            abort(problem.status)
        central.feed.notify()
        return redirect(url_for("overdrafts"))


def _add_records(app: Flask, central: Central) -> None:
    @app.get("/records/<record>")
    def record(record: str) -> ResponseReturnValue:
        if not session.get("admin"):
            return redirect(url_for("login"))
        try:
            found = central.reports.record(record)
        except Problem as problem:
            abort(problem.status)
        body = json.dumps(found["body"], indent=2, ensure_ascii=False)
        return render_template("record.html", at="refused", record=found, body=body)

    @app.post("/records/<record>")
    def give_up(record: str) -> ResponseReturnValue:
        _require_own_origin()
        if not session.get("admin"):
            return redirect(url_for("login"))
        reason = request.form.get("reason", "").strip()[:REASON_CHARACTERS_MAX]
        if reason:
            central.mending.give_up(record, GivingUp(reason=reason))
            central.feed.notify()
        return redirect(url_for("record", record=record))


def _add_cases(app: Flask, central: Central) -> None:
    @app.get("/cases")
    def cases() -> ResponseReturnValue:
        if not session.get("admin"):
            return redirect(url_for("login"))
        closed = request.args.get("state") == "closed"
        found = central.feedback.cases(closed=closed)
        return render_template("cases.html", at="cases", cases=found, closed=closed)

    @app.get("/cases/<row:number>")
    def case(number: int) -> ResponseReturnValue:
        if not session.get("admin"):
            return redirect(url_for("login"))
        try:
            return render_template("case.html", at="cases", case=central.feedback.case(number))
        except Problem as problem:
            abort(problem.status)

    @app.post("/cases/<row:number>")
    def note_on_case(number: int) -> ResponseReturnValue:
        _require_own_origin()
        if not session.get("admin"):
            return redirect(url_for("login"))
        note = request.form.get("note", "").strip()[:NOTE_CHARACTERS_MAX]
        if note:
            central.feedback.change(number, CaseChange(note=note, close="close" in request.form))
        return redirect(url_for("case", number=number))


def _require_own_origin() -> None:
    """Forms are only taken from our own page; browsers say where a POST comes from."""
    origin = request.headers.get("Origin")
    if origin is not None and origin.partition("://")[2] != request.host:
        raise Problem(403, "forbidden-origin", "This form was sent from another page.")


def _language(central: Central) -> dict[str, Any]:
    """The words of the page, and those of the programme for what members have."""
    language = request.accept_languages.best_match(LANGUAGES, default=LANGUAGES[0])
    if not session.get("admin"):
        return {"t": texts(language), "language": language}
    names = central.words.names(language)

    def said(unit: str, quantity: int) -> str:
        return f"{quantity} {unit}" if names is None else names.quantity(unit, quantity)

    return {"t": texts(language), "language": language, "said": said}


def _moment(text: str | None) -> str:
    """A stored time to the second, in UTC, as people read it."""
    return "—" if not text else text[:19].replace("T", " ") + " UTC"
