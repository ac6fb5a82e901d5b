from __future__ import annotations

import sys
import threading
from collections.abc import Iterator, Sequence

import pytest
from desktops import Desktop, desktop, lacking
from x11.windows import Window

from transcriber.dictation import remote_desktop
from transcriber.dictation.pasting import paste
from transcriber.errors import DesktopError

TEXT = "Grüße, 5 €\nzweite Zeile"

OLD_YDOTOOL = "Usage: key [--delay <ms>] <key sequence> [<key sequence> ...]"
NEW_YDOTOOL = "Usage: key [OPTION]... [KEYCODES]..."


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> Iterator[Desktop]:
    """Return a session in which nothing runs yet, and whose portal, if any, gives no keys."""

    def press(symbols: Sequence[int]) -> None:
        raise DesktopError("refused")

    monkeypatch.setattr(remote_desktop, "press", press)
    with desktop() as found:
        yield found


def enter(session: Desktop, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY", "PATH", "XDG_RUNTIME_DIR"):
        monkeypatch.delenv(name, raising=False)
        if name in session.environment:
            monkeypatch.setenv(name, session.environment[name])


def stand_in(session: Desktop, name: str, script: str) -> None:
    program = session.folder / "bin" / name
    program.write_text(f"#!{sys.executable}\nimport sys\nwords = sys.argv[1:]\n{script}\n")
    program.chmod(0o755)


def notes(session: Desktop) -> str:
    """Return a statement that writes a stand-in's words down."""
    return f"open({str(session.folder / 'told')!r}, 'w').write(' '.join(words))"


@pytest.mark.skipif(bool(lacking("Xvfb")), reason=lacking("Xvfb"))
@pytest.mark.parametrize("terminal", [False, True])
def test_on_x_the_window_with_the_focus_gets_the_text(
    session: Desktop, monkeypatch: pytest.MonkeyPatch, terminal: bool
) -> None:
    session.start_x_server()
    enter(session, monkeypatch)
    got = list[str]()
    with Window() as window:
        thread = threading.Thread(target=lambda: got.append(window.pasted()))
        thread.start()
        assert paste(TEXT, terminal=terminal) == "XTEST"
        thread.join()
    assert got == [TEXT]


@pytest.mark.skipif(bool(lacking("sway", "wl-copy", "wtype")), reason="no sway, wl-copy or wtype")
def test_on_wayland_wtype_presses_the_keys(
    session: Desktop, monkeypatch: pytest.MonkeyPatch
) -> None:
    session.start_wayland()
    session.offer("wl-copy", "wl-paste", "wtype")
    enter(session, monkeypatch)
    for terminal in (False, True):
        assert paste(TEXT, terminal=terminal) == "wtype"


@pytest.mark.parametrize(
    ("told", "terminal", "keys"),
    [
        (OLD_YDOTOOL, False, "key ctrl+v"),
        (OLD_YDOTOOL, True, "key shift+insert"),
        (NEW_YDOTOOL, False, "key 29:1 47:1 47:0 29:0"),
        (NEW_YDOTOOL, True, "key 42:1 110:1 110:0 42:0"),
    ],
)
def test_each_ydotool_is_told_the_keys_as_it_knows_them(
    session: Desktop, monkeypatch: pytest.MonkeyPatch, told: str, terminal: bool, keys: str
) -> None:
    session.environment["WAYLAND_DISPLAY"] = "wayland-0"
    stand_in(session, "wl-copy", "")
    # As it is where the compositor does not let programs press keys.
    stand_in(session, "wtype", "sys.exit('Compositor does not support the protocol')")
    script = f"if '--help' in words: sys.exit({told!r})"
    stand_in(session, "ydotool", f"{script}\n{notes(session)}")
    enter(session, monkeypatch)
    assert paste(TEXT, terminal=terminal) == "ydotool"
    assert (session.folder / "told").read_text() == keys


@pytest.mark.parametrize(("terminal", "keys"), [(False, (0xFFE3, 0x76)), (True, (0xFFE1, 0xFF63))])
def test_the_portal_presses_the_keys_where_wtype_may_not(
    session: Desktop, monkeypatch: pytest.MonkeyPatch, terminal: bool, keys: tuple[int, int]
) -> None:
    pressed = list[Sequence[int]]()
    monkeypatch.setattr(remote_desktop, "press", pressed.append)
    session.environment["WAYLAND_DISPLAY"] = "wayland-0"
    stand_in(session, "wl-copy", "")
    stand_in(session, "wtype", "sys.exit('Compositor does not support the protocol')")
    stand_in(session, "ydotool", notes(session))
    enter(session, monkeypatch)
    assert paste(TEXT, terminal=terminal) == "the desktop's portal"
    assert pressed == [keys]
    assert not (session.folder / "told").exists()


def test_what_nobody_can_paste_is_in_the_clipboard(
    session: Desktop, monkeypatch: pytest.MonkeyPatch
) -> None:
    session.environment["WAYLAND_DISPLAY"] = "wayland-0"
    stand_in(session, "wl-copy", notes(session))
    enter(session, monkeypatch)
    with pytest.raises(DesktopError) as told:
        paste(TEXT)
    assert (session.folder / "told").exists()
    absent = "it is not installed"
    assert str(told.value) == (
        f"the keys to paste cannot be pressed (wtype: {absent}; the desktop's portal: refused; "
        f"ydotool: {absent}): paste by hand: the text is in the clipboard"
    )
    stand_in(session, "wtype", "sys.exit('Trying.\\nCompositor does not support it')")
    stand_in(session, "ydotool", "sys.exit(3)")
    with pytest.raises(DesktopError, match=r"\(wtype: Compositor does.*; ydotool: exit code 3\)"):
        paste(TEXT)
