"""The key starts and stops dictations; here, a script of the test's own takes their place."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from transcriber.dictation import listener as module
from transcriber.dictation.listener import Listener
from transcriber.errors import DesktopError

SCRIPT = """\
import pathlib, signal, sys, time
told = pathlib.Path({place!r})
with told.open("a") as stream: stream.write(" ".join(sys.argv[1:]) + chr(10))
def end(*_):
    with told.open("a") as stream: stream.write("ended" + chr(10))
    sys.exit()
signal.signal(signal.SIGTERM, end)
with told.open("a") as stream: stream.write("ready" + chr(10))
time.sleep(60)
"""


class Key:
    """A key that the test presses; what it has done already came with an answer."""

    def __init__(self, *before: str) -> None:
        self._reading, self._writing = os.pipe()
        self._happened = [*before]
        self.closed = False

    def fileno(self) -> int:
        return self._reading

    def events(self) -> Iterator[str]:
        while self._happened:
            event = self._happened.pop(0)
            if event == "gone":
                raise DesktopError("gone")
            yield event

    def happen(self, event: str) -> None:
        self._happened.append(event)
        os.write(self._writing, b"x")

    def close(self) -> None:
        self.closed = True


class Icon(Key):
    def __init__(self) -> None:
        super().__init__()
        self.states: list[str] = []

    def show(self, state: str) -> None:
        self.states.append(state)


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[str]]:
    program, place = tmp_path / "program", tmp_path / "told"
    program.write_text(f"#!{sys.executable}\n{SCRIPT.format(place=str(place))}")
    program.chmod(0o755)
    monkeypatch.setattr(module, "own_command", lambda: [str(program)])
    monkeypatch.setattr(module, "ask", lambda _: None)
    place.touch()
    return lambda: place.read_text().splitlines()


def await_that(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def run(
    monkeypatch: pytest.MonkeyPatch, key: Key, icon: Icon | None, *, hold: bool
) -> threading.Thread:
    def make() -> Icon:
        if icon is None:
            raise DesktopError("no bus")
        return icon

    monkeypatch.setattr(module, "Tray", make)
    listener = Listener(key, ["--model", "base"], hold=hold)  # type: ignore[arg-type]

    def listen() -> None:
        with pytest.raises(DesktopError, match="gone"):
            listener.run()

    thread = threading.Thread(target=listen)
    thread.start()
    return thread


def test_hold_to_talk(told: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    # Pressed before anybody looked.
    key = Key("pressed")
    icon = Icon()
    thread = run(monkeypatch, key, icon, hold=True)
    await_that(lambda: told() == ["dictate start --model base", "ready"])
    assert icon.states == ["recording"]
    # Not a second one.
    key.happen("pressed")
    key.happen("released")
    await_that(lambda: "ended" in told())
    await_that(lambda: icon.states == ["recording", "working", "idle"])
    assert len(told()) == 3
    key.happen("gone")
    thread.join(10)
    assert key.closed
    assert icon.closed


def test_toggling_and_a_click_on_the_icon(
    told: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    key, icon = Key(), Icon()
    thread = run(monkeypatch, key, icon, hold=False)
    key.happen("pressed")
    key.happen("released")
    await_that(lambda: told() == ["dictate toggle --model base", "ready"])
    icon.happen("activated")
    await_that(lambda: icon.states[-1:] == ["idle"])
    assert told()[2:] == ["ended"]
    # Whoever ends the listener ends what it has started.
    key.happen("pressed")
    await_that(lambda: len(told()) == 5)
    key.happen("gone")
    thread.join(10)
    assert told()[-1] == "ended"


@pytest.mark.parametrize("ever", [False, True])
def test_without_a_tray(
    told: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch, ever: bool
) -> None:
    key, icon = Key(), Icon()
    thread = run(monkeypatch, key, icon if ever else None, hold=False)
    if ever:
        icon.happen("gone")
        await_that(lambda: icon.closed)
    key.happen("pressed")
    await_that(lambda: "ready" in told())
    assert icon.states == []
    key.happen("gone")
    thread.join(10)


def test_a_key_that_is_let_go_while_the_dictation_starts(
    told: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    key = Key("pressed", "released")
    thread = run(monkeypatch, key, Icon(), hold=True)
    key.happen("gone")
    thread.join(10)
    assert not thread.is_alive()
    assert "ended" not in told() or told()[-1] == "ended"
