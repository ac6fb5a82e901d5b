"""Keys pressed by the portal RemoteDesktop: on GNOME and KDE, where wtype may not.

The user is asked once. What the desktop gives for the next time is kept, and good for that once.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence

from transcriber.dictation.portal_requests import Portal
from transcriber.errors import DesktopError
from transcriber.paths import program_data

_KEYBOARD = 1

_UNTIL_REVOKED = 2


class RemoteKeyboard:
    """A keyboard that the user has let this program have; the first time, the desktop asks.

    Raises
    ------
    DesktopError
        When the desktop has no such portal, or it or the user refuses.
    """

    def __init__(self) -> None:
        remedy = "allow it when the desktop asks, or paste by hand: the text is in the clipboard"
        self._portal = Portal("RemoteDesktop", "keyboard to paste with", remedy)
        try:
            self._session = self._portal.new_session()
            wanted: dict[str, tuple[str, object]] = {
                "types": ("u", _KEYBOARD),
                "persist_mode": ("u", _UNTIL_REVOKED),
            }
            if token := _kept_token():
                wanted["restore_token"] = ("s", token)
            self._portal.request("SelectDevices", "o", self._session, **wanted)
            results = self._portal.request("Start", "os", self._session, "")
            if not results.get("devices", ("u", 0))[1] & _KEYBOARD:
                raise self._portal.error("the desktop gives no keys")
        except BaseException:
            self.close()
            raise
        _keep_token(results.get("restore_token", ("s", ""))[1])

    def press(self, symbols: Sequence[int]) -> None:
        """Press keys together, given by X's symbols, and let them go.

        Raises
        ------
        DesktopError
            When the desktop does not let it any more.
        """
        for pressed, order in ((1, symbols), (0, symbols[::-1])):
            for symbol in order:
                where = (self._session, dict[str, object]())
                self._portal.call("NotifyKeyboardKeysym", "oa{sv}iu", *where, symbol, pressed)

    def close(self) -> None:
        """Give the keyboard back."""
        self._portal.bus.close()


_opened: list[RemoteKeyboard] = []
"""The one of this process: to open it takes a question, or a notice on the screen."""


def prepare() -> None:
    """Ask for the keyboard now, so that `press` need not.

    Raises
    ------
    DesktopError
        As `RemoteKeyboard`.
    """
    if not _opened:
        _opened.append(RemoteKeyboard())


def press(symbols: Sequence[int]) -> None:
    """Press keys together, given by X's symbols, and let them go; ask for them where need be.

    Raises
    ------
    DesktopError
        As `RemoteKeyboard`.
    """
    if _opened:
        # The portal may have ended meanwhile, or the user the session: then ask again.
        with contextlib.suppress(DesktopError):
            return _opened[0].press(symbols)
        forget()
    prepare()
    return _opened[0].press(symbols)


def forget() -> None:
    """Give the keyboard back, if there is one."""
    while _opened:
        _opened.pop().close()


def _kept_token() -> str:
    with contextlib.suppress(OSError, UnicodeDecodeError):
        return (program_data() / "keyboard-token").read_text()
    return ""


def _keep_token(token: str) -> None:
    """Keep what spares the question next time; whoever reads it could press keys, too."""
    path = program_data() / "keyboard-token"
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        begun = path.with_suffix(".new")
        begun.unlink(missing_ok=True)
        with os.fdopen(os.open(begun, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as stream:
            stream.write(token)
        begun.replace(path)
