from __future__ import annotations

import select
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from jeepney import DBusAddress, HeaderFields, new_signal
from jeepney.io.blocking import open_dbus_connection

from dictation.bus_of_the_test import bus, needs_bus
from dictation.portal_stand_in import PATH, PORTAL, PortalStandIn
from transcriber.dictation import portal, portal_requests
from transcriber.dictation.bus import Bus
from transcriber.dictation.desktop_entry import APPLICATION, entry_text
from transcriber.dictation.portal import REMEDY, PortalKey, bind, trigger
from transcriber.errors import DesktopError, UsageError

__all__ = ["bus"]

pytestmark = needs_bus

Start = Callable[..., PortalStandIn]


@pytest.fixture
def start(bus: str) -> Iterator[Start]:
    started = []

    def start(**options: Any) -> PortalStandIn:
        started.append(PortalStandIn(bus, **options))
        return started[-1]

    yield start
    for one in started:
        one.end()


@pytest.fixture
def keys() -> Iterator[list[PortalKey]]:
    bound: list[PortalKey] = []
    yield bound
    for one in bound:
        one.close()


def events(key: PortalKey, seconds: float = 10) -> list[str]:
    """Return what came with the next thing that came."""
    readable, _, _ = select.select([key], [], [], seconds)
    return list(key.events()) if readable else []


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ("Ctrl+Alt+Q", "CTRL+ALT+q"),
        ("super + control+Space", "CTRL+LOGO+space"),
        ("f9", "F9"),
        ("Shift+PageDown", "SHIFT+Page_Down"),
        ("Pause", "Pause"),
        ("Alt+Enter", "ALT+Return"),
        ("Ctrl+5", "CTRL+5"),
        ("Ctrl+;", "CTRL+U003B"),
        ("Alt+ö", "ALT+U00F6"),
    ],
)
def test_keys_are_written_as_the_specification_has_it(keys: str, expected: str) -> None:
    assert trigger(keys) == expected


def test_a_key_that_is_none_is_refused_before_the_desktop_is_asked() -> None:
    with pytest.raises(UsageError, match="Hyper"):
        bind("Hyper+Q", "Dictate")


def test_the_desktop_is_asked_for_the_key_and_tells_of_it(
    start: Start, keys: list[PortalKey], tmp_path: Path
) -> None:
    desktop = start()
    key = bind("Ctrl+Alt+Q", "Start or stop dictating")
    keys.append(key)
    # An older portal needs no desktop entry.
    assert not any(tmp_path.iterdir())
    [(name, about)] = desktop.bound
    assert name == "dictate"
    assert about["description"] == ("s", "Start or stop dictating")
    assert about["preferred_trigger"] == ("s", "CTRL+ALT+q")
    assert key.shown == "Ctrl+Alt+Q"
    assert events(key, 0) == []
    desktop.press()
    assert events(key) == ["pressed"]
    desktop.release()
    assert events(key) == ["released"]


def test_a_key_that_is_held_is_pressed_once(
    start: Start, keys: list[PortalKey], monkeypatch: pytest.MonkeyPatch
) -> None:
    desktop = start()
    keys.append(bind("F9", "Dictate"))
    [key] = keys
    clock = [100.0]
    monkeypatch.setattr(portal, "time", SimpleNamespace(monotonic=lambda: clock[0]))
    desktop.press()
    assert events(key) == ["pressed"]
    for _ in range(3):
        clock[0] += 0.5
        desktop.press()
        assert events(key) == []
    # A desktop that never says when it is released.
    clock[0] += 1
    desktop.press()
    assert events(key) == ["pressed"]
    # Two quick presses where it does.
    desktop.release()
    desktop.press()
    assert [*events(key), *events(key, 0.5)] == ["released", "pressed"]


def test_other_sessions_and_other_keys_do_not_count(start: Start, keys: list[PortalKey]) -> None:
    desktop = start()
    keys.append(bind("F9", "Dictate"))
    desktop.press(shortcut="other")
    desktop.press(session=f"{PATH}/session/1_1/other")
    desktop.release()
    assert [*events(keys[0]), *events(keys[0], 0.5)] == ["released"]


def test_only_the_portal_presses_the_key(start: Start, keys: list[PortalKey], bus: str) -> None:
    desktop = start()
    keys.append(bind("F9", "Dictate"))
    stranger = open_dbus_connection(bus)
    emitter = DBusAddress(PATH, interface=f"{PORTAL}GlobalShortcuts")
    forged = new_signal(emitter, "Activated", "osta{sv}", (desktop.session, "dictate", 1, {}))
    forged.header.fields[HeaderFields.destination] = desktop.client
    stranger.send(forged)
    assert events(keys[0], 2) == []
    stranger.close()


