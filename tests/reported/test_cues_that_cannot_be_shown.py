"""No cue is without length or text, none overlaps, and none ends after the recording."""

from __future__ import annotations

import wave
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import Run
from utterance import Utterance

from reported.subtitles import check_cues, read_cues, read_times, read_words
from transcriber.engine import openai_whisper
from transcriber.outputs import write_outputs
from transcriber.settings import OUTPUT_FORMATS, OutputSettings
from transcriber.transcript.writers import render

openai_whisper.load()

OUTPUTS = {
    "plain": OutputSettings(),
    "a word a cue": OutputSettings(max_words_per_line=1),
    "two words a cue": OutputSettings(max_words_per_line=2),
    "highlighted": OutputSettings(highlight_words=True),
    "narrow": OutputSettings(max_line_width=10, max_line_count=1),
    "two lines": OutputSettings(max_line_width=16, max_line_count=2),
}


def preset(name: str) -> OutputSettings:
    return OutputSettings(subtitles=name)


Times = list[tuple[float, float]]

WORDS: dict[str, Times] = {
    # Of speech that is played 2.6 times as fast.
    "no length": [(6.54, 6.98), (6.98, 6.98), (6.98, 7.4)],
    "no length at the beginning": [(0.0, 0.0), (0.0, 0.5), (0.5, 1.0)],
    "no length, several": [(1.0, 1.0), (1.0, 1.0), (1.0, 1.0)],
    "no length at the end": [(7.0, 7.9), (7.9, 8.0), (8.0, 8.0)],
    "backwards": [(2.0, 2.5), (2.3, 2.2), (2.1, 3.0)],
    "overlapping": [(1.0, 1.6), (1.4, 2.0), (1.8, 2.4)],
    "behind the end": [(7.5, 8.3), (8.3, 8.9), (8.9, 9.4)],
}
LAST = 8.0


def transcript(times: Times) -> Any:
    """Return a segment with a word at each time, and one after it that it reaches into."""
    words = [
        {"word": f" w{number}", "start": start, "end": end, "probability": 0.5}
        for number, (start, end) in enumerate(times)
    ]
    first = {
        "id": 0,
        "seek": 0,
        "start": times[0][0],
        "end": times[-1][1],
        "text": "".join(str(word["word"]) for word in words),
        "words": words,
    }
    return {"text": first["text"], "segments": [first], "language": "en"}


@pytest.mark.parametrize("kind", WORDS)
@pytest.mark.parametrize("output", OUTPUTS)
@pytest.mark.parametrize("ending", ["srt", "vtt"])
def test_cues_of_words(kind: str, output: str, ending: str) -> None:
    written = render(transcript(WORDS[kind]), OUTPUTS[output], ending, last=LAST)
    cues = read_cues(written)
    check_cues(cues, LAST)
    said = " ".join(text for *_, text in cues)
    assert all(f"w{number}" in said for number in range(3))
    if output == "a word a cue":
        assert [text for *_, text in cues] == ["w0", "w1", "w2"]


def test_the_word_without_length_of_fast_speech() -> None:
    written = render(
        transcript(WORDS["no length"]), OutputSettings(max_words_per_line=1), "srt", last=LAST
    )
    assert [cue[:2] for cue in read_cues(written)] == [(6.54, 6.98), (6.98, 7.0), (7.0, 7.4)]


@pytest.mark.parametrize("kind", WORDS)
def test_words_and_segments_of_other_formats(kind: str, tmp_path: Path) -> None:
    for path in write_outputs(
        transcript(WORDS[kind]), tmp_path / "talk", OutputSettings(), last=LAST
    ):
        check_cues(read_times(path), LAST)
    check_cues(read_words(tmp_path / "talk.json"), LAST)


SEGMENTS: dict[str, list[tuple[float, float, str]]] = {
    "no text": [(0.0, 1.0, " a"), (1.0, 2.0, ""), (2.0, 3.0, " b")],
    "blanks": [(0.0, 1.0, " a"), (1.0, 2.0, " \n "), (2.0, 3.0, " b")],
    "no length": [(0.0, 1.0, " a"), (1.0, 1.0, " b")],
    "overlapping": [(0.0, 5.0, " a"), (4.0, 6.0, " b")],
    "within another": [(0.0, 5.0, " a"), (1.0, 2.0, " b")],
    "behind the end": [(0.0, 5.0, " a"), (5.0, 30.0, " b")],
    "begins behind the end": [(0.0, 7.0, " a"), (7.0, 9.0, " b"), (9.0, 30.0, " never")],
}


@pytest.mark.parametrize("kind", SEGMENTS)
@pytest.mark.parametrize("ending", OUTPUT_FORMATS)
def test_cues_without_words(kind: str, ending: str, tmp_path: Path) -> None:
    segments = [{"start": start, "end": end, "text": text} for start, end, text in SEGMENTS[kind]]
    given: Any = {"text": "".join(one[2] for one in SEGMENTS[kind]), "segments": segments}
    (path,) = write_outputs(given, tmp_path / "talk", OutputSettings(formats=(ending,)), last=LAST)
    cues = read_times(path)
    check_cues(cues, LAST)
    if ending == "txt":
        assert path.read_text() == "a\nb\n"
    else:
        assert [text.strip() for *_, text in cues] == ["a", "b"]


