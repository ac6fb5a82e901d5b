from __future__ import annotations

import select
from collections.abc import Iterator
from pathlib import Path

import pytest
from desktops import Desktop, desktop, lacking
from x11.windows import strike

from transcriber.dictation import hot_key, portal
from transcriber.dictation.hot_key import grab
from transcriber.errors import DesktopError, UsageError
from transcriber.x11.connection import connect

CTRL, ALT = 0xFFE3, 0xFFE9


@pytest.fixture
def x_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Desktop]:
    if reason := lacking("Xvfb"):
        pytest.skip(reason)
    for name in ("WAYLAND_DISPLAY", "XAUTHORITY"):
        monkeypatch.delenv(name, raising=False)
    with desktop() as session:
        monkeypatch.setenv("DISPLAY", session.start_x_server())
        yield session


def test_on_x_the_key_is_told_when_it_is_pressed(x_server: Desktop) -> None:
    with connect() as user:
        key = grab("Ctrl+Alt+Q")
        strike(user, CTRL, ALT, ord("q"), release=False)
        assert select.select([key], [], [], 5.0)[0]
        assert list(key.events()) == ["pressed"]
        strike(user, CTRL, ALT, ord("q"))
        assert select.select([key], [], [], 5.0)[0]
        assert list(key.events()) == ["released"]
        before = list(Path("/proc/self/fd").iterdir())
        with pytest.raises(DesktopError, match="another program has it") as told:
            grab("Ctrl+Alt+Q")
        assert len(list(Path("/proc/self/fd").iterdir())) == len(before)
        assert told.value.remedy == "choose another one"
        key.close()
        grab("Ctrl+Alt+Q").close()


def test_a_key_that_is_none_is_told_before_anything_is_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-0")
    with pytest.raises(UsageError, match="no key 'foo'"):
        grab("Ctrl+Foo")


def test_on_wayland_the_portal_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = list[str]()

    def bind(keys: str, description: str) -> str:
        asked.extend((keys, description))
        return "the portal's"

    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-0")
    monkeypatch.setattr(portal, "bind", bind)
    assert str(grab("Ctrl+Alt+Q")) == "the portal's"
    assert asked == ["Ctrl+Alt+Q", "Start and stop dictation"]


def test_without_a_desktop_it_is_told_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("WAYLAND_DISPLAY", "DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(DesktopError, match="start the program in the desktop's own session"):
        hot_key.grab("F9")
