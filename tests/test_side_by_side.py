"""Several recordings at a time, with jobs and an engine that do what a test makes up."""

from __future__ import annotations

import signal
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from transcriber import side_by_side as module
from transcriber.engine import openai_whisper
from transcriber.engine.hypothesis import Hypothesis
from transcriber.engine.interface import DecodedWindows, Position, WindowResult
from transcriber.errors import InputError, LimitError, ModelError, StorageError, TranscriberError
from transcriber.inputs.recordings import Recording
from transcriber.interruption import Interrupted
from transcriber.side_by_side import SideBySide

openai_whisper.load()

from transcriber.engine.batching import side_by_side  # noqa: E402
from transcriber.engine.clipwise import clips_left  # noqa: E402
from transcriber.engine.request import Loop, Request  # noqa: E402

SAID = Hypothesis(
    tokens=(), temperature=0.0, avg_logprob=0.0, compression_ratio=1.0, no_speech_prob=0.0
)
WINDOWS = 8
"""At once."""

Event = tuple[str, ...]


@dataclass(kw_only=True)
class Script:
    """A recording: how long each window of each clip takes, and what goes wrong."""

    clips: Sequence[Sequence[int]] = ((1,),)
    done: Sequence[tuple[int, int]] = ()
    fails: str = ""
    error: BaseException = field(default_factory=lambda: InputError("broken"))
    wanted: tuple[int, str] = (1, "")
    continues: bool = False
    prints: bool = False


class ScriptedJob:
    """Stands in for a `Job`, and notes what is asked of it."""

    def __init__(self, label: str, script: Script, stage: Stage) -> None:
        self.label = label
        self.script = script
        self.stage = stage
        self.wanted = script.wanted
        self.continues = script.continues
        self.prints = script.prints
        self.windows = [window(clip, number) for clip, number in script.done]
        self.appended: list[str] = []
        self.closed = False
        self.taken: Taken | None = None

    def _note(self, what: str, *more: str) -> None:
        self.stage.log.append((what, self.label, *more))
        if self.script.fails == what:
            raise self.script.error

    @property
    def decoded(self) -> DecodedWindows:
        return DecodedWindows(language="en", windows=tuple(self.windows))

    def open(self) -> None:
        self.stage.open.add(self.label)
        self.stage.most_open = max(self.stage.most_open, len(self.stage.open))
        self._note("open")

    def read(self, ahead: object) -> None:
        assert ahead is self.stage.ahead
        self.stage.beside[self.label] = self.stage.open - {self.label}
        self.stage.engine.last = self
        self._note("read")

    def begin(self, decoded: DecodedWindows) -> None:
        self._note("begin", " ".join(name(one) for one in decoded.windows))

    def append(self, window: WindowResult) -> None:
        self.windows.append(window)
        self.appended.append(name(window))
        self._note("append", name(window))

    def tell(self, window: WindowResult) -> None:
        self._note("tell", name(window))

    def write(self) -> tuple[Path, ...]:
        self._note("write")
        return (Path(f"{self.label}.txt"),)

    def finish(self, outputs: Sequence[Path]) -> None:
        self._note("finish", " ".join(map(str, outputs)))

    def save(self) -> str:
        self._note("save")
        return f"{self.label} is kept"

    def close(self) -> None:
        self.closed = True
        self.stage.open.discard(self.label)
        self._note("close")


class Taken:
    """What the engine hands over of a recording."""

    def __init__(self, job: ScriptedJob) -> None:
        self.job = job
        self.clips = [(1000 * n, 1000 * n + len(w)) for n, w in enumerate(job.script.clips)]
        self.closed = False

    def close(self) -> None:
        self.closed = True


