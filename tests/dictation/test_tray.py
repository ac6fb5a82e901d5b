from __future__ import annotations

import select
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from desktops import desktop
from jeepney import (
    DBusAddress,
    HeaderFields,
    MatchRule,
    Message,
    Properties,
    new_error,
    new_method_call,
    new_method_return,
)
from jeepney.bus_messages import message_bus
from jeepney.io.blocking import DBusConnection, open_dbus_connection

from dictation.bus_of_the_test import answering_bus, bus, needs_bus
from dictation.portal_stand_in import StandIn
from transcriber.dictation.tray import Tray, disc
from transcriber.errors import DesktopError

__all__ = ["bus"]

pytestmark = needs_bus

ITEM = "org.kde.StatusNotifierItem"


class Watcher(StandIn):
    """Takes the icons of programs, for a panel."""

    name_on_bus = "org.kde.StatusNotifierWatcher"

    def __init__(self, address: str) -> None:
        super().__init__(address)
        self.start()

    def answers(self, message: Message) -> list[Message]:
        known = message.header.fields[HeaderFields.member] == "RegisterStatusNotifierItem"
        return [new_method_return(message) if known else new_error(message, "a.b")]

    def icon(self, count: int = 1) -> DBusAddress:
        [name] = self.await_call("RegisterStatusNotifierItem", count)
        return DBusAddress("/StatusNotifierItem", bus_name=name, interface=ITEM)


class Panel:
    """What shows icons: it asks them, and clicks on them."""

    def __init__(self, address: str) -> None:
        self.link: DBusConnection = open_dbus_connection(address)

    def ask(self, tray: Tray, message: Message) -> tuple[Any, list[str]]:
        """Return an answer of the icon, and its events meanwhile."""
        answers: list[Message] = []
        asking = threading.Thread(
            target=lambda: answers.append(self.link.send_and_get_reply(message, timeout=10))
        )
        asking.start()
        events = list[str]()
        while not answers:
            if select.select([tray], [], [], 0.05)[0]:
                events += tray.events()
        asking.join()
        return answers[0].body, events

    def looks(self, tray: Tray, icon: DBusAddress) -> dict[str, Any]:
        [properties], _ = self.ask(tray, Properties(icon).get_all())
        return {name: value for name, (_, value) in properties.items()}


@pytest.fixture
def tray(bus: str) -> Iterator[Tray]:
    tray = Tray()
    yield tray
    tray.close()


@pytest.fixture
def watcher(bus: str) -> Iterator[Watcher]:
    watcher = Watcher(bus)
    yield watcher
    watcher.end()


@pytest.fixture
def panel(bus: str) -> Iterator[Panel]:
    panel = Panel(bus)
    yield panel
    panel.link.close()


def test_the_icon_shows_what_dictation_does(watcher: Watcher, tray: Tray, panel: Panel) -> None:
    icon = watcher.icon()
    looks = {}
    for state in ("idle", "recording", "working"):
        tray.show(state)
        looks[state] = panel.looks(tray, icon)
    colours = {
        state: one["IconPixmap"][0][2][16 * 32 * 4 + 64 :][:4] for state, one in looks.items()
    }
    opaque, red, green, blue = colours["recording"]
    assert opaque == 255 and red > 2 * max(green, blue)
    assert colours["idle"][2] > max(colours["idle"][1], colours["idle"][3])
    assert len({*colours.values()}) == 3
    assert len({one["ToolTip"][3] for one in looks.values()}) == 3
    first = looks["idle"]
    assert (first["Id"], first["Status"]) == ("whisper-transcriber", "Active")
    # By these a panel knows that a click is to be told, and that there is no menu.
    assert (first["ItemIsMenu"], first["Menu"]) == (False, "/NO_DBUSMENU")


def test_the_panel_is_told_of_a_new_state(
    watcher: Watcher, tray: Tray, panel: Panel, bus: str
) -> None:
    icon = watcher.icon()
    panel.link.send_and_get_reply(message_bus.AddMatch(MatchRule(interface=ITEM)), timeout=10)
    tray.show("recording")
    seen = {panel.link.receive(timeout=10).header.fields[HeaderFields.member] for _ in range(2)}
    assert seen == {"NewIcon", "NewToolTip"}
    [[kind, pixels]], _ = panel.ask(tray, Properties(icon).get("ToolTip"))
    assert (kind, "stop" in pixels[3]) == ("(sa(iiay)ss)", True)


def test_a_click_is_an_event(watcher: Watcher, tray: Tray, panel: Panel) -> None:
    icon = watcher.icon()
    body, events = panel.ask(tray, new_method_call(icon, "Activate", "ii", (3, 4)))
    assert (body, events) == ((), ["activated"])
    body, events = panel.ask(tray, new_method_call(icon, "Scroll", "is", (1, "vertical")))
    assert (body, events) == ((), [])


def test_what_nobody_knows_is_refused_and_does_no_harm(
    watcher: Watcher, tray: Tray, panel: Panel
) -> None:
    icon = watcher.icon()
    for question in (
        Properties(icon).get("Nothing"),
        new_method_call(icon, "Get"),
        new_method_call(icon, "Explode"),
    ):
        answer, events = panel.ask(tray, question)
        assert (answer, events) == ((), [])


def test_a_panel_that_comes_later_or_again_has_the_icon(bus: str, tray: Tray) -> None:
    for _ in range(2):
        watcher = Watcher(bus)
        while select.select([tray], [], [], 0.3)[0]:
            assert list(tray.events()) == []
        assert watcher.icon().bus_name
        watcher.end()


def test_a_bus_that_goes_is_told_once_it_is_looked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with desktop() as session:
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", answering_bus(session))
        tray = Tray()
    tray.show("recording")
    with pytest.raises(DesktopError, match="bus has gone"):
        list(tray.events())
    tray.close()


def test_without_a_bus_there_is_no_icon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere")
    with pytest.raises(DesktopError, match="no message bus"):
        Tray()


def test_a_disc_is_round_and_whole() -> None:
    pixels = disc((1, 2, 3), 4)
    assert len(pixels) == 4 * 4 * 4
    full, empty = b"\xff\x01\x02\x03", bytes(4)
    rows = [[pixels[16 * y + 4 * x :][:4] for x in range(4)] for y in range(4)]
    assert rows[0] == [empty, empty, empty, empty] or rows[0] == [empty, full, full, empty]
    assert rows[1][1:3] == [full, full]
