from __future__ import annotations

import time

import pytest
from desktops import desktop
from jeepney import DBusAddress, DBusErrorResponse, Message, new_signal

from dictation.bus_of_the_test import answering_bus, bus, needs_bus
from dictation.portal_stand_in import StandIn
from transcriber.dictation.bus import DAEMON, GONE, Bus
from transcriber.errors import DesktopError

__all__ = ["bus"]

pytestmark = needs_bus


class Silent(StandIn):
    """Takes every call and answers none."""

    name_on_bus = "org.example.Silent"

    def answers(self, message: Message) -> list[Message]:
        return []


def test_a_call_gives_what_is_answered(bus: str) -> None:
    link = Bus()
    assert link.call(DAEMON, "GetNameOwner", "s", (link.unique_name,)) == (link.unique_name,)
    link.close()


def test_an_answer_that_is_an_error_is_raised(bus: str) -> None:
    link = Bus()
    with pytest.raises(DBusErrorResponse, match="NameHasNoOwner"):
        link.call(DAEMON, "GetNameOwner", "s", ("org.example.Nobody",))
    link.close()


def test_who_never_answers_is_not_waited_for(bus: str) -> None:
    silent = Silent(bus)
    silent.start()
    link = Bus()
    where = DBusAddress("/", bus_name=silent.name_on_bus, interface="a.b")
    begin = time.monotonic()
    with pytest.raises(DesktopError, match=r"org\.example\.Silent does not answer"):
        link.call(where, "Anything", seconds=0.2)
    assert time.monotonic() - begin < 5
    assert silent.named("Anything")
    link.close()
    silent.end()


def test_signals_that_come_while_a_call_waits_are_kept(bus: str) -> None:
    link, other = Bus(), Bus()
    link.watch("type='signal',interface='org.example.Some'")
    for number in range(3):
        emitter = DBusAddress("/", interface="org.example.Some")
        other.send(new_signal(emitter, "Thing", "u", (number,)))
    other.call(DAEMON, "GetId")
    link.call(DAEMON, "GetId")
    kept = [message.body for message in link.messages() if message.body[0] != link.unique_name]
    assert kept == [(0,), (1,), (2,)]
    link.close()
    other.close()


def test_a_bus_that_goes_is_told_by_every_call(monkeypatch: pytest.MonkeyPatch) -> None:
    with desktop() as session:
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", answering_bus(session))
        link = Bus()
    for action in (
        lambda: link.call(DAEMON, "GetId"),
        lambda: link.send(new_signal(DAEMON, "Thing")),
        lambda: list(link.messages()),
    ):
        with pytest.raises(DesktopError, match=GONE):
            action()
    link.close()