class ScriptedEngine:
    """Decodes what is shortest first."""

    def __init__(self, stage: Stage) -> None:
        self.last: ScriptedJob | None = None
        self.stage = stage
        self.held: dict[int, Request] = {}
        self.steps = 0
        self.interrupted_at = -1

    def take(self) -> Taken:
        assert self.last is not None
        self.last.taken, self.last = Taken(self.last), None
        return self.stage.jobs[-1].taken or pytest.fail("nothing was read")

    def loops(
        self, taken: Taken, language: str, done: DecodedWindows
    ) -> Iterator[tuple[int, Loop]]:
        assert language == "en"
        for clip in clips_left(taken.clips, done):
            begun = sum(one.position.clip == clip for one in done.windows)
            yield clip, self._loop(taken, clip, begun)

    def _loop(self, taken: Taken, clip: int, begun: int) -> Loop:
        for number, length in enumerate(taken.job.script.clips[clip]):
            if number < begun:
                continue
            assert not taken.closed
            yield Request(encoded=length, language="en", prompt=[], temperature=0.0)
            yield window(clip, number)

    def decode(self, loops: Any) -> Any:
        return side_by_side(loops, self, most=WINDOWS)

    def fits(self, request: Request) -> bool:
        return len(self.held) < WINDOWS

    def add(self, number: int, request: Request) -> None:
        self.held[number] = request

    def run(self) -> list[tuple[int, Hypothesis]]:
        self.steps += 1
        assert self.steps < 10000
        if self.steps == self.interrupted_at:
            raise Interrupted(signal.SIGINT)
        if not self.held:
            return []
        number = min(self.held, key=lambda one: (self.held[one].encoded, one))
        del self.held[number]
        return [(number, SAID)]


class Stage:
    """One call of the program."""

    def __init__(self, **scripts: Script) -> None:
        self.log: list[Event] = []
        self.open: set[str] = set()
        self.most_open = 0
        self.beside: dict[str, set[str]] = {}
        self.jobs: list[ScriptedJob] = []
        self.failed: list[tuple[str, TranscriberError]] = []
        self.ahead: Any = object()
        self.engine = ScriptedEngine(self)
        self._scripts = scripts

    def close(self) -> None:
        """As a reporter: clear the bar."""
        self.log.append(("bar", ""))

    def run(self) -> None:
        engine: Any = self.engine
        reporter: Any = self
        SideBySide(
            engine,
            make_job=self.make_job,
            ahead=self.ahead,
            reporter=reporter,
            failed=self._fail,
        ).transcribe([Recording(path=None, label=one, stem=Path(one)) for one in self._scripts])

    def make_job(self, recording: Recording) -> Any:
        self.jobs.append(ScriptedJob(recording.label, self._scripts[recording.label], self))
        return self.jobs[-1]

    def _fail(self, recording: Recording, error: TranscriberError) -> None:
        self.log.append(("fail", recording.label))
        self.failed.append((recording.label, error))

    def of(self, *kinds: str) -> list[str]:
        """Return the events of some kinds, a line each."""
        return [" ".join(filter(None, event)) for event in self.log if event[0] in kinds]

    def job(self, label: str) -> ScriptedJob:
        (found,) = [job for job in self.jobs if job.label == label]
        return found

    def check_all_closed(self) -> None:
        assert self.jobs
        for job in self.jobs:
            assert job.closed, job.label
            assert job.taken is None or job.taken.closed, job.label


def window(clip: int, number: int) -> WindowResult:
    segment: Any = {"text": f"{clip}.{number}"}
    return WindowResult(
        segments=(segment,), position=Position(clip=clip, seek=1000 * clip + number + 1)
    )


def name(one: WindowResult) -> str:
    return str(one.segments[0]["text"])


TELLING = ("begin", "tell", "finish", "fail")
SLOW = Script(clips=[[9, 9], [8]])
QUICK = Script(clips=[[1], [1]])


def test_one_recording() -> None:
    stage = Stage(a=Script(clips=[[5], [1, 1]]))
    stage.run()
    assert stage.of("open", "read", "begin", "append", "tell", "write", "finish") == [
        *("open a", "read a", "begin a", "append a 0.0", "tell a 0.0"),
        *("append a 1.0", "tell a 1.0", "append a 1.1", "tell a 1.1", "write a"),
        "finish a a.txt",
    ]
    assert stage.failed == []
    stage.check_all_closed()


