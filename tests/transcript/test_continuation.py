"""A journal knows what computed it, and is continued by the same or by a GPU."""

from __future__ import annotations

import dataclasses
import json
import zlib
from pathlib import Path
from typing import Any

import pytest

from transcriber.engine.interface import PLAIN_KERNELS, Position, WindowResult
from transcriber.transcript.continuation import Continuation
from transcriber.transcript.journal import Header, Journal, identity, journal_path, open_journal

WORK = identity({"audio": "abc", "model": "m"})


class Engine:
    """An engine with one kind of kernels, and perhaps others."""

    def __init__(self, best: str, *others: str) -> None:
        self.best, self.others, self.now = best, others, best

    def identity(self) -> dict[str, str]:
        return {"model": "m"}

    def kernels(self) -> str:
        return self.now

    def use_kernels(self, wanted: str) -> None:
        self.now = wanted if wanted in self.others else self.best

    clips = None

    def use_clips(self, clips: object) -> None:
        assert clips is None


def begin(engine: Engine, journal: Journal) -> None:
    given: Any = engine
    work = Continuation(journal, given, threads=1, keep_threads=True)
    engine.use_kernels(work.kernels)
    work.take_up("abc", language=lambda: "en", note=lambda _: None)


@pytest.mark.parametrize(
    ("before", "engine", "continued", "kernels"),
    [
        ("int8 avx2", Engine("int8 avx2"), True, "int8 avx2"),
        # A newer processor has those of an older one.
        ("int8 avx2", Engine("int8 amx", "int8 avx2"), True, "int8 avx2"),
        ("int8 amx", Engine("int8 avx2", "int8 default"), False, "int8 avx2"),
        ("float32 avx2", Engine("int8 avx2"), False, "int8 avx2"),
        ("int8 avx2", Engine(PLAIN_KERNELS), False, PLAIN_KERNELS),
        # What one device has begun another continues.
        ("", Engine("int8 avx2"), True, ""),
        ("int8 avx2", Engine(""), True, "int8 avx2"),
    ],
)
def test_what_continues(
    before: str, engine: Engine, continued: bool, kernels: str, tmp_path: Path
) -> None:
    with open_journal(journal_path(tmp_path / "talk")) as journal:
        journal.begin(Header(identity=WORK, language="de", threads=1, kernels=before))
        journal.append(WindowResult(segments=(), position=Position(seek=3000)))
        begin(engine, journal)
        assert len(journal.windows) == continued
        assert journal.header is not None
        assert journal.header.kernels == kernels
        assert engine.kernels() == (engine.best if not continued else engine.now)


def test_what_begins_anew_has_the_best_kernels(tmp_path: Path) -> None:
    engine = Engine("int8 amx", "int8 avx2")
    with open_journal(journal_path(tmp_path / "talk")) as journal:
        journal.begin(Header(identity="other", language="de", threads=1, kernels="int8 avx2"))
        begin(engine, journal)
        assert journal.header is not None
        assert journal.header.kernels == "int8 amx"


@pytest.mark.parametrize(("engine", "continued"), [(PLAIN_KERNELS, True), ("int8 avx2", False)])
def test_journals_of_earlier_versions(engine: str, continued: bool, tmp_path: Path) -> None:
    header = dataclasses.asdict(Header(identity=WORK, language="de", threads=1))
    del header["kernels"]
    window = dataclasses.asdict(WindowResult(segments=(), position=Position(seek=3000)))
    lines = []
    for record in (header, window):
        body = json.dumps(record).encode()
        lines.append(b"%08x %s\n" % (zlib.crc32(body), body))
    path = journal_path(tmp_path / "talk")
    path.write_bytes(b"".join(lines))
    with open_journal(path) as journal:
        assert len(journal.windows) == 1
        begin(Engine(engine), journal)
        assert len(journal.windows) == continued