# With a model.


def samples(utterance: Utterance) -> np.ndarray:
    with wave.open(str(utterance.path), "rb") as stream:
        return np.frombuffer(stream.readframes(stream.getnframes()), "<i2")


def write(path: Path, sound: np.ndarray) -> float:
    """Write samples; return their seconds."""
    with wave.open(str(path), "wb") as stream:
        stream.setnchannels(1)
        stream.setsampwidth(2)
        stream.setframerate(16000)
        stream.writeframes(sound.astype("<i2").tobytes())
    return len(sound) / 16000


def quicker(sound: np.ndarray, speed: float) -> np.ndarray:
    """Return speech at another speed and the same pitch: a higher one is understood by nobody."""
    piece, step = 640, 320
    given = sound.astype(np.float64)
    places = np.arange(piece, len(given) - 2 * piece, step * speed).astype(int)
    made = np.zeros(len(places) * step + piece)
    for number, place in enumerate(places):
        begun = made[number * step : (number + 1) * step]
        # Where it goes on most like what is there already.
        near = range(place - step // 2, place + step // 2, 4)
        best = max(near, key=lambda at: float(begun @ given[at : at + step]))
        made[number * step : number * step + piece] += np.hanning(piece) * given[best:][:piece]
    return np.clip(made, -32768, 32767)


WAYS = {
    "many at once": ["--compute_type", "int8"],
    "one after the other": ["--batch_size", "1"],
    "as openai-whisper": ["--batch_size", "1", "--compute_type", "float32"],
    "all of it": ["--vad_filter", "False"],
}


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("words", [["--max_words_per_line", "1"], ["--highlight_words", "True"]])
def test_fast_speech(
    run: Run, models: Path, utterances: list[Utterance], tmp_path: Path, way: str, words: list[str]
) -> None:
    fast = quicker(samples(utterances[2]), 2.6)
    once = np.concatenate([fast, np.zeros(int(3.5 * 16000))])
    last = write(tmp_path / "quick.wav", np.tile(once, 4))
    options = ["--model", "base", "--model_dir", models, "--language", "en", "--beam_size", "None"]
    done = run(
        tmp_path / "quick.wav",
        *("-o", tmp_path / "out", "--word_timestamps", "True"),
        *(*options, *WAYS[way], *words),
    )
    assert done.returncode == 0, done.stderr
    for path in (tmp_path / "out").iterdir():
        check_cues(read_times(path), last)
    found = read_words(tmp_path / "out" / "quick.json")
    check_cues(found, last)
    assert len(found) > 10


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("seconds", [3.37, 0.9, 2.345])
@pytest.mark.parametrize("words", ["True", "False"])
def test_recordings_that_are_cut_off(
    run: Run,
    models: Path,
    utterances: list[Utterance],
    tmp_path: Path,
    way: str,
    seconds: float,
    words: str,
) -> None:
    last = write(tmp_path / "cut.wav", samples(utterances[2])[: round(seconds * 16000)])
    assert last == pytest.approx(seconds)
    options = ["--model", "base", "--model_dir", models, "--language", "en", "--beam_size", "None"]
    done = run(
        tmp_path / "cut.wav",
        *("-o", tmp_path / "out", "--word_timestamps", words),
        *(*options, *WAYS[way]),
    )
    assert done.returncode == 0, done.stderr
    for path in (tmp_path / "out").iterdir():
        check_cues(read_times(path), last)
    # What is printed meanwhile, too.
    printed = [line for line in done.stdout.splitlines() if "-->" in line]
    ends = [line.split("]")[0].split("--> ")[1] for line in printed]
    assert all(60 * int(end[:2]) + float(end[3:]) <= last for end in ends)


UNSEEN = [
    "",
    "  ",
    "\u200b",
    "\u00ad",
    "\u2060\u200d",
    "\u202e",
    "\u3164",
    "\u2800",
    "\ufeff",
    "\x00",
]


@pytest.mark.parametrize("text", UNSEEN, ids=ascii)
@pytest.mark.parametrize(
    "output", [*OUTPUTS.values(), *map(preset, ("standard", "words"))], ids=str
)
@pytest.mark.parametrize("timed", [True, False])
def test_what_nobody_sees_is_no_cue(text: str, output: OutputSettings, timed: bool) -> None:
    result = transcript([(0.0, 1.0), (1.0, 2.0), (2.0, 3.0)])
    words = result["segments"][0]["words"]
    words[1]["word"] = f" {text}"
    result["segments"][0]["text"] = f" w0 {text} w2"
    result["segments"].append({**result["segments"][0], "text": text, "words": []})
    if not timed:
        for segment in result["segments"]:
            del segment["words"]
    for ending in ("srt", "vtt"):
        cues = read_cues(render(result, output, ending, last=LAST))
        check_cues(cues, LAST)
        assert all("w" in said for _, _, said in cues)