def test_what_is_decoded_is_told_in_the_order_of_the_recordings() -> None:
    stage = Stage(a=SLOW, b=QUICK, c=QUICK)
    stage.run()
    assert stage.of(*TELLING) == [
        *("begin a", "tell a 0.0", "tell a 0.1", "tell a 1.0", "finish a a.txt"),
        *("begin b", "tell b 0.0", "tell b 1.0", "finish b b.txt"),
        *("begin c", "tell c 0.0", "tell c 1.0", "finish c c.txt"),
    ]
    # Those behind it were done before.
    assert stage.log.index(("append", "b", "1.0")) < stage.log.index(("append", "a", "1.0"))
    stage.check_all_closed()


def test_windows_are_told_as_soon_as_those_before_them_are() -> None:
    stage = Stage(a=Script(clips=[[1, 5], [3], [1]]))
    stage.run()
    told = stage.of("append", "tell")
    assert told.index("append a 2.0") < told.index("tell a 0.1")
    assert told.index("tell a 0.0") < told.index("append a 2.0")
    assert stage.of("tell") == ["tell a 0.0", "tell a 0.1", "tell a 1.0", "tell a 2.0"]


def test_files_are_written_as_soon_as_a_recording_is_done() -> None:
    stage = Stage(a=SLOW, b=QUICK, c=QUICK)
    stage.run()
    assert stage.of("write") == ["write b", "write c", "write a"]
    assert stage.log.index(("write", "c")) < stage.log.index(("append", "a", "1.0"))
    for label in "abc":
        assert stage.log.index(("write", label)) < stage.log.index(
            ("finish", label, f"{label}.txt")
        )


def test_what_is_written_is_let_go_of() -> None:
    stage = Stage(a=SLOW, b=QUICK)
    kept: list[bool] = []
    run = stage.engine.run

    def look() -> Any:
        if ("write", "b") in stage.log and ("write", "a") not in stage.log:
            taken = stage.job("b").taken
            kept.append(taken is not None and not taken.closed)
        return run()

    stage.engine.run = look  # type: ignore[method-assign]
    stage.run()
    assert kept
    assert not any(kept)


def test_what_is_printed_is_printed_in_order() -> None:
    printed = {"prints": True}
    stage = Stage(
        a=Script(clips=SLOW.clips, **printed),  # type: ignore[arg-type]
        b=Script(clips=QUICK.clips, **printed),  # type: ignore[arg-type]
        c=Script(clips=QUICK.clips, **printed),  # type: ignore[arg-type]
    )
    stage.run()
    assert stage.of("write", "finish") == [
        *("write a", "finish a a.txt", "write b", "finish b b.txt", "write c", "finish c c.txt"),
    ]
    assert stage.log.index(("append", "c", "1.0")) < stage.log.index(("write", "a"))
    stage.check_all_closed()


@pytest.mark.parametrize("error", [InputError("no"), LimitError("no"), StorageError("no")])
@pytest.mark.parametrize("fails", ["open", "read", "append", "write"])
@pytest.mark.parametrize("broken", ["a", "b", "c"])
@pytest.mark.parametrize("prints", [True, False])
def test_a_recording_that_fails_keeps_no_other_from_being_transcribed(
    broken: str, fails: str, error: TranscriberError, prints: bool
) -> None:
    good: dict[str, Any] = {"clips": [[2, 2], [1]], "prints": prints}
    scripts = {label: Script(**good) for label in "abc"}
    scripts[broken] = Script(**good, fails=fails, error=error)
    stage = Stage(**scripts)
    stage.run()
    assert stage.failed == [(broken, error)]
    # Nothing more is asked of it.
    after = stage.log[stage.log.index(("fail", broken)) + 1 :]
    assert not [event for event in after if event[1] == broken]
    others = [label for label in "abc" if label != broken]
    assert stage.of("finish") == [f"finish {label} {label}.txt" for label in others]
    for label in others:
        assert stage.of("tell").count(f"tell {label} 0.1") == 1
        assert sorted(stage.job(label).appended) == ["0.0", "0.1", "1.0"]
        assert stage.of("write").count(f"write {label}") == 1
    stage.check_all_closed()


def test_what_fails_is_not_decoded_any_further() -> None:
    script = Script(clips=[[1] * 20, [1] * 20], fails="append")
    stage = Stage(a=script, b=Script(clips=[[5] * 20]))
    stage.run()
    assert len(stage.job("a").appended) == 1
    # Of its loops, what was in the batch already at most.
    assert stage.engine.steps < 20 + 3 + 3
    assert stage.of("finish") == ["finish b b.txt"]


