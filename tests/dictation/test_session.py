"""What was said gets to the desktop, whatever fails there."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest
from live.sounds import LOUD, QUIET, Loud, Sleepy, sound, transcript

from transcriber.dictation import chimes, history
from transcriber.dictation import session as module
from transcriber.dictation.session import Session
from transcriber.dictation.settings import DictationSettings
from transcriber.engine.interface import Transcript
from transcriber.errors import CaptureError, DesktopError
from transcriber.live.inputs import Input
from transcriber.live.pieces import Pieces, PieceSettings

SPEECH = sound(*[(60, LOUD), (40, QUIET)] * 3)


class Whole:
    """Sound that has come already; it may fail at its end."""

    level, behind, seconds = 0.5, 0.0, len(SPEECH) / 32000

    def __init__(self, error: Exception | None = None) -> None:
        self.error, self._rest = error, SPEECH

    @property
    def is_over(self) -> bool:
        return not self._rest

    def read(self, most: int) -> bytes:
        piece, self._rest = self._rest[:most], self._rest[most:]
        return piece

    def wait(self, seconds: float) -> None:
        raise AssertionError(seconds)


class Words(Sleepy):
    """Says what it is to say, one after the other."""

    def __init__(self, *texts: str) -> None:
        self.texts = [*texts]

    def decode(self, sound: bytes) -> Transcript:
        return transcript(self.texts.pop(0))


class Desk:
    """Remembers what came to the clipboard, and when."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.told: list[tuple[str, str, dict[str, bool]]] = []
        self.times: list[float] = []
        self.fails = ""
        for name in ("copy", "paste"):
            monkeypatch.setattr(module, name, self.make(name))
        monkeypatch.setattr(chimes, "play", lambda name: self.take("chime", name))

    def make(self, name: str) -> Any:
        return lambda text, **options: self.take(name, text, **options)

    def take(self, name: str, text: str, **options: bool) -> str:
        self.told.append((name, text, options))
        self.times.append(time.monotonic())
        if name == self.fails:
            raise DesktopError("no keys", "use your own")
        return ""

    def texts(self) -> list[tuple[str, str]]:
        return [(name, text) for name, text, _ in self.told if name != "chime"]


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk(monkeypatch)


def dictate(
    settings: DictationSettings, *texts: str, error: Exception | None = None
) -> tuple[Session, list[str]]:
    notes = list[str]()
    session = Session(settings, notes.append)
    session.begin(Input(spool=Whole(error), stop=lambda: None, name="x"))  # type: ignore[arg-type]
    session.run(Pieces(PieceSettings(), Loud()), Words(*texts), lambda _: None)
    return session, notes


def test_at_the_end_it_is_in_the_clipboard(desk: Desk) -> None:
    session, notes = dictate(DictationSettings(), " One.", " Two.", " Three.")
    assert session.text == "One. Two. Three."
    assert desk.told == [
        ("chime", "stop", {}),
        ("copy", "One. Two. Three.", {"secret": True}),
    ]
    assert notes == []


def test_pasted_at_the_end(desk: Desk) -> None:
    settings = DictationSettings(paste="end", terminal=True, secret=False, chimes=False)
    dictate(settings, " One.", " Two.", " Three.")
    assert desk.told == [("paste", "One. Two. Three.", {"terminal": True, "secret": False})]


def test_pasted_piece_by_piece_with_time_for_the_window(desk: Desk) -> None:
    dictate(DictationSettings(paste="piece", chimes=False), " One.", " Two.", " Three.")
    assert desk.texts() == [
        *(("paste", "One."), ("paste", " Two."), ("paste", " Three.")),
        ("copy", "One. Two. Three."),
    ]
    # A window asks for the text after the keys: the next one must not lie there by then.
    assert all(b - a >= 0.5 for a, b in zip(desk.times, desk.times[1:], strict=False))


def test_that_no_keys_can_be_pressed_is_told_once(desk: Desk) -> None:
    desk.fails = "paste"
    settings = DictationSettings(paste="piece", chimes=False)
    _, notes = dictate(settings, " One.", " Two.", " Three.")
    assert notes == ["no keys: use your own"]
    assert desk.texts() == [("paste", "One."), ("copy", "One. Two. Three.")]


def test_a_microphone_that_goes_away_keeps_the_text(desk: Desk) -> None:
    with pytest.raises(CaptureError, match="gone"):
        dictate(DictationSettings(), " One.", " Two.", " Three.", error=CaptureError("gone"))
    assert desk.texts() == [("copy", "One. Two. Three.")]


def test_nothing_said_leaves_the_clipboard_alone(desk: Desk) -> None:
    session, _ = dictate(DictationSettings(), "", " ", "")
    assert session.text == ""
    assert desk.told == [("chime", "stop", {})]


def test_history_is_kept_before_the_desktop_can_fail(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    path = tmp_path / "kept.jsonl"
    monkeypatch.setattr(history, "history_file", lambda: path)
    desk.fails = "copy"
    with pytest.raises(DesktopError):
        dictate(DictationSettings(history=True), " One.", " Two.", " Three.")
    [kept] = history.last(path, 5)
    assert (kept.text, kept.language, kept.seconds) == ("One. Two. Three.", "en", Whole.seconds)
    desk.fails = ""
    dictate(DictationSettings(), " One.", " Two.", " Three.")
    assert len(history.last(path, 5)) == 1


def test_others_are_answered(desk: Desk) -> None:
    stops = []
    session = Session(DictationSettings(), print)
    assert session.answer("status")["state"] == "recording"
    # Before it listens.
    assert session.answer("end")["state"] == "working"
    session.begin(Input(spool=Whole(), stop=lambda: stops.append(1), name="x"))  # type: ignore[arg-type]
    assert stops == [1]
    answers = []
    thread = threading.Thread(target=lambda: answers.append(session.answer("stop")))
    thread.start()
    session.run(Pieces(PieceSettings(), Loud()), Words(" A.", " B.", " C."), lambda _: None)
    time.sleep(0.05)
    assert answers == []
    session.close()
    thread.join(5)
    assert answers[0]["text"] == "A. B. C."
    assert answers[0]["seconds"] == round(Whole.seconds, 1)
