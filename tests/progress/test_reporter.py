from __future__ import annotations

import io
import json
import os
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from time import sleep
from typing import Any

import pytest

from transcriber.engine.interface import DecodedWindows, Position, WindowResult
from transcriber.errors import InputError, StorageError, TranscriberError
from transcriber.progress.course import Course, Moment
from transcriber.progress.reporter import JsonReporter, Reporter, TextReporter, make_reporter
from transcriber.times import clock, stopwatch

HALF = Moment(position=50.0, duration=100.0, elapsed=10.0)
DONE = Moment(position=100.0, duration=100.0, elapsed=20.0)
SEGMENTS: list[Any] = [
    {"start": 0.0, "end": 1.5, "text": " one\nline", "tokens": [1], "seek": 0, "temperature": 0.0},
    {"start": 1.5, "end": 2.0, "text": " 語\ud83d", "tokens": [], "seek": 0, "temperature": 0.0},
]


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[float]]:
    """Return the time in seconds, as a list of one that the test can change."""
    now = [1000.0]
    with monkeypatch.context() as patch:
        patch.setattr("transcriber.times.time.monotonic", lambda: now[0])
        yield now


def report_everything(reporter: Reporter) -> None:
    """Tell a reporter all that a run of four recordings may tell."""
    reporter.plan({"in/a.wav": 100, "b.wav": 0, "c.wav": 10, "d.wav": 200})
    reporter.note("a note")
    reporter.download("base", 0, 1000)
    reporter.download("base", 600, 1000)
    reporter.download("base", 300, 1000)
    reporter.download("base", 1000, 1000)
    reporter.begin("in/a.wav", Moment(position=0.0, duration=100.0, elapsed=0.0))
    reporter.line("[00:00.000 --> 00:01.500] one")
    reporter.note("a note between")
    reporter.window(SEGMENTS, HALF)
    reporter.line("two")
    reporter.window([], DONE)
    reporter.finish("in/a.wav", [Path("out/a.txt"), Path("out/caf\udce9.srt")], DONE)
    reporter.skip("b.wav")
    reporter.fail("c.wav", InputError("no audio in c.wav", "give another"))
    reporter.begin("d.wav", Moment(position=0.0, duration=0.0, elapsed=0.0))
    reporter.finish("d.wav", [], Moment(position=0.0, duration=0.0, elapsed=0.5))
    reporter.summary({"transcribed": 2, "skipped": 1, "failed": 1}, 61.2345)
    reporter.close()
    reporter.close()


REPORTERS: dict[str, Callable[[], Reporter]] = {
    "bar": lambda: TextReporter(bar=True),
    "text": lambda: TextReporter(bar=False),
    "quiet": lambda: TextReporter(bar=False, download_lines=False),
    "json": JsonReporter,
}


def test_pace() -> None:
    assert HALF.real_time_factor == 0.2
    assert HALF.time_left == 10.0
    assert DONE.time_left == 0.0


def test_what_an_earlier_run_did_is_no_work_of_this_one() -> None:
    moment = Moment(position=50.0, duration=100.0, elapsed=10.0, resumed_at=40.0)
    assert moment.real_time_factor == 1.0
    assert moment.time_left == 50.0


@pytest.mark.parametrize("resumed_at", [0.0, 50.0])
def test_at_the_beginning_the_pace_is_unknown(resumed_at: float) -> None:
    moment = Moment(position=resumed_at, duration=100.0, elapsed=3.0, resumed_at=resumed_at)
    assert moment.real_time_factor is None
    assert moment.time_left is None


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0:00"),
        (0.4, "0:00"),
        (0.6, "0:01"),
        (9, "0:09"),
        (59.4, "0:59"),
        (59.6, "1:00"),
        (61, "1:01"),
        (600, "10:00"),
        (3599.4, "59:59"),
        (3599.6, "1:00:00"),
        (3600, "1:00:00"),
        (3661, "1:01:01"),
        (36000, "10:00:00"),
        (360000, "100:00:00"),
    ],
)
def test_clock(seconds: float, text: str) -> None:
    assert clock(seconds) == text


def test_stopwatch(time: list[float]) -> None:
    elapsed = stopwatch()
    assert elapsed() == 0
    time[0] += 2.5
    assert elapsed() == 2.5
    assert elapsed() == 2.5


def progress_until(seek: int) -> DecodedWindows:
    return DecodedWindows(windows=(WindowResult(segments=(), position=Position(seek=seek)),))