def test_every_recording_may_fail() -> None:
    stage = Stage(a=Script(fails="open"), b=Script(fails="read"), c=Script(fails="write"))
    stage.run()
    assert [label for label, _ in stage.failed] == ["a", "b", "c"]
    assert stage.of("finish") == []
    stage.check_all_closed()


@pytest.mark.parametrize("fails", ["open", "read", "append", "write"])
def test_other_failures_end_the_run(fails: str) -> None:
    broken = Script(fails=fails, error=ModelError("damaged"))
    stage = Stage(a=QUICK, b=broken, c=QUICK)
    with pytest.raises(ModelError, match="damaged"):
        stage.run()
    assert stage.failed == []
    assert "finish c c.txt" not in stage.of("finish")
    stage.check_all_closed()


def test_what_an_earlier_run_has_done_is_told_first_and_not_decoded() -> None:
    script = Script(clips=[[1, 1], [1, 1], [1]], done=[(0, 0), (2, 0), (1, 0), (0, 1)])
    stage = Stage(a=script)
    stage.run()
    assert stage.of(*TELLING) == [
        "begin a 0.0 0.1 1.0",
        "tell a 1.1",
        "tell a 2.0",
        "finish a a.txt",
    ]
    assert stage.job("a").appended == ["1.1"]


def test_a_gap_ends_what_is_told_first() -> None:
    script = Script(clips=[[1], [1], [1]], done=[(1, 0), (2, 0)])
    stage = Stage(a=script)
    stage.run()
    assert stage.of("begin", "tell") == ["begin a", "tell a 0.0", "tell a 1.0", "tell a 2.0"]


@pytest.mark.parametrize("prints", [True, False])
@pytest.mark.parametrize("done", [[], [(0, 0)]])
def test_a_recording_in_which_nothing_is_left_to_decode(
    done: list[tuple[int, int]], prints: bool
) -> None:
    nothing = Script(clips=[[1]] if done else [], done=done, prints=prints)
    stage = Stage(a=nothing, b=SLOW, c=nothing, d=QUICK, e=nothing)
    stage.run()
    assert stage.of("finish") == [f"finish {label} {label}.txt" for label in "abcde"]
    assert stage.job("a").appended == []
    # Nobody has to wait for it.
    assert stage.log.index(("finish", "a", "a.txt")) < stage.log.index(("read", "b"))
    stage.check_all_closed()


def test_what_has_a_journal_is_read_while_no_other_is_open() -> None:
    """Until then nobody knows whether it goes on with the journal's kernels or begins anew."""
    earlier = Script(clips=QUICK.clips, continues=True)
    stage = Stage(a=SLOW, b=earlier, c=earlier, d=QUICK)
    stage.run()
    assert stage.beside["b"] == stage.beside["c"] == set()
    assert stage.beside["d"] == {"c"}
    stage.check_all_closed()


@pytest.mark.parametrize("wanted", [(2, ""), (1, "int8 avx2")])
def test_other_threads_or_kernels_wait_until_no_other_is_open(wanted: tuple[int, str]) -> None:
    other = Script(clips=QUICK.clips, wanted=wanted)
    stage = Stage(a=SLOW, b=QUICK, c=other, d=other, e=QUICK, f=QUICK)
    stage.run()
    assert stage.beside["c"] == set()
    assert stage.beside["d"] == {"c"}
    # So do those that want the first ones again.
    assert stage.beside["e"] == set()
    assert stage.beside["b"] == {"a"}
    assert stage.beside["f"] == {"e"}
    assert stage.of("finish") == [f"finish {label} {label}.txt" for label in "abcdef"]
    assert stage.failed == []
    stage.check_all_closed()


@pytest.mark.parametrize("prints", [True, False])
def test_so_many_recordings_are_open_at_a_time(
    monkeypatch: pytest.MonkeyPatch, prints: bool
) -> None:
    monkeypatch.setattr(module, "_MOST_OPEN", 3)
    scripts = {f"r{n:02}": Script(clips=[[1]], prints=prints) for n in range(1, 20)}
    stage = Stage(r00=Script(clips=[[50] * 2], prints=prints), **scripts)
    stage.run()
    assert stage.most_open == 4
    assert len(stage.of("finish")) == 20
    assert max(map(len, stage.beside.values())) == 2
    stage.check_all_closed()


