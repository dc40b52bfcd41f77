"""How the pages are served: policies, caching, the seam for the session, nothing from elsewhere."""

import re
from pathlib import Path

import pytest
from flask import Flask, Response
from flask.testing import FlaskClient

from edge_agent.web import pages
from edge_agent.web.pages import LANGUAGES, pages_blueprint

WEB = Path(pages.__file__).parent
PAGES = ("/", "/it")


def client(language: str = "nl-NL") -> FlaskClient:
    def admit(answer: Response) -> Response:
        answer.set_cookie("session", "s", httponly=True, samesite="Strict")
        return answer

    app = Flask("pages_alone", static_folder=None)
    app.register_blueprint(pages_blueprint(store="0412", till="03", language=language, admit=admit))
    return app.test_client()


def policy(answer_header: str) -> dict[str, str]:
    """Split a Content-Security-Policy into directive -> sources."""
    return {part.split()[0]: " ".join(part.split()[1:]) for part in answer_header.split("; ")}


@pytest.mark.parametrize("path", PAGES)
def test_a_page_comes_with_a_policy_that_allows_nothing_but_our_own_files(path: str) -> None:
    directives = policy(client().get(path).headers["Content-Security-Policy"])

    assert directives["default-src"] == "'none'"
    assert directives["script-src"] == directives["style-src"] == "'self'"
    assert directives["connect-src"] == directives["img-src"] == "'self'"
    assert directives["frame-ancestors"] == directives["form-action"] == "'none'"
    assert directives["require-trusted-types-for"] == "'script'"
    assert "unsafe" not in str(directives)


@pytest.mark.parametrize("path", PAGES)
def test_a_page_has_no_script_style_or_handler_inside(path: str) -> None:
    html = client().get(path).text

    assert re.findall(r"<script(?![^>]*\bsrc=)", html) == []
    assert re.findall(r"<style|\bstyle=|\bon[a-z]+=|javascript:", html) == []


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_never_kept_and_brings_the_session(path: str) -> None:
    answer = client().get(path)

    assert answer.headers["Cache-Control"] == "no-store"
    assert "session=s; HttpOnly; Path=/; SameSite=Strict" in answer.headers["Set-Cookie"]


def test_a_static_file_is_asked_about_each_time_and_brings_no_session() -> None:
    browser = client()
    answer = browser.get("/static/js/till/main.js")
    answer.close()

    assert answer.headers["Cache-Control"] == "no-cache"
    assert "Set-Cookie" not in answer.headers
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    again = browser.get(
        "/static/js/till/main.js", headers={"If-None-Match": answer.headers["ETag"]}
    )
    again.close()
    assert again.status_code == 304


@pytest.mark.parametrize(
    ("tag", "spoken"),
    [("nl-NL", "nl"), ("de_AT", "de"), ("FR", "fr"), ("en-GB", "en"), ("pl-PL", "nl"), ("", "nl")],
)
def test_the_page_speaks_the_terminals_language_or_dutch(tag: str, spoken: str) -> None:
    assert f'<html lang="{spoken}">' in client(tag).get("/").text


def test_nothing_is_fetched_from_elsewhere() -> None:
    files = [path for path in (WEB / "static").rglob("*") if path.is_file()]
    files += (WEB / "templates").glob("*.html")
    assert len(files) > 15

    for path in files:
        urls = re.findall(r"(?:https?:)?//[a-z0-9.-]+\.[a-z]{2,}[^\s\"']*", path.read_text())
        assert [url for url in urls if url != "http://www.w3.org/2000/svg"] == [], path


def test_there_is_a_module_of_words_for_each_language() -> None:
    modules = {path.stem for path in (WEB / "static/js/texts").glob("*.js")}

    assert modules == set(LANGUAGES)