def test_a_newer_portal_is_told_which_program_asks(
    start: Start, keys: list[PortalKey], tmp_path: Path
) -> None:
    entries = tmp_path / "applications"
    desktop = start(entries=entries)
    keys.append(bind("F9", "Dictate"))
    assert desktop.application == APPLICATION
    # GNOME takes no other.
    assert "." in APPLICATION
    assert [path.name for path in entries.iterdir()] == [f"{APPLICATION}.desktop"]
    assert "NoDisplay=true" in (entries / f"{APPLICATION}.desktop").read_text()
    # The next time it is known.
    desktop.end()
    again = start(entries=entries)
    keys.append(bind("F9", "Dictate"))
    assert len(again.named("Register")) == 1


def test_an_entry_of_a_program_that_has_moved_is_written_anew(
    start: Start, keys: list[PortalKey], tmp_path: Path
) -> None:
    entry = tmp_path / "applications" / f"{APPLICATION}.desktop"
    entry.parent.mkdir()
    entry.write_text(entry_text(["/gone/transcriber.AppImage"]))
    start(entries=entry.parent)
    keys.append(bind("F9", "Dictate"))
    assert "/gone/" not in entry.read_text()


def test_without_an_entry_the_desktop_says_why(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hurried = SimpleNamespace(sleep=lambda seconds: None, monotonic=time.monotonic)
    monkeypatch.setattr(portal_requests, "time", hurried)
    start(entries=tmp_path / "elsewhere")
    with pytest.raises(DesktopError, match="An app id is required") as caught:
        bind("F9", "Dictate")
    assert caught.value.remedy == REMEDY


def test_a_desktop_that_does_not_name_the_key(start: Start, keys: list[PortalKey]) -> None:
    desktop = start(shown=None)
    keys.append(bind("F9", "Dictate"))
    assert keys[0].shown == ""
    desktop.press()
    assert events(keys[0]) == ["pressed"]


@pytest.mark.parametrize("method", ["CreateSession", "BindShortcuts"])
@pytest.mark.parametrize(("code", "reason"), [(1, "declined"), (2, "refuses")])
def test_a_refusal_is_one_line_with_a_remedy(
    start: Start, method: str, code: int, reason: str
) -> None:
    start(codes={method: code})
    with pytest.raises(DesktopError, match=f"^no global key: .*{reason}") as caught:
        bind("F9", "Dictate")
    assert caught.value.remedy == REMEDY


def test_nobody_answers_the_question(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(portal_requests, "_PATIENCE", 0.3)
    start(silent=("BindShortcuts",))
    with pytest.raises(DesktopError, match="nobody answered"):
        bind("F9", "Dictate")


def test_a_portal_that_ends_while_it_is_asked(start: Start) -> None:
    desktop = start(silent=("BindShortcuts",))

    def leave() -> None:
        desktop.await_call("BindShortcuts")
        desktop.end()

    threading.Thread(target=leave).start()
    with pytest.raises(DesktopError, match="portal has ended") as caught:
        bind("F9", "Dictate")
    assert caught.value.remedy == REMEDY


def test_a_portal_that_starts_when_it_is_asked(
    start: Start, keys: list[PortalKey], monkeypatch: pytest.MonkeyPatch
) -> None:
    watch = Bus.watch

    def watch_and_start(bus: Bus, rule: str) -> None:
        watch(bus, rule)
        if "NameOwnerChanged" in rule:
            start()

    monkeypatch.setattr(Bus, "watch", watch_and_start)
    keys.append(bind("F9", "Dictate"))
    assert events(keys[0], 0) == []


def test_a_portal_that_ends_later(start: Start, keys: list[PortalKey]) -> None:
    desktop = start()
    keys.append(bind("F9", "Dictate"))
    desktop.end()
    with pytest.raises(DesktopError, match="portal has ended"):
        events(keys[0])


def test_a_session_that_the_desktop_closes(start: Start, keys: list[PortalKey]) -> None:
    desktop = start()
    keys.append(bind("F9", "Dictate"))
    desktop.close_session()
    with pytest.raises(DesktopError, match="taken it back"):
        events(keys[0])


def test_no_portal(bus: str) -> None:
    with pytest.raises(DesktopError, match=r"^no global key: ") as caught:
        bind("F9", "Dictate")
    assert caught.value.remedy == REMEDY


@pytest.mark.parametrize("address", ["", "unix:path=/nowhere/bus", "no address", "tcp:host=a"])
def test_no_bus(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", address)
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    with pytest.raises(DesktopError, match="no message bus of a desktop answers") as caught:
        bind("F9", "Dictate")
    assert caught.value.remedy == REMEDY
    assert len(str(caught.value).splitlines()) == 1


def test_the_bus_in_the_folder_of_sockets(
    start: Start, bus: str, keys: list[PortalKey], monkeypatch: pytest.MonkeyPatch
) -> None:
    start()
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS")
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(Path(bus.partition("=")[2]).parent))
    keys.append(bind("F9", "Dictate"))
    assert keys[0].shown
