"""Enrolling this terminal: by the command, on store IT's page, or by scanning the code's QR symbol."""

import re
from collections.abc import Callable

from edge_agent.durable import make_folder
from edge_agent.errors import CentralAway, Refused
from edge_agent.settings import Settings
from sync.client import Timeouts
from sync.errors import CentralError, EnrolmentRefused, IdentityUnusable
from sync.identity import ENROL_TIMEOUTS, Identity, save_identity, try_to_save
from sync.identity import enrol as ask_central
from sync.link import LinkState
from sync.wire import CODE_PATTERN

PAGE_TIMEOUTS = Timeouts(connect_s=2.0, read_s=4.0, total_s=6.0)
"""Below the 8 s that the page waits for an answer."""

_MAY_ENROL = (LinkState.NOT_ENROLLED, LinkState.REFUSED)


def enrol_terminal(settings: Settings, code: str, timeouts: Timeouts = ENROL_TIMEOUTS) -> Identity:
    """Exchange a one-time code for this terminal's identity, and keep it.

    Raises Refused where no central is configured, and where it cannot be kept, which is tried before central is asked:
    a code is good once. CentralError; OSError where it could be kept then and cannot be now.
    """
    central, terminal = settings.central, settings.terminal
    if central is None:
        raise Refused("the configuration has no [central] table with its url")
    _check_place(settings)
    identity = ask_central(
        central.url, code, terminal.store, terminal.till, central.ca_file, timeouts
    )
    save_identity(settings.identity_file, identity)
    return identity


def _check_place(settings: Settings) -> None:
    """Make the folder of the identity; raises Refused with what to do where it cannot be kept there."""
    place = settings.identity_file
    if settings.sealed_identity is not None:
        raise Refused(
            f"this terminal's identity is a systemd credential ({place}), which only systemd writes; the code was not "
            'used. "The identity sealed to the machine" in docs/install.md says how it is replaced'
        )
    try:
        make_folder(place.parent)
        try_to_save(place)
    except OSError as error:
        raise Refused(
            f"the identity cannot be kept as {place}: {error.strerror}; the code was not used. Enrol with it once the "
            "agent's user can write there"
        ) from error


class Enrolling:
    """Enrols a running agent. `state` says how the line stands, `enrolled` is called once there is an identity."""

    def __init__(
        self, settings: Settings, state: Callable[[], LinkState], enrolled: Callable[[], None]
    ) -> None:
        self._settings = settings
        self._state = state
        self._enrolled = enrolled

    def enrol(self, code: str) -> str:
        """Enrol with a code as it was typed; returns the terminal. Raises Refused or CentralAway.

        Not while the line is well: a working till is not to lose its identity by a slip of the hand.
        """
        if self._state() not in _MAY_ENROL:
            raise Refused("this terminal is enrolled already")
        try:
            identity = enrol_terminal(self._settings, code, PAGE_TIMEOUTS)
        except (EnrolmentRefused, IdentityUnusable) as error:
            raise Refused(error.detail) from error
        except CentralError as error:
            raise CentralAway(error.detail) from error
        except OSError as error:
            raise Refused(f"the identity cannot be kept: {error.strerror}") from error
        self._enrolled()
        return identity.terminal

    def takes(self, scanned: str) -> bool:
        """Whether a scan was an enrolment code, and this terminal waits for one; it is then used."""
        if self._state() not in _MAY_ENROL or not re.fullmatch(CODE_PATTERN, scanned):
            return False
        try:
            self.enrol(scanned)
        except (Refused, CentralAway):
            return False  # then it is a scan like any other, which the page shows as not known
        return True
