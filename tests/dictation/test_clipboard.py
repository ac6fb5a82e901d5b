from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from desktops import Desktop, desktop, lacking

from transcriber.dictation.clipboard import copy
from transcriber.errors import DesktopError

TEXT = "Grüße, 5 €\nzweite Zeile"
LONG = "Größe €uro " * 90_000

VARIABLES = ("DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY")


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> Iterator[Desktop]:
    """Return a session in which nothing runs yet; `enter` makes it this process's."""
    with desktop() as found:
        yield found


def enter(session: Desktop, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*VARIABLES, "PATH", "XDG_RUNTIME_DIR"):
        monkeypatch.delenv(name, raising=False)
        if name in session.environment:
            monkeypatch.setenv(name, session.environment[name])


def said(session: Desktop, *command: str) -> str:
    done = subprocess.run(
        [session.folder / "bin" / command[0], *command[1:]],
        env=session.environment,
        capture_output=True,
        timeout=20,
        check=False,
    )
    return (done.stdout or done.stderr).decode()


def stand_in(session: Desktop, name: str, script: str) -> Path:
    """Put a program into the session that writes its words and its input to a file."""
    told = session.folder / f"{name}.told"
    program = session.folder / "bin" / name
    program.write_text(
        f"#!{sys.executable}\nimport sys\nwords, text = sys.argv[1:], sys.stdin.read()\n"
        f"with open({str(told)!r}, 'a') as file: file.write(' '.join(words) + '|' + text + '/')\n"
        f"{script}\n"
    )
    program.chmod(0o755)
    return told


@pytest.mark.skipif(bool(lacking("Xvfb", "xclip")), reason=lacking("Xvfb", "xclip"))
def test_on_x_the_text_stays_when_the_program_ends(
    session: Desktop, monkeypatch: pytest.MonkeyPatch
) -> None:
    session.start_x_server()
    session.offer("xclip")
    enter(session, monkeypatch)
    script = (
        "from transcriber.dictation.clipboard import copy; import sys;"
        "print(copy(sys.argv[1], secret=True, middle_button=True))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, TEXT], capture_output=True, text=True, check=True
    )
    assert (done.stdout, done.stderr) == ("X11 selection\n", "")
    assert said(session, "xclip", "-o", "-selection", "clipboard") == TEXT
    assert said(session, "xclip", "-o", "-selection", "primary") == TEXT
    hint = ("-t", "x-kde-passwordManagerHint")
    assert said(session, "xclip", "-o", "-selection", "clipboard", *hint) == "secret"
    assert copy("second", secret=False) == "X11 selection"
    assert said(session, "xclip", "-o", "-selection", "clipboard") == "second"
    assert said(session, "xclip", "-o", "-selection", "primary") == TEXT


@pytest.mark.skipif(bool(lacking("sway", "wl-copy")), reason=lacking("sway", "wl-copy"))
def test_on_wayland_another_program_reads_what_was_copied(
    session: Desktop, monkeypatch: pytest.MonkeyPatch
) -> None:
    session.start_wayland()
    session.offer("wl-copy", "wl-paste")
    enter(session, monkeypatch)
    # Debian's wl-copy knows no mark for secrets yet.
    for text, secret in ((TEXT, True), (LONG, False)):
        assert copy(text, secret=secret) == "wl-copy"
        assert said(session, "wl-paste", "--no-newline") == text
    types = said(session, "wl-paste", "--list-types").split()
    assert {"text/plain;charset=utf-8", "UTF8_STRING", "text/plain"} <= set(types)
    copy("middle", secret=False, middle_button=True)
    assert said(session, "wl-paste", "--no-newline", "--primary") == "middle"


def test_on_wayland_a_secret_is_marked_where_wl_copy_can(
    session: Desktop, monkeypatch: pytest.MonkeyPatch
) -> None:
    session.environment["WAYLAND_DISPLAY"] = "wayland-0"
    told = stand_in(session, "wl-copy", "sys.exit(0)")
    enter(session, monkeypatch)
    copy("a", secret=True)
    copy("b", secret=False)
    kind = "--type text/plain;charset=utf-8"
    assert told.read_text() == f"{kind} --sensitive|a/{kind}|b/"
    told = stand_in(session, "wl-copy", "sys.exit('--sensitive' in words)")
    told.unlink()
    copy("c", secret=True)
    assert told.read_text() == f"{kind} --sensitive|c/{kind}|c/"


def test_on_wayland_what_fails_is_told(session: Desktop, monkeypatch: pytest.MonkeyPatch) -> None:
    session.environment["WAYLAND_DISPLAY"] = "wayland-0"
    enter(session, monkeypatch)
    with pytest.raises(
        DesktopError, match=r"no wl-copy.*install your system's package wl-clipboar"
    ):
        copy(TEXT, secret=True)
    stand_in(session, "wl-copy", "sys.exit(7)")
    with pytest.raises(DesktopError, match="wl-copy does not copy: exit code 7: is WAYLAND"):
        copy(TEXT, secret=True)


def test_without_a_desktop_it_is_told_what_to_do(
    session: Desktop, monkeypatch: pytest.MonkeyPatch
) -> None:
    enter(session, monkeypatch)
    with pytest.raises(DesktopError, match=r"no desktop here: .*start the program in the desktop"):
        copy(TEXT, secret=False)


def test_where_we_are_not_let_in_a_tool_may_be(
    session: Desktop, monkeypatch: pytest.MonkeyPatch
) -> None:
    session.environment["DISPLAY"] = ":64999"
    enter(session, monkeypatch)
    with pytest.raises(DesktopError, match="no X server answers at :64999"):
        copy(TEXT, secret=False)
    stand_in(session, "xclip", "sys.exit(1)")
    told = stand_in(session, "xsel", "")
    assert copy("a", secret=False, middle_button=True) == "xsel"
    assert told.read_text() == "--input --clipboard|a/--input --primary|a/"
    # It stays, to keep the text, and is not waited for.
    stays = "import subprocess; subprocess.Popen(['/bin/sleep', '5'])"
    told = stand_in(session, "xclip", stays)
    told.unlink()
    begin = time.monotonic()
    assert copy("b", secret=False) == "xclip"
    assert time.monotonic() - begin < 4
    assert told.read_text() == "-selection clipboard|b/"
