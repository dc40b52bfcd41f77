"""Nothing moves, nothing scrolls, nothing is cut without saying so: in every state and language."""

from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from edge_agent.web.pages import LANGUAGES
from tests.e2e.page import samples
from tests.e2e.page.agent import ScriptedAgent
from tests.e2e.page.browser import (
    BOXES,
    FRESH,
    REGIONS,
    SCROLL_SIZE,
    WAIT_MS,
    boxes,
    choose_language,
    scroll_size,
    watch,
)
from tests.e2e.page.scenes import SCENES, Scene, nine_rewards, nps_asked

SIZES = {"till": (1024, 768), "wide": (1280, 800), "narrow": (390, 844)}

CUT = """() => {
    const cut = [];
    for (const region of document.querySelectorAll('[data-region]')) {
        const outer = region.getBoundingClientRect();
        for (const element of region.querySelectorAll('*')) {
            if (element.closest('svg, .facts')) continue;
            // On a narrow screen the rewards scroll in their box; a till's shows all nine.
            if (window.innerWidth < 760 && element.closest('.rewards')) continue;
            const name = `${region.dataset.region} .${element.className}: ${element.textContent}`;
            const box = element.getBoundingClientRect();
            if (box.width === 0) continue;
            const inside = box.right <= outer.right + 1 && box.bottom <= outer.bottom + 1
                && box.top >= outer.top - 1 && box.left >= outer.left - 1;
            if (!inside) cut.push('outside ' + name);
            const clipped = element.scrollWidth > element.clientWidth + 1
                || element.scrollHeight > element.clientHeight + 3;
            const inline = getComputedStyle(element).display === 'inline';
            if (clipped && !inline && !element.closest('[title]')
                && ![...element.children].some((child) => child.closest('[title]')
                    || child.querySelector('[title]'))) cut.push('untitled ' + name);
        }
    }
    return cut;
}"""

NEVER_CUT = """() => [...document.querySelectorAll(
        '.figure, .part-number, .new-balance-number, .reason-points, .actions .action-words')]
    .filter((shown) => getComputedStyle(shown).display !== 'inline'
        && shown.scrollWidth > shown.clientWidth + 1)
    .map((shown) => shown.textContent)"""

LAID_OUT = f"() => [({BOXES})(), ...({SCROLL_SIZE})(), ({CUT})(), ({NEVER_CUT})()]"
"""All of it at once: each question takes its time, and there are a thousand."""

CONTRAST = """() => {
    const parts = (colour) => {
        const [r, g, b, a = 1] = colour.match(/[\\d.]+/g).map(Number);
        return { r, g, b, a };
    };
    const light = ({ r, g, b }) => {
        const [x, y, z] = [r, g, b].map((c) => {
            const s = c / 255;
            return s <= 0.04045 ? s / 12.92 : ((s + 0.055) / 1.055) ** 2.4;
        });
        return 0.2126 * x + 0.7152 * y + 0.0722 * z;
    };
    const behind = (element) => {
        for (let at = element; at; at = at.parentElement) {
            const colour = parts(getComputedStyle(at).backgroundColor);
            if (colour.a === 1) return colour;
        }
        return { r: 255, g: 255, b: 255, a: 1 };
    };
    const weak = [];
    for (const element of document.querySelectorAll('body *')) {
        const own = [...element.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
        if (!own || element.closest('svg, dialog:not([open]), noscript')) continue;
        const style = getComputedStyle(element);
        const [a, b] = [light(parts(style.color)), light(behind(element))];
        const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
        const large = parseFloat(style.fontSize) >= 24
            || (parseFloat(style.fontSize) >= 18.66 && Number(style.fontWeight) >= 700);
        if (ratio < (large ? 3 : 4.5)) weak.push(`${ratio.toFixed(2)} ${element.textContent}`);
    }
    return weak;
}"""

SMALL_TARGETS = """() => [...document.querySelectorAll('button, input, a')]
    .map((target) => [target, target.getBoundingClientRect()])
    .filter(([, box]) => box.width > 0 && (box.width < 48 || box.height < 48))
    .map(([target, box]) => `${target.textContent} ${box.width} x ${box.height}`)"""


def show(page: Page, agent: ScriptedAgent, scene: Scene) -> None:
    """Bring the scene about from a fresh start, on a page that has been through others."""
    agent.all_is_well()
    page.keyboard.press("Escape")
    page.wait_for_selector(FRESH)
    scene.happens(agent)
    page.wait_for_selector(f"body[data-state={scene.state}]:has(#notice[data-tone={scene.tone}])")


