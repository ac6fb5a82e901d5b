"""The process that hears speech, as it is asked: over one that takes what is loud for it."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from transcriber.errors import EngineFailedError
from transcriber.speech.changes import Change
from transcriber.worker import ears
from transcriber.worker.ears import Ear, Ears, frame_bytes

RATE = 8000
FRAME = frame_bytes(RATE)
LOUD, QUIET = b"\xff\x20" * (FRAME // 2), bytes(FRAME)
DEADLY = (1234).to_bytes(2, "little") * (FRAME // 2)


@pytest.fixture
def loud(monkeypatch: pytest.MonkeyPatch) -> None:
    command = [sys.executable, "-SEI", str(Path(__file__).with_name("loud.py"))]
    monkeypatch.setattr(ears, "hearing_command", lambda: command)


def opened(heard: Ears) -> Ear:
    return heard.open(RATE, threshold=0.5, silence_ms=64)


def changes(ear: Ear, sound: bytes) -> list[Change]:
    return [change for _, change in ear.hear(sound)]


def children() -> list[str]:
    found = []
    for task in Path("/proc/self/task").iterdir():
        # A thread may end meanwhile.
        with contextlib.suppress(OSError):
            found += (task / "children").read_text().split()
    return found


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.usefixtures("loud")
def test_each_frame_has_its_change() -> None:
    heard = Ears()
    ear = opened(heard)
    sound = QUIET + 3 * LOUD + 2 * QUIET
    frames = list(ear.hear(sound))
    assert b"".join(frame for frame, _ in frames) == sound
    assert [change for _, change in frames] == [
        *(Change.NONE, Change.BEGUN, Change.NONE, Change.SPEECH),
        *(Change.NONE, Change.OVER),
    ]
    ear.close()


@pytest.mark.usefixtures("loud")
def test_sounds_do_not_mix() -> None:
    heard = Ears()
    one, other = opened(heard), opened(heard)
    assert changes(one, 2 * LOUD) == [Change.BEGUN, Change.NONE]
    assert changes(other, LOUD) == [Change.BEGUN]
    assert changes(one, LOUD) == [Change.SPEECH]
    other.close()
    assert changes(one, 2 * QUIET)[-1] is Change.OVER
    one.close()


@pytest.mark.usefixtures("loud")
def test_a_long_piece_is_asked_for_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ears, "_PIECE", 2)
    ear = opened(Ears())
    assert [int(change) for change in changes(ear, 5 * LOUD)] == [1, 0, 2, 0, 0]
    ear.close()


@pytest.mark.usefixtures("loud")
def test_the_process_ends_with_the_last_sound() -> None:
    before = set(children())
    heard = Ears()
    one, other = opened(heard), opened(heard)
    changes(one, LOUD)
    changes(other, LOUD)
    assert len(set(children()) - before) == 1
    one.close()
    assert len(set(children()) - before) == 1
    other.close()
    other.close()
    until(lambda: not set(children()) - before)


@pytest.mark.usefixtures("loud")
def test_another_process_hears_on_when_one_has_died() -> None:
    heard = Ears()
    ear = opened(heard)
    assert changes(ear, LOUD) == [Change.BEGUN]
    with pytest.raises(EngineFailedError, match="it has died"):
        changes(ear, DEADLY)
    # It knows nothing of what was heard before.
    another = opened(heard)
    with pytest.raises(EngineFailedError, match="it has died"):
        changes(ear, LOUD)
    assert changes(another, LOUD) == [Change.BEGUN]
    ear.close()
    another.close()


@pytest.mark.parametrize(
    ("command", "told"), [(["/nonexistent"], "No such file"), (["/bin/false"], "failed")]
)
def test_a_process_that_does_not_start(
    command: list[str], told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ears, "hearing_command", lambda: command)
    heard = Ears()
    with pytest.raises(EngineFailedError, match=told):
        changes(opened(heard), 40 * LOUD)
    heard.close(1)


def test_one_that_does_not_answer_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    before = set(children())
    monkeypatch.setattr(ears, "hearing_command", lambda: ["/bin/sleep", "60"])
    monkeypatch.setattr(ears, "_PATIENCE", 0.1)
    monkeypatch.setattr(ears, "_GRACE", 0.1)
    ear = opened(Ears())
    with pytest.raises(EngineFailedError, match="does not answer"):
        changes(ear, LOUD)
    until(lambda: not set(children()) - before)
    ear.close()