def test_course(time: list[float]) -> None:
    course = Course()
    course.duration = 90.0
    time[0] += 5
    # Reading the recording is no part of the pace.
    course.start()
    course.begin(DecodedWindows())
    assert course.moment() == Moment(position=0.0, duration=90.0, elapsed=0.0)
    time[0] += 6
    course.advance(Position(seek=3000))
    assert course.moment() == Moment(position=30.0, duration=90.0, elapsed=6.0)
    course.advance(Position(seek=9001))
    assert course.position == 90.0


def test_course_of_a_continued_run(time: list[float]) -> None:
    course = Course()
    course.duration = 90.0
    course.start()
    course.begin(progress_until(6000))
    time[0] += 3
    assert course.moment() == Moment(position=60.0, duration=90.0, elapsed=3.0, resumed_at=60.0)
    course.advance(Position(seek=7500))
    assert course.moment().real_time_factor == 0.2


@pytest.mark.parametrize("kind", REPORTERS)
def test_standard_output_has_the_transcript_and_nothing_else(
    kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    report_everything(REPORTERS[kind]())
    output = capsys.readouterr()
    assert output.out == "[00:00.000 --> 00:01.500] one\ntwo\n"
    assert output.err


def json_lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


MOMENT_KEYS = {"position", "duration", "elapsed", "real_time_factor", "time_left"}
KEYS = {
    "note": {"text"},
    "download": {"model", "bytes", "total"},
    "begin": {"input"} | MOMENT_KEYS,
    "segment": {"start", "end", "text"},
    "progress": MOMENT_KEYS,
    "finish": {"input", "outputs"} | MOMENT_KEYS,
    "skip": {"input"},
    "fail": {"input", "message", "exit_code"},
    "summary": {"elapsed", "transcribed", "skipped", "failed"},
}
"""What programs that read the lines rely on."""


def test_json_lines_have_their_keys(capsys: pytest.CaptureFixture[str]) -> None:
    report_everything(JsonReporter())
    lines = json_lines(capsys)
    assert {line["event"] for line in lines} == set(KEYS)
    for line in lines:
        assert set(line) == {"event"} | KEYS[line["event"]]


def test_json_lines_have_their_values(capsys: pytest.CaptureFixture[str]) -> None:
    reporter = JsonReporter()
    reporter.window(SEGMENTS, Moment(position=1 / 3, duration=2.0, elapsed=0.25))
    reporter.finish("a.wav", [Path("out/a.txt")], DONE)
    reporter.fail("c.wav", InputError("no\naudio", "give another"))
    reporter.summary({"transcribed": 2}, 61.23456)
    assert json_lines(capsys) == [
        {"event": "segment", "start": 0.0, "end": 1.5, "text": " one\nline"},
        {"event": "segment", "start": 1.5, "end": 2.0, "text": " 語\ud83d"},
        {
            "event": "progress",
            "position": 0.333,
            "duration": 2.0,
            "elapsed": 0.25,
            "real_time_factor": 0.75,
            "time_left": 1.25,
        },
        {
            "event": "finish",
            "input": "a.wav",
            "outputs": ["out/a.txt"],
            "position": 100.0,
            "duration": 100.0,
            "elapsed": 20.0,
            "real_time_factor": 0.2,
            "time_left": 0.0,
        },
        {"event": "fail", "input": "c.wav", "message": "no audio: give another", "exit_code": 3},
        {"event": "summary", "elapsed": 61.235, "transcribed": 2},
    ]


def test_json_is_plain_ascii_whatever_the_terminal_is(capsys: pytest.CaptureFixture[str]) -> None:
    report_everything(JsonReporter())
    assert capsys.readouterr().err.isascii()


def test_an_unknown_pace_is_null(capsys: pytest.CaptureFixture[str]) -> None:
    JsonReporter().begin("a.wav", Moment(position=0.0, duration=9.0, elapsed=0.1))
    (line,) = json_lines(capsys)
    assert line["real_time_factor"] is line["time_left"] is None


def test_text_tells_what_matters(capsys: pytest.CaptureFixture[str]) -> None:
    report_everything(TextReporter(bar=False))
    assert capsys.readouterr().err.splitlines() == [
        "a note",
        "base:   0 %, 0.0 MB of 0.0 MB",
        "base:  60 %, 0.0 MB of 0.0 MB",
        "base:  30 %, 0.0 MB of 0.0 MB",
        "base: 100 %, 0.0 MB of 0.0 MB",
        "a note between",
        "in/a.wav: 1:40 transcribed in 0:20, real-time factor 0.20; "
        f"wrote {Path('out/a.txt').absolute()}, caf\N{REPLACEMENT CHARACTER}.srt",
        "b.wav: skipped, its output files exist",
        "transcriber: no audio in c.wav: give another",
        "2 transcribed, 1 skipped, 1 failed in 1:01",
    ]


def test_text_without_progress(capsys: pytest.CaptureFixture[str]) -> None:
    report_everything(TextReporter(bar=False, download_lines=False))
    lines = capsys.readouterr().err.splitlines()
    assert not any(line.startswith("base:") or "wrote" in line for line in lines)


@pytest.mark.parametrize(
    ("outputs", "told"),
    [
        (["o/talk.srt"], "o/talk.srt"),
        (["o/talk.2024.txt", "o/talk.2024.srt"], "o/talk.2024.txt, .srt"),
        (["o/talk.mp4.txt", "o/talk.mp4.json", "o/other.vtt"], "o/talk.mp4.txt, .json, other.vtt"),
        (["o/a\nb.txt"], "o/a\N{REPLACEMENT CHARACTER}b.txt"),
    ],
)
def test_the_end_tells_what_was_written_and_where(
    outputs: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for bar in (False, True):
        TextReporter(bar=bar).finish("talk.mp4", [Path(one) for one in outputs], DONE)
        (line,) = capsys.readouterr().err.splitlines()
        assert line.endswith(f"real-time factor 0.20; wrote {Path.cwd()}/{told}")


def test_the_end_of_what_was_printed_is_told_beside_a_bar_only(
    capsys: pytest.CaptureFixture[str],
) -> None:
    TextReporter(bar=False).finish("talk.mp4", [], DONE)
    assert capsys.readouterr().err == ""
    TextReporter(bar=True).finish("talk.mp4", [], DONE)
    assert capsys.readouterr().err.endswith("real-time factor 0.20\n")


@pytest.mark.parametrize("progress", ["auto", "bar", "none"])
def test_quiet_is_failures_only(progress: str, capsys: pytest.CaptureFixture[str]) -> None:
    report_everything(reporter := make_reporter(progress, quiet=True))
    reporter.interrupted("interrupted at 0:01", 130)
    output = capsys.readouterr()
    assert output.out == "[00:00.000 --> 00:01.500] one\ntwo\n"
    assert output.err.splitlines() == [
        "transcriber: no audio in c.wav: give another",
        "transcriber: interrupted at 0:01",
    ]


def test_quiet_json_is_failures_only(capsys: pytest.CaptureFixture[str]) -> None:
    report_everything(make_reporter("json", quiet=True))
    assert [line["event"] for line in json_lines(capsys)] == ["fail"]


def test_a_summary_leaves_out_what_did_not_happen(capsys: pytest.CaptureFixture[str]) -> None:
    TextReporter(bar=False).summary({"transcribed": 3, "skipped": 0, "failed": 0}, 3.0)
    assert capsys.readouterr().err == "3 transcribed in 0:03\n"


def test_the_bar_shows_where_the_run_is(capsys: pytest.CaptureFixture[str]) -> None:
    reporter = TextReporter(bar=True)
    reporter.begin("in/talk.wav", Moment(position=0.0, duration=100.0, elapsed=0.0))
    assert "talk.wav   0%" in (drawn := capsys.readouterr().err)
    assert "0:00/1:40" in drawn
    assert "RTF" not in drawn
    reporter.window([], HALF)
    assert "0:50/1:40, RTF 0.20, 0:10 left" in capsys.readouterr().err
    reporter.window([], DONE)
    assert "talk.wav 100%" in capsys.readouterr().err
    reporter.finish("in/talk.wav", [], DONE)
    assert "in/talk.wav: 1:40 transcribed in 0:20, real-time factor 0.20" in capsys.readouterr().err


def test_the_bar_counts_recordings(capsys: pytest.CaptureFixture[str]) -> None:
    reporter = TextReporter(bar=True)
    reporter.plan({"in/a.wav": 100, "in/b.wav": 100, "in/c.wav": 100})
    reporter.begin("in/b.wav", Moment(position=0.0, duration=100.0, elapsed=0.0))
    reporter.window([], HALF)
    reporter.close()
    drawn = capsys.readouterr().err
    assert "2 of 3 b.wav   0%" in drawn
    assert re.search(r"2 of 3 b\.wav  50%.*0:10 left, \d+:\d\d for all", drawn)


def test_the_bar_begins_where_an_earlier_run_stopped(capsys: pytest.CaptureFixture[str]) -> None:
    reporter = TextReporter(bar=True)
    moment = Moment(position=40.0, duration=100.0, elapsed=0.0, resumed_at=40.0)
    reporter.begin("talk.wav", moment)
    assert "0:40/1:40" in capsys.readouterr().err
    reporter.close()


def test_the_bar_of_a_download(capsys: pytest.CaptureFixture[str]) -> None:
    reporter = TextReporter(bar=True)
    # It begins anew after a while.
    for done in (0, 50_000_000, 10_000_000, 120_000_000):
        reporter.download("base", done, 145_262_807)
        # The bar is drawn ten times a second at most.
        sleep(0.12)
    drawn = capsys.readouterr().err
    assert "base" in drawn
    assert "50.0M/145M" in drawn
    assert "120M/145M" in drawn
    reporter.download("base", 145_262_807, 145_262_807)
    # The next one begins a bar of its own.
    capsys.readouterr()
    reporter.download("tiny", 0, 75_000_000)
    assert "tiny" in capsys.readouterr().err
    reporter.close()


def test_a_recording_takes_the_place_of_a_download(capsys: pytest.CaptureFixture[str]) -> None:
    reporter = TextReporter(bar=True)
    reporter.download("base", 500, 1000)
    reporter.begin("talk.wav", HALF)
    capsys.readouterr()
    reporter.window([], DONE)
    assert "talk.wav 100%" in capsys.readouterr().err
    reporter.close()


def test_lines_stand_above_the_bar(capsys: pytest.CaptureFixture[str]) -> None:
    reporter = TextReporter(bar=True)
    reporter.begin("talk.wav", HALF)
    capsys.readouterr()
    reporter.note("a note")
    drawn = capsys.readouterr().err
    # The bar is wiped out, and drawn again on the line below.
    cleared, _, rest = drawn.partition("a note\n")
    assert cleared.startswith("\r")
    assert "talk.wav" not in cleared
    assert "talk.wav" in rest
    reporter.close()


def test_a_closed_bar_is_gone(capsys: pytest.CaptureFixture[str]) -> None:
    reporter = TextReporter(bar=True)
    reporter.begin("talk.wav", HALF)
    reporter.close()
    # tqdm writes blanks over it.
    assert capsys.readouterr().err.endswith(" \r")


def test_a_recording_of_unknown_length_has_a_bar(capsys: pytest.CaptureFixture[str]) -> None:
    reporter = TextReporter(bar=True)
    reporter.begin("talk.wav", Moment(position=0.0, duration=0.0, elapsed=0.0))
    reporter.close()
    assert "talk.wav   0%" in capsys.readouterr().err


def test_a_reader_that_has_gone_does_not_end_the_run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for make in REPORTERS.values():
        reader, writer = os.pipe()
        os.close(reader)
        # Its buffer still holds the text when it is closed; that has nobody to read it either.
        broken = io.TextIOWrapper(io.FileIO(writer, "w"), write_through=True)
        with monkeypatch.context() as patch:
            patch.setattr(sys, "stdout", broken)
            with pytest.raises(BrokenPipeError):
                print("x", flush=True)
            report_everything(make())
            broken.detach().close()
        assert capsys.readouterr().err


@pytest.mark.parametrize("kind", REPORTERS)
def test_standard_output_on_a_full_disk_is_told(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # Nothing can be written to this device, as to a full disk.
    full = io.TextIOWrapper(io.FileIO("/dev/full", "w"), write_through=True)
    reporter = REPORTERS[kind]()
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", full)
        with pytest.raises(StorageError, match="standard output: No space left") as caught:
            reporter.line("one")
    assert "--verbose False" in caught.value.remedy
    full.detach().close()


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("progress", "terminal", "bar"),
    [
        ("auto", True, True),
        ("auto", False, False),
        ("bar", True, True),
        ("bar", False, True),
        ("none", True, False),
        ("none", False, False),
    ],
)
def test_a_bar_is_for_terminals(
    progress: str, terminal: bool, bar: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    error = Terminal() if terminal else io.StringIO()
    monkeypatch.setattr(sys, "stderr", error)
    reporter = make_reporter(progress)
    reporter.begin("talk.wav", HALF)
    reporter.close()
    assert ("talk.wav" in error.getvalue()) is bar
    reporter.download("base", 500, 1000)
    assert ("base" in error.getvalue()) is (progress != "none")
    reporter.close()


def test_json_is_json_on_a_terminal_too(monkeypatch: pytest.MonkeyPatch) -> None:
    error = Terminal()
    monkeypatch.setattr(sys, "stderr", error)
    make_reporter("json").fail("a.wav", TranscriberError("x"))
    assert json.loads(error.getvalue())["exit_code"] == 1
