"""Going on with another engine, at each point where the first can fail."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import pytest

from transcriber.engine.fallback import FallbackEngine
from transcriber.engine.interface import (
    Clip,
    DecodedWindows,
    Position,
    SpokenLanguage,
    Transcript,
    WindowResult,
)
from transcriber.errors import EngineFailedError, ModelError

BLOCKS = [b"one", b"two", b"three"]


def window(number: int) -> WindowResult:
    segment: Any = {"text": str(number)}
    return WindowResult(segments=(segment,), position=Position(seek=number * 3000))


WINDOWS = [window(1), window(2), window(3)]


class Scripted:
    """An engine that fails where it is told to, and notes what was asked of it."""

    def __init__(self, name: str, fails: str = "", error: Exception | None = None) -> None:
        self.name = name
        self.asked: list[str] = []
        self.recording: Any = None
        self._fails = fails
        self._error = error or EngineFailedError(f"{name} failed: broken")

    def _point(self, point: str) -> None:
        self.asked.append(point)
        if point == self._fails:
            raise self._error

    def identity(self) -> Mapping[str, Any]:
        return {"model": "same"}

    def kernels(self) -> str:
        return f"those of {self.name}"

    def use_kernels(self, wanted: str) -> None:
        self.asked.append(f"kernels {wanted}")

    def use_threads(self, threads: int) -> None:
        self.asked.append(f"threads {threads}")

    def prepare(self) -> None:
        self._point("prepare")

    def read(self, blocks: Iterable[bytes]) -> float:
        self.asked.append("read")
        self.recording = list(blocks)
        return 90.0

    @property
    def clips(self) -> None:
        return None

    def use_clips(self, clips: Sequence[Clip] | None) -> None:
        self.asked.append(f"clips {clips}")

    def language(self) -> SpokenLanguage:
        self._point("language")
        return SpokenLanguage(code="en", probability=0.5)

    def windows(self, language: str, done: DecodedWindows) -> Iterator[WindowResult]:
        for number in range(len(done.windows), len(WINDOWS)):
            self._point(f"window {number}")
            yield WINDOWS[number]

    def result(self, decoded: DecodedWindows) -> Transcript:
        return {"text": self.name, "segments": [], "language": "en"}

    def close(self) -> None:
        self.recording = None

    def release(self) -> Any:
        recording, self.recording = self.recording, None
        return recording

    def adopt(self, features: Any) -> None:
        self.recording = features

    def abandon(self) -> None:
        self.asked.append("abandon")


class Pair:
    """A first engine that fails at a point, and the second."""

    def __init__(self, fails: str, error: Exception | None = None, second: str = "") -> None:
        self.first = Scripted("first", fails, error)
        self.second = Scripted("second", second)
        self.told: list[str] = []
        self.made = 0
        self.engine = FallbackEngine(self.first, self._make, failed=self._tell)

    def _make(self) -> Scripted:
        self.made += 1
        return self.second

    def _tell(self, error: EngineFailedError, what_now: str) -> None:
        self.told.append(f"{error.message}; {what_now}")

    def run(self, done: DecodedWindows | None = None) -> list[WindowResult]:
        done = done or DecodedWindows(language="en")
        self.engine.use_threads(2)
        self.engine.use_kernels("mine")
        self.engine.read(iter(BLOCKS))
        language = self.engine.language().code
        return [*done.windows, *self.engine.windows(language, done)]


def test_an_engine_that_works_is_never_left() -> None:
    pair = Pair("")
    assert pair.run() == WINDOWS
    assert pair.made == 0
    assert pair.told == []
    assert pair.engine.result(DecodedWindows())["text"] == "first"


@pytest.mark.parametrize(
    ("fails", "what_now"),
    [
        ("prepare", "the processor is used instead"),
        ("language", "the processor goes on from the beginning"),
        ("window 0", "the processor goes on from the beginning"),
        ("window 1", "the processor goes on at 0:30"),
        ("window 2", "the processor goes on at 1:00"),
    ],
)
def test_each_window_comes_once_wherever_it_fails(fails: str, what_now: str) -> None:
    pair = Pair(fails)
    assert pair.run() == WINDOWS
    assert pair.told == [f"first failed: broken; {what_now}"]
    assert pair.engine.result(DecodedWindows())["text"] == "second"
    assert pair.first.asked[-1] == "abandon"
    assert pair.second.asked[:2] == ["kernels mine", "threads 2"]


@pytest.mark.parametrize("fails", ["prepare", "language", "window 1"])
def test_the_recording_is_read_once_and_whole(fails: str) -> None:
    pair = Pair(fails)
    pair.run()
    assert pair.second.recording == BLOCKS
    assert (pair.first.asked + pair.second.asked).count("read") == 1


def test_it_goes_on_behind_a_journal() -> None:
    pair = Pair("window 1")
    done = DecodedWindows(language="en", windows=(WINDOWS[0],))
    assert pair.run(done) == WINDOWS
    assert pair.told == ["first failed: broken; the processor goes on at 0:30"]


def test_what_failed_is_not_asked_again() -> None:
    pair = Pair("window 1")
    pair.run()
    pair.engine.close()
    asked = list(pair.first.asked)
    assert pair.run() == WINDOWS
    assert pair.first.asked == asked
    assert pair.made == 1
    assert len(pair.told) == 1


def test_the_second_may_fail_too() -> None:
    pair = Pair("window 0", second="window 1")
    with pytest.raises(EngineFailedError, match="second failed"):
        pair.run()
    assert len(pair.told) == 1


@pytest.mark.parametrize("fails", ["prepare", "language", "window 1"])
def test_other_failures_stay_what_they_are(fails: str) -> None:
    pair = Pair(fails, ModelError("the file is damaged"))
    with pytest.raises(ModelError, match="damaged"):
        pair.run()
    assert pair.made == 0


def test_an_unreadable_recording_is_told_before_anything_is_loaded() -> None:
    def broken() -> Iterator[bytes]:
        raise ValueError("unreadable")
        yield b""

    pair = Pair("prepare")
    with pytest.raises(ValueError, match="unreadable"):
        pair.engine.read(broken())
    assert pair.first.asked == []
