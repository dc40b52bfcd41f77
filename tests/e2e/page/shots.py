"""Draw every state of the pages: `python -m tests.e2e.page.shots FOLDER [LANGUAGE ...]`."""

import shutil
import sys
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from tests.e2e.page import samples
from tests.e2e.page.agent import ScriptedAgent
from tests.e2e.page.browser import CHROMIUM_FLAGS
from tests.e2e.page.scenes import SCENES, Scene

SIZES = {"till": (1024, 768), "narrow": (390, 844)}


def draw(browser: Browser, folder: Path, language: str, size: str, scene: Scene) -> None:
    width, height = SIZES[size]
    agent = ScriptedAgent(language=language)
    agent.start()
    context = browser.new_context(
        viewport={"width": width, "height": height}, timezone_id="Europe/Amsterdam"
    )
    try:
        page = context.new_page()
        page.goto(agent.url)
        page.wait_for_selector("body[data-link=up]")
        scene.happens(agent)
        page.wait_for_selector(
            f"body[data-state={scene.state}]:has(#notice[data-tone={scene.tone}])"
        )
        page.wait_for_timeout(250)
        page.screenshot(path=folder / f"{size}-{language}-{scene.name}.png")
    finally:
        context.close()
        agent.stop()


def draw_it(browser: Browser, folder: Path, language: str, size: str) -> None:
    width, height = SIZES[size]
    agent = ScriptedAgent(language=language)
    agent.start()
    context = browser.new_context(
        viewport={"width": width, "height": height}, timezone_id="Europe/Amsterdam"
    )
    try:
        page = context.new_page()
        page.goto(f"{agent.url}/it")
        page.wait_for_selector("body[data-link=up]")
        page.screenshot(path=folder / f"{size}-{language}-it-fine.png", full_page=True)
        agent.say("scan", samples.scan())
        agent.say("scan", samples.scan(accepted=False, reason="payment-card"))
        agent.device("receipt", state="trouble", reason="paper-out")
        agent.sync(states={"rejected": 2, "parked": 1})
        page.wait_for_selector(".finding:nth-child(3)")
        page.screenshot(path=folder / f"{size}-{language}-it-trouble.png", full_page=True)
    finally:
        context.close()
        agent.stop()


def main(folder: Path, languages: list[str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=CHROMIUM_FLAGS
        )
        for language in languages:
            for size in SIZES:
                for scene in SCENES:
                    draw(browser, folder, language, size, scene)
                draw_it(browser, folder, language, size)
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:] or ["nl"])
