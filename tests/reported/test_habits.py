"""What people expect of a command line, whatever they have used before: the whole program.

The modules' own tests have more inputs of each kind; here the way through the program is tried.
"""

from __future__ import annotations

import os
import pty
import re
import select
import shutil
import subprocess
import termios
import wave
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import Run, program
from utterance import Utterance

from transcriber.models.registry import official_models
from transcriber.text_width import text_width

MISSING = "/nonexistent/talk.wav"
"""A recording that is not there ends with code 3, after the options were understood."""


@pytest.fixture
def silent(tmp_path: Path) -> Path:
    """Return a recording that can be read."""
    path = tmp_path / "silent.wav"
    with wave.open(str(path), "wb") as stream:
        stream.setparams((1, 2, 16000, 0, "NONE", "not compressed"))
        stream.writeframes(bytes(32000))
    return path


@pytest.fixture
def decoding(models: Path) -> list[str]:
    """Return options that decode quickly."""
    once = ["--beam_size", "None", "--temperature_increment_on_fallback", "None"]
    return ["--model", "base", "--model_dir", str(models), "--language", "en", *once]


@pytest.mark.parametrize("here", [["base"], ["tiny", "base"], ["medium"], ["large-v3-turbo"]])
def test_another_model_that_is_there_is_offered(
    run: Run, silent: Path, tmp_path: Path, here: list[str]
) -> None:
    for name in here:
        model = official_models()[name]
        with (tmp_path / model.file_name).open("wb") as stream:
            stream.truncate(model.size)
    done = run(silent, "--offline", "--model_dir", tmp_path, "-o", tmp_path / "out")
    assert done.returncode == 6
    (line,) = done.stderr.splitlines()
    assert "the model small is not in" in line
    assert all(f"--model {name}" in line for name in here)


@pytest.mark.parametrize(
    "words",
    [
        ["--word_timestamps", MISSING],
        ["--word-timestamps", "--highlight_words", MISSING],
        ["--multilingual", "-f", "txt", MISSING],
        [MISSING, "--vad_filter"],
        ["--verbose", "--word_timestamps", "--", MISSING],
        ["--word_timestamps", "True", MISSING],
    ],
    ids=" ".join,
)
def test_options_without_true(run: Run, words: list[str]) -> None:
    done = run(*words)
    assert (done.returncode, MISSING in done.stderr) == (3, True), done.stderr


@pytest.mark.parametrize("formats", ["srt,txt", "txt,vtt,json", "SRT", "all", "srt, vtt"])
def test_several_formats(run: Run, formats: str) -> None:
    assert run("-f", formats, MISSING).returncode == 3
    assert run(f"--output-format={formats},doc", MISSING).returncode == 2


@pytest.mark.parametrize("words", [["help"], ["help", "models"], ["help", "doctor"], ["-V"]])
def test_words_that_ask_for_help(run: Run, words: list[str]) -> None:
    done = run(*words)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(("usage: transcriber", "transcriber "))


@pytest.mark.parametrize(
    "content",
    ["a.wav\nb.wav\n", "# mine\r\n\r\na.wav\r\nb.wav", "\ufeffa.wav\nb.wav\n", "a.wav\0b.wav\0"],
    ids=ascii,
)
def test_lists_of_recordings(run: Run, tmp_path: Path, content: str) -> None:
    path = tmp_path / "list.txt"
    path.write_bytes(content.encode())
    done = run(f"@{path}")
    assert done.returncode == 10
    assert all(f"there is no file {tmp_path}/{name}.wav" in done.stderr for name in "ab")


@pytest.mark.parametrize("line", ["beam_size = 0", "modell = base", "language", "device = tpu"])
def test_a_bad_line_of_the_defaults(run: Run, tmp_path: Path, line: str) -> None:
    path = tmp_path / "whisper-transcriber" / "defaults"
    path.parent.mkdir()
    path.write_text(f"threads = 1\n{line}\n")
    environment = {**os.environ, "XDG_CONFIG_HOME": str(tmp_path), "TRANSCRIBER_OFFLINE": "1"}
    done = run(MISSING, env=environment)
    assert done.returncode == 2
    (told,) = done.stderr.splitlines()
    assert told.startswith(f"transcriber: {path}, line 2: ")
    assert run(MISSING, "--no-defaults", env=environment).returncode == 3
    assert str(path) in run("doctor", env=environment).stdout


@pytest.mark.slow
def test_quiet_is_quiet(
    run: Run, decoding: list[str], utterances: list[Utterance], tmp_path: Path
) -> None:
    recording = utterances[0].path
    done = run(recording, "--quiet", "-o", tmp_path, "-f", "txt,srt", *decoding)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    text = (tmp_path / f"{recording.stem}.txt").read_text()
    assert text.strip()
    # The transcript is what was asked for.
    printed = run(recording, "--quiet", "-o", "-", "-f", "txt", *decoding)
    assert (printed.returncode, printed.stdout, printed.stderr) == (0, text, "")
    failed = run(MISSING, recording, "--quiet", "-o", tmp_path, "-f", "txt", *decoding)
    assert failed.returncode == 10
    (line,) = failed.stderr.splitlines()
    assert MISSING in line


