"""Keys as a hand or a scanner presses them, with their own times however slow this machine is."""

import time
from typing import Final

from playwright.sync_api import Page

SCANNER_GAP_S: Final = 0.004
HAND_GAP_S: Final = 0.12

VIRTUAL_KEYS: Final = {"Tab": 9, "Enter": 13, "Escape": 27}
"""Without them the browser hands the key to the page but does not act on it itself."""


def press_keys(page: Page, text: str, gap_s: float, end: str = "Enter") -> None:
    """Press the keys of `text` and then `end`, each `gap_s` after the one before."""
    devtools = page.context.new_cdp_session(page)
    at = time.time()
    for key in [*text, end]:
        at += gap_s
        typed = {"Enter": "\r"}.get(key, key if len(key) == 1 else "")
        event = {"key": key, "code": key if len(key) > 1 else "", "timestamp": at}
        if key in VIRTUAL_KEYS:
            event["windowsVirtualKeyCode"] = VIRTUAL_KEYS[key]
        kind = "keyDown" if typed else "rawKeyDown"
        devtools.send("Input.dispatchKeyEvent", {"type": kind, "text": typed, **event})
        devtools.send("Input.dispatchKeyEvent", {"type": "keyUp", **event})
    devtools.detach()


def scan_as_keyboard(page: Page, text: str, end: str = "Enter") -> None:
    press_keys(page, text, SCANNER_GAP_S, end)


def type_by_hand(page: Page, text: str, end: str = "Enter") -> None:
    press_keys(page, text, HAND_GAP_S, end)
