from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from dictation.bus_of_the_test import bus, needs_bus
from dictation.portal_stand_in import PortalStandIn
from transcriber.dictation import remote_desktop
from transcriber.errors import DesktopError

__all__ = ["bus"]

pytestmark = needs_bus

CONTROL, V = 0xFFE3, ord("v")


@pytest.fixture
def desktop(bus: str) -> Iterator[PortalStandIn]:
    stand_in = PortalStandIn(bus)
    yield stand_in
    remote_desktop.forget()
    stand_in.end()


def pressed(desktop: PortalStandIn, count: int) -> list[tuple[int, int]]:
    desktop.await_call("NotifyKeyboardKeysym", count)
    return [(symbol, state) for _, _, symbol, state in desktop.named("NotifyKeyboardKeysym")]


def test_keys_are_pressed_together_and_let_go(desktop: PortalStandIn) -> None:
    remote_desktop.press((CONTROL, V))
    assert pressed(desktop, 4) == [(CONTROL, 1), (V, 1), (V, 0), (CONTROL, 0)]


def test_a_process_asks_for_the_keyboard_once(desktop: PortalStandIn) -> None:
    remote_desktop.prepare()
    remote_desktop.press((CONTROL, V))
    remote_desktop.press((CONTROL, V))
    assert len(desktop.named("Start")) == 1
    assert len(pressed(desktop, 8)) == 8


def test_the_user_is_asked_once_in_all(desktop: PortalStandIn, tmp_path: Path) -> None:
    asked = []
    for _ in range(3):
        remote_desktop.press((V,))
        asked.append(desktop.asked)
        remote_desktop.forget()
    assert asked == [True, False, False]
    [token] = (tmp_path / "whisper-transcriber").iterdir()
    assert token.stat().st_mode & 0o777 == 0o600


def test_a_session_that_the_user_has_ended_is_opened_again(desktop: PortalStandIn) -> None:
    remote_desktop.press((V,))
    desktop.session = "/another"
    remote_desktop.press((V,))
    assert len(desktop.named("Start")) == 2
    assert pressed(desktop, 5)[-1] == (V, 0)


@pytest.mark.parametrize("method", ["CreateSession", "SelectDevices", "Start"])
def test_a_refusal_is_one_line_with_a_remedy(bus: str, method: str) -> None:
    desktop = PortalStandIn(bus, codes={method: 1})
    with pytest.raises(DesktopError, match="declined") as caught:
        remote_desktop.press((V,))
    assert "clipboard" in caught.value.remedy
    assert not desktop.named("NotifyKeyboardKeysym")
    desktop.end()


def test_a_desktop_that_gives_the_mouse_only(desktop: PortalStandIn) -> None:
    desktop.devices = 2
    with pytest.raises(DesktopError, match="gives no keys"):
        remote_desktop.prepare()


def test_no_portal(bus: str) -> None:
    with pytest.raises(DesktopError, match=r"^no keyboard to paste with: "):
        remote_desktop.prepare()


def test_a_home_that_cannot_be_written_to(
    desktop: PortalStandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "file"))
    remote_desktop.press((V,))
    assert pressed(desktop, 2)