def open_at(browser: Browser, agent: ScriptedAgent, size: str, **options: Any) -> Page:
    width, height = SIZES[size]
    context = browser.new_context(viewport={"width": width, "height": height}, **options)
    context.set_default_timeout(WAIT_MS)
    page = context.new_page()
    page.goto(agent.url)
    page.wait_for_selector("body[data-link=up]")
    return page


@pytest.mark.parametrize("size", SIZES)
def test_nothing_moves_or_scrolls_in_any_state_and_language(
    browser: Browser, agent: ScriptedAgent, size: str
) -> None:
    page = open_at(browser, agent, size)
    watched = watch(page)
    first = boxes(page)
    assert set(first) == set(REGIONS)

    # On a wider screen there is only more room: the longest language will do.
    for language in ("de",) if size == "wide" else LANGUAGES:
        choose_language(page, language)
        for scene in SCENES:
            show(page, agent, scene)
            where = f"{scene.name} in {language} at {size}"
            width, height = SIZES[size]
            places, scroll_width, scroll_height, cut, never_cut = page.evaluate(LAID_OUT)
            assert places == first, where
            assert scroll_width <= width, where
            assert scroll_height <= height, where
            assert cut == [], where
            assert never_cut == [], where
    assert watched.faults == []
    page.context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_contrast_is_enough_in_every_state(
    browser: Browser, agent: ScriptedAgent, scheme: str
) -> None:
    # Reduced motion, or an arriving text would be measured half faded in.
    page = open_at(browser, agent, "till", color_scheme=scheme, reduced_motion="reduce")
    for scene in SCENES:
        show(page, agent, scene)
        assert page.evaluate(CONTRAST) == [], f"{scene.name}, {scheme}"
    page.click("#key-in")
    page.wait_for_selector("#keyed[open]")
    assert page.evaluate(CONTRAST) == [], f"typing a number, {scheme}"
    page.context.close()


@pytest.mark.parametrize("size", SIZES)
def test_everything_to_press_is_as_large_as_a_finger(
    browser: Browser, agent: ScriptedAgent, size: str
) -> None:
    page = open_at(browser, agent, size)
    assert page.evaluate(SMALL_TARGETS) == []

    nine_rewards(agent)
    page.wait_for_selector("body[data-state=member]")
    assert page.evaluate(SMALL_TARGETS) == []
    nps_asked(agent)
    page.wait_for_selector("#notice[data-tone=question]")
    assert page.evaluate(SMALL_TARGETS) == []
    page.context.close()


def fits(page: Page, dialog: str, size: str) -> bool:
    """Whether the whole of an open dialog is on the screen."""
    box = page.locator(dialog).bounding_box()
    assert box is not None
    return box["y"] >= 0 and box["y"] + box["height"] <= SIZES[size][1]


@pytest.mark.parametrize("size", SIZES)
def test_every_dialog_fits_and_can_be_pressed_in_every_language(
    browser: Browser, agent: ScriptedAgent, size: str
) -> None:
    page = open_at(browser, agent, size)
    agent.say("member", samples.full_member())
    page.wait_for_selector("body[data-state=member]")
    for language in LANGUAGES:
        choose_language(page, language)
        page.keyboard.press("F2")
        page.wait_for_selector("#keyed[open]")
        assert fits(page, "#keyed", size)
        assert page.evaluate(SMALL_TARGETS) == []
        page.keyboard.press("Escape")
        page.keyboard.press("2")
        page.wait_for_selector("#choose[open]")
        assert fits(page, "#choose", size)
        assert page.evaluate(SMALL_TARGETS) == []
        page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    page.wait_for_selector("body[data-state=waiting]")
    for language in LANGUAGES:
        choose_language(page, language)
        page.keyboard.press("F6")
        page.wait_for_selector(".consent")
        page.keyboard.press("Enter")
        expect(page.locator("#enrol-fault")).not_to_be_empty()
        assert fits(page, "#enrol", size)
        assert page.evaluate(SMALL_TARGETS) == []
        assert page.evaluate(CONTRAST) == []
        page.keyboard.press("Escape")
    page.context.close()


def test_typing_a_number_moves_nothing(page: Page) -> None:
    before = boxes(page)
    page.keyboard.press("F2")
    page.wait_for_selector("#keyed[open]")

    assert boxes(page) == before
    assert scroll_size(page)[1] <= 768


def test_without_motion_wanted_nothing_moves_for_longer_than_a_blink(
    browser: Browser, agent: ScriptedAgent
) -> None:
    page = open_at(browser, agent, "till", reduced_motion="reduce")
    durations = page.evaluate(
        "() => [...document.querySelectorAll('*')].map("
        "(element) => parseFloat(getComputedStyle(element).animationDuration))"
    )

    assert max(durations) <= 0.001
    page.context.close()
