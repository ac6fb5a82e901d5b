"""The engine that decodes many windows at once, on small models of random weights."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from transcriber import operators
from transcriber.engine import batched, openai_whisper
from transcriber.engine.batched import BatchedEngine
from transcriber.engine.clipwise import TakenRecording, clips_left
from transcriber.engine.interface import PLAIN_KERNELS, Clip, DecodedWindows, Position, WindowResult
from transcriber.engine.local import LocalEngine
from transcriber.models.stored import StoredModel
from transcriber.settings import DecodingSettings
from transcriber.speech.network import CONTEXT, FRAME
from transcriber.speech.weights import Array

openai_whisper.load()

from transcriber.engine import listening  # noqa: E402
from transcriber.engine.batching import OneByOne  # noqa: E402
from transcriber.engine.fused.batch import FusedBatch  # noqa: E402
from transcriber.engine.fused.model import FusedModel  # noqa: E402

from .small_models import network, save  # noqa: E402

GREEDY = DecodingSettings(
    beam_size=None,
    no_speech_threshold=None,
    logprob_threshold=None,
    compression_ratio_threshold=None,
)
BEAMS = replace(GREEDY, beam_size=3)
FALLBACK = replace(GREEDY, temperatures=(0.0, 0.6), best_of=2, logprob_threshold=1.0)
"""No text is as probable as that: each is tried in the whole window and at all temperatures."""
CASES = {
    "greedy": GREEDY,
    "beams": BEAMS,
    "fallback": FALLBACK,
    "words": replace(GREEDY, word_timestamps=True),
}

Key = tuple[str, int]
Windows = dict[Key, list[WindowResult]]

CLIPS: dict[str, list[Clip]] = {
    "long": [(0, 300), (320, 3500), (3500, 3600), (3650, 4000)],
    "short": [(10, 400), (450, 800)],
}


class Loud:
    """Hears speech in whatever is loud."""

    def listen(self, samples: Array) -> Array:
        frames = samples[CONTEXT:].reshape(-1, FRAME)
        found: Array = (np.abs(frames).mean(1) > 0.01).astype(np.float32)
        return found

    def forget(self) -> None:
        pass


@pytest.fixture(autouse=True)
def loud(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listening, "make_ear", Loud)


def engine(model: StoredModel, settings: DecodingSettings, **changes: Any) -> BatchedEngine:
    return BatchedEngine(model, settings=replace(settings, vad_filter=True, **changes))


def noise(seconds: float, seed: int = 0) -> bytes:
    samples = np.random.default_rng(seed).normal(size=round(seconds * 16000)) * 2000
    return bytes(samples.astype("<i2").tobytes())


SOUNDS = {"long": noise(40, 1), "short": noise(8, 2)}


def read(found: BatchedEngine, name: str, clips: Sequence[Clip] | None = None) -> TakenRecording:
    """Read a recording whose clips are given, not heard."""
    found.read([SOUNDS[name]])
    found.use_clips(CLIPS[name] if clips is None else clips)
    return found.take()


def decode(
    found: BatchedEngine,
    names: Iterable[str],
    done: DecodedWindows | None = None,
    only: int | None = None,
) -> list[tuple[Key, WindowResult]]:
    """Return the windows of recordings in the order in which they are done."""
    ended: list[Key] = []

    def loops() -> Iterator[tuple[Key, Any]]:
        for name in names:
            recording = read(found, name)
            for clip, loop in found.loops(recording, "en", done or DecodedWindows()):
                if only in (None, clip):
                    yield (name, clip), loop

    windows = []
    for key, window in found.decode(loops()):
        assert key not in ended
        if window is None:
            ended.append(key)
        else:
            windows.append((key, window))
    assert {key for key, _ in windows} <= set(ended)
    return windows


def tokens(windows: Iterable[WindowResult]) -> list[list[int]]:
    return [segment["tokens"] for window in windows for segment in window.segments]


def by_clip(found: Iterable[tuple[Key, WindowResult]]) -> Windows:
    windows: Windows = {}
    for key, window in found:
        windows.setdefault(key, []).append(window)
    return windows


# The stand-ins decode one window after the other in any case.
@pytest.mark.skipif(not operators.available(), reason="this PyTorch lacks the fused operators")
@pytest.mark.parametrize("case", CASES)
def test_a_clip_does_not_hang_on_what_is_decoded_beside_it(case: str, model: StoredModel) -> None:
    settings = CASES[case]
    wide = decode(engine(model, settings, batch_size=8), ["long", "short"])
    windows = by_clip(wide)
    assert set(windows) == {(name, clip) for name in CLIPS for clip in range(len(CLIPS[name]))}
    # They were decoded side by side, not one after the other.
    assert [key for key, _ in wide] != sorted(key for key, _ in wide)
    assert any(window.segments for _, window in wide)
    for (name, clip), several in windows.items():
        assert {window.position.clip for window in several} == {clip}
        assert several[-1].position.seek >= CLIPS[name][clip][1]
    assert by_clip(decode(engine(model, settings, batch_size=2), ["short", "long"])) == windows
    for name, clip in (("long", 1), ("short", 0)):
        alone = by_clip(decode(engine(model, settings, batch_size=1), [name], only=clip))
        assert alone == {(name, clip): windows[name, clip]}


@pytest.mark.usefixtures("either")
def test_it_goes_on_from_any_window(model: StoredModel) -> None:
    found = engine(model, GREEDY, batch_size=4)
    whole = [window for _, window in decode(found, ["long"])]
    assert len(whole) > len(CLIPS["long"])
    for count in range(len(whole) + 1):
        done = DecodedWindows(language="en", windows=tuple(whole[:count]))
        rest = [window for _, window in decode(found, ["long"], done)]
        assert len(rest) == len(whole) - count
        left = DecodedWindows(windows=(*done.windows, *rest))
        assert left.segments == DecodedWindows(windows=tuple(whole)).segments
        by_position = {(one.position.clip, one.position.seek): one for one in whole}
        assert len(by_position) == len(whole)
        assert {(one.position.clip, one.position.seek): one for one in left.windows} == by_position


@pytest.mark.usefixtures("either")
def test_a_finished_clip_has_no_loop(model: StoredModel) -> None:
    found = engine(model, GREEDY)
    recording = read(found, "long")
    ends = [end for _, end in CLIPS["long"]]
    windows = tuple(
        WindowResult(segments=(), position=Position(clip=clip, seek=ends[clip] - missing))
        for clip, missing in ((0, 0), (1, 100), (3, 0))
    )
    done = DecodedWindows(language="en", windows=windows)
    assert [clip for clip, _ in found.loops(recording, "en", done)] == [1, 2]


def test_which_clips_are_left() -> None:
    def window(clip: int, seek: int) -> WindowResult:
        return WindowResult(segments=(), position=Position(clip=clip, seek=seek))

    clips = [(0, 300), (400, 900), (900, 1000)]
    assert clips_left(clips, DecodedWindows()) == [0, 1, 2]
    assert clips_left(clips, DecodedWindows(windows=(window(1, 899),))) == [0, 1, 2]
    assert clips_left(clips, DecodedWindows(windows=(window(1, 899), window(0, 300)))) == [1, 2]
    assert clips_left(clips, DecodedWindows(windows=(window(1, 899), window(1, 950)))) == [0, 2]
    assert clips_left([], DecodedWindows()) == []


@pytest.mark.usefixtures("either")
@pytest.mark.parametrize("batch_size", [None, 8])
def test_other_widths_are_decoded_by_pytorch(tmp_path: Path, batch_size: int | None) -> None:
    odd = save(network(n_text_head=4, n_audio_layer=1), tmp_path / "odd.pt")
    found = engine(odd, GREEDY, batch_size=batch_size)
    assert found.kernels() == PLAIN_KERNELS
    # One after the other, unless the user wants many at once.
    assert isinstance(found.batch(found._room()), OneByOne)
    found._batch = None
    windows = by_clip(decode(found, ["short"]))
    for clip in range(len(CLIPS["short"])):
        local = LocalEngine(odd, device="cpu", settings=GREEDY)
        local.read([SOUNDS["short"]])
        local.use_clips([CLIPS["short"][clip]])
        expected = list(local.windows("en", DecodedWindows()))
        assert tokens(windows["short", clip]) == tokens(expected)
        local.close()


@pytest.mark.usefixtures("either")
@pytest.mark.parametrize("batch_size", [None, 2, 8])
def test_as_many_windows_at_once_as_were_asked_for_or_fit(
    batch_size: int | None, model: StoredModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    sides: list[int] = []
    make = FusedModel.batch
    run = FusedBatch.run

    def batch(self: FusedModel, windows: int) -> FusedBatch:
        asked.append(windows)
        return make(self, windows)

    def note(self: FusedBatch) -> Any:
        sides.append(len(self._held))
        return run(self)

    monkeypatch.setattr(FusedModel, "batch", batch)
    monkeypatch.setattr(FusedBatch, "run", note)
    fitting: list[dict[str, int]] = []

    def fit(window_bytes: int, *, rows: int) -> int:
        fitting.append({"bytes": window_bytes, "rows": rows})
        return 3

    monkeypatch.setattr(batched, "windows_that_fit", fit)
    decode(engine(model, GREEDY, batch_size=batch_size), ["long", "short"])
    assert asked == [batch_size or 3]
    assert [one["rows"] for one in fitting] == [1] * (batch_size is None)
    assert all(10**5 < one["bytes"] < 10**7 for one in fitting)
    # The first words come as early as without the others, of which there are five.
    assert sides[0] == 1
    assert max(sides) == min(batch_size or 3, 5)


@pytest.mark.usefixtures("either")
def test_a_recording_without_speech(model: StoredModel, encoded: list[Any]) -> None:
    found = engine(model, GREEDY)
    found.read([bytes(16000 * 2 * 5)])
    assert found.clips == []
    language = found.language()
    assert (language.code, language.probability) == ("en", None)
    recording = found.take()
    assert list(found.decode(found.loops(recording, "en", DecodedWindows()))) == []
    assert encoded == []
    result: Any = found.result(DecodedWindows(language="en"))
    assert result == {"text": "", "segments": [], "language": "en"}


@pytest.mark.usefixtures("either")
def test_an_empty_recording(model: StoredModel, encoded: list[Any]) -> None:
    found = engine(model, GREEDY)
    assert found.read([]) == 0
    assert found.clips == []
    assert found.language().code == "en"
    assert encoded == []


@pytest.mark.usefixtures("either")
def test_it_listens(model: StoredModel) -> None:
    silence = bytes(16000 * 2 * 3)
    found = engine(model, GREEDY, vad_speech_pad_ms=0, clip_timestamps=(10.0, 20.0))
    found.read([silence, noise(25), silence, noise(10), silence])
    assert found.clips == [(1000, 2000)]
    found = engine(model, GREEDY, vad_speech_pad_ms=0)
    found.read([silence, noise(25), silence, noise(10), silence])
    assert found.clips is not None
    (start, end), (second, last) = found.clips
    assert abs(start - 300) < 4
    assert abs(end - 2800) < 4
    assert abs(second - 3100) < 4
    assert abs(last - 4100) < 4


@pytest.mark.usefixtures("either")
def test_what_tells_the_language_is_not_encoded_again(
    model: StoredModel, encoded: list[Any]
) -> None:
    found = engine(model, GREEDY, batch_size=2)
    found.read([SOUNDS["long"]])
    clips = [(0, 600), (600, 1200), (1200, 1800), (1800, 1900)]
    found.use_clips(clips)
    language = found.language()
    assert language.probability is not None
    assert 1 / 99 < language.probability <= 1
    # Three of them, with two seconds of silence.
    assert [window.shape for window in encoded] == [(80, 832)] * 3
    recording = found.take()
    for _, loop in found.loops(recording, language.code, DecodedWindows()):
        next(loop)
    assert [window.shape for window in encoded] == [*[(80, 832)] * 3, (80, 320)]


@pytest.mark.usefixtures("either")
def test_another_recording_is_read_while_the_first_is_decoded(model: StoredModel) -> None:
    expected = by_clip(decode(engine(model, GREEDY, batch_size=4), ["short"]))
    found = engine(model, GREEDY, batch_size=4)
    found.read([SOUNDS["short"]])
    found.use_clips(CLIPS["short"])
    found.language()
    recording = found.take()
    # Taken is taken.
    with pytest.raises(RuntimeError, match="read a recording"):
        found.take()
    decoded = found.decode(
        (("short", clip), loop) for clip, loop in found.loops(recording, "en", DecodedWindows())
    )
    windows: list[tuple[Key, WindowResult | None]] = [next(decoded)]
    other = read(found, "long")
    found.close()
    windows += decoded
    assert by_clip((key, one) for key, one in windows if one is not None) == expected
    assert other.clips == CLIPS["long"]
    recording.close()
    other.close()


@pytest.mark.usefixtures("either")
def test_a_taken_recording_gives_its_memory_back(model: StoredModel) -> None:
    found = engine(model, GREEDY)
    found.read([SOUNDS["short"]])
    found.use_clips(CLIPS["short"])
    found.language()
    recording = found.take()
    assert set(recording.encoders) == {0, 1}
    found.close()
    recording.features.window(0, 10)
    recording.close()
    assert recording.encoders == {}
    with pytest.raises(ValueError, match="closed"):
        recording.features.window(0, 10)


@pytest.mark.usefixtures("either")
def test_other_recordings_do_not_find_what_was_encoded(model: StoredModel) -> None:
    found = engine(model, GREEDY)
    found.read([SOUNDS["short"]])
    found.use_clips(CLIPS["short"])
    found.language()
    # It failed, perhaps: nobody takes it.
    found.close()
    assert read(found, "long").encoders == {}


def test_what_decides_the_text() -> None:
    stored = StoredModel(name="n", path=Path("missing"), sha256="0", size=1, origin="openai")
    several, one = engine(stored, GREEDY), LocalEngine(stored, device="cpu", settings=GREEDY)
    assert several.identity()["side by side"] is True
    assert one.identity()["side by side"] is False
    # How many there are at a time changes no word.
    assert several.identity() == engine(stored, GREEDY, batch_size=3).identity()
    assert several.identity() != engine(stored, GREEDY, vad_threshold=0.4).identity()


@pytest.mark.usefixtures("either")
@pytest.mark.parametrize("asked", [(5.0, 90.0), (2.0, 2.0), (5.0,), (0.0, 1.0, 1.0, 1.0)])
def test_clips_without_any_frame(model: StoredModel, asked: tuple[float, ...]) -> None:
    settings = replace(GREEDY, vad_filter=False, clip_timestamps=asked)
    found = BatchedEngine(model, settings=settings)
    found.read([noise(3)])
    assert found.clips is not None
    assert all(start < end for start, end in found.clips)
    assert found.language().code


@pytest.mark.usefixtures("either")
def test_a_recording_shorter_than_a_frame(model: StoredModel) -> None:
    found = BatchedEngine(model, settings=replace(GREEDY, vad_filter=False))
    found.read([bytes(200)])
    assert found.language().code