@pytest.mark.slow
def test_the_end_says_which_files_were_written_and_where(
    run: Run, decoding: list[str], utterances: list[Utterance], tmp_path: Path
) -> None:
    recording = utterances[0].path
    for words, written in (
        (["-f", "srt,txt"], f"{recording.stem}.srt, .txt"),
        (["-f", "vtt"], f"{recording.stem}.vtt"),
        ([], f"{recording.stem}.txt, .vtt, .srt, .tsv, .json"),
    ):
        done = run(recording, "-o", "texts", *words, *decoding, cwd=tmp_path)
        assert done.stderr.splitlines()[-1].endswith(f"; wrote {tmp_path}/texts/{written}")
    for words in (["--progress", "none"], ["-o", "-", "-f", "txt"]):
        assert "wrote" not in run(recording, "-o", tmp_path, *decoding, *words).stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "limits"),
    [
        ("standard --batch_size auto", (42, 2, 7.0)),
        ("standard --batch_size 1", (42, 2, 7.0)),
        ("short", (28, 1, 4.0)),
        ("words", (99, 1, 9.0)),
    ],
)
def test_subtitles_for_readers(
    run: Run,
    decoding: list[str],
    long_recording: Path,
    tmp_path: Path,
    options: str,
    limits: tuple[int, int, float],
) -> None:
    width, lines, longest = limits
    words = ["-f", "srt,vtt,txt", "--subtitles", *options.split()]
    done = run(long_recording, "-o", tmp_path, *words, *decoding)
    assert done.returncode == 0, done.stderr
    text = (tmp_path / "long.txt").read_text()
    cues = list(read_cues((tmp_path / "long.srt").read_text()))
    shown = " ".join(line for _, _, payload in cues for line in payload)
    assert "".join(shown.split()) == "".join(text.split())
    at = 0.0
    for start, end, payload in cues:
        assert at <= start < end
        assert end - start <= longest + 0.002
        assert len(payload) <= lines
        assert max(map(text_width, payload)) <= width
        at = end
    assert (tmp_path / "long.vtt").read_text().count(" --> ") == len(cues)


def read_cues(text: str) -> Iterator[tuple[float, float, list[str]]]:
    """Yield start, end and lines of each cue of an SRT file."""
    for block in text.strip().split("\n\n"):
        _, times, *payload = block.split("\n")
        start, end = (seconds(time) for time in times.split(" --> "))
        yield start, end, payload


def seconds(time: str) -> float:
    hours, minutes, rest = time.replace(",", ".").split(":")
    return 3600 * int(hours) + 60 * int(minutes) + float(rest)


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    ["talk", "a very long name " * 6, "日本語の録音" * 8, "no" + "blanks" * 20],
    ids=len,
)
def test_the_bar_is_seen_in_80_columns_whatever_the_name(
    decoding: list[str], utterances: list[Utterance], tmp_path: Path, name: str
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    for number in (1, 2):
        shutil.copy(utterances[number].path, folder / f"{name} {number}.wav")
    screen = on_a_terminal(folder, "-o", tmp_path / "out", "--verbose", "False", *decoding)
    frames = [part for part in re.split(r"[\r\n]", screen) if re.search(r"\d%\|", part)]
    assert {frame[:7] for frame in frames} == {"1 of 2 ", "2 of 2 "}
    for frame in frames:
        assert text_width(frame) <= 80
        bar = re.search(r"\d%\|([^|]*)\|", frame)
        assert bar is not None
        assert len(bar[1]) >= 6
    assert "; wrote " in screen


def on_a_terminal(*words: str | Path) -> str:
    """Run the program on a terminal of 80 columns; return all that it showed."""
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 80))
    process = subprocess.Popen(program(words), stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    screen = b""
    try:
        while select.select([ours], [], [], 120)[0]:
            try:
                screen += os.read(ours, 65536)
            except OSError:
                # How a terminal says that nobody has it open any more.
                break
        assert process.wait(60) == 0, screen
    finally:
        process.kill()
        process.wait()
        os.close(ours)
    return screen.decode(errors="replace")


@pytest.mark.slow
@pytest.mark.parametrize("one_by_one", [[], ["--batch_size", "1"]], ids=["many", "one"])
def test_clips_that_begin_behind_the_end(
    run: Run, decoding: list[str], silent: Path, tmp_path: Path, one_by_one: list[str]
) -> None:
    words = ["--clip_timestamps", "100", "-o", tmp_path, "-f", "txt", *one_by_one]
    done = run(silent, *words, *decoding)
    assert done.returncode == 0
    first = done.stderr.splitlines()[0]
    assert first == f"{silent}: --clip_timestamps begins behind its end, 0:01"


def test_what_is_not_found_keeps_nothing_else_from_its_turn(run: Run, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    given = [MISSING, tmp_path / "*.no", tmp_path / "empty", f"@{tmp_path}/none.txt"]
    done = run(*given)
    assert done.returncode == 10
    words = ["holds no recording", "no file matches", "cannot read the list", "there is no file"]
    assert all(word in done.stderr for word in words)
    assert done.stderr.splitlines()[-1].startswith("4 failed")
    assert run(given[1]).returncode == 3