def test_what_is_written_counts_until_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST_OPEN", 3)
    scripts = {f"r{n:02}": Script(clips=[[1]]) for n in range(1, 9)}
    stage = Stage(r00=Script(clips=[[1, 50]]), **scripts)
    stage.run()
    written = stage.of("write", "read")
    # The long one ends before the fourth one is read.
    assert written.index("write r00") < written.index("read r03")


def test_an_interruption_keeps_what_is_not_written() -> None:
    stage = Stage(a=Script(clips=[[9, 9]]), b=Script(clips=[[1], [9]]), c=QUICK)
    stage.engine.interrupted_at = 5
    with pytest.raises(Interrupted) as caught:
        stage.run()
    assert stage.of("write") == ["write c"]
    assert stage.of("save") == ["save a", "save b"]
    assert caught.value.message == ("interrupted; the same command continues where it stopped")
    # The bar is cleared before anything is written.
    assert stage.log.index(("bar", "")) < stage.log.index(("save", "a"))
    assert stage.of("finish") == []
    stage.check_all_closed()


def test_an_interruption_of_one_recording_tells_of_it() -> None:
    stage = Stage(a=SLOW)
    stage.engine.interrupted_at = 2
    with pytest.raises(Interrupted) as caught:
        stage.run()
    assert caught.value.message == "a is kept"
    stage.check_all_closed()


@pytest.mark.parametrize("fails", ["open", "read"])
def test_an_interruption_while_another_is_read(fails: str) -> None:
    script = Script(fails=fails, error=Interrupted(signal.SIGTERM))
    stage = Stage(a=SLOW, b=script, c=QUICK)
    with pytest.raises(Interrupted) as caught:
        stage.run()
    assert caught.value.exit_code == 128 + signal.SIGTERM
    assert stage.of("save") == ["save a", "save b"]
    assert caught.value.message == "interrupted; the same command continues where it stopped"
    assert [job.label for job in stage.jobs] == ["a", "b"]
    assert stage.failed == []
    stage.check_all_closed()


@pytest.mark.parametrize("fails", ["append", "tell", "write", "begin"])
def test_an_interruption_at_any_other_point(fails: str) -> None:
    script = Script(clips=[[1], [1]], fails=fails, error=Interrupted(signal.SIGINT))
    stage = Stage(a=script, b=SLOW)
    with pytest.raises(Interrupted) as caught:
        stage.run()
    assert "save a" in stage.of("save")
    assert "write b" not in stage.of("write")
    assert caught.value.message
    stage.check_all_closed()


def test_an_interruption_with_nothing_to_keep() -> None:
    def interrupt(recording: Recording) -> Any:
        raise Interrupted(signal.SIGINT)

    stage = Stage(a=QUICK)
    stage.make_job = interrupt  # type: ignore[method-assign]
    with pytest.raises(Interrupted) as caught:
        stage.run()
    assert caught.value.message == "interrupted"


def test_no_recordings() -> None:
    stage = Stage()
    stage.run()
    assert stage.log == []


@pytest.mark.parametrize("fails", ["begin", "tell"])
@pytest.mark.parametrize("prints", [True, False])
def test_standard_output_that_is_full_fails_one_recording(fails: str, prints: bool) -> None:
    error = StorageError("cannot write to standard output")
    script = Script(clips=[[1], [1]], fails=fails, error=error, prints=prints)
    stage = Stage(a=script, b=QUICK)
    stage.run()
    assert stage.failed == [("a", error)]
    assert stage.of("finish") == ["finish b b.txt"]
    stage.check_all_closed()


def test_what_is_printed_cannot_be_continued() -> None:
    script = Script(
        clips=QUICK.clips, fails="append", error=Interrupted(signal.SIGTERM), prints=True
    )
    stage = Stage(a=replace(SLOW, prints=True), b=script)
    with pytest.raises(Interrupted) as caught:
        stage.run()
    assert caught.value.message == "interrupted; nothing of what is not printed is kept"
