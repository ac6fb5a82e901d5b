"""What goes between the process that watches and the one that decodes."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from transcriber.inputs.recordings import Recording
from transcriber.watching.feed import ENDED, READY, Feed, Lines, send


@dataclass
class Fed:
    """A feed, and the other ends of its pipes."""

    orders: int
    answers: Lines
    feed: Feed
    notes: list[str] = field(default_factory=list)

    def give(self, path: Path) -> None:
        send(self.orders, {"recording": (str(path), path.name, path.stem, "")})

    def answered(self) -> list[object]:
        return list(self.answers.read(wait=False))


@pytest.fixture
def fed() -> Iterator[Fed]:
    (reading, orders), (answers, writing) = os.pipe(), os.pipe()
    notes: list[str] = []
    yield Fed(orders, Lines(answers), Feed(reading, writing, notes.append), notes)
    for descriptor in (reading, orders, answers, writing):
        # A test may have closed one.
        with contextlib.suppress(OSError):
            os.close(descriptor)


def test_recordings_come_in_their_order_and_their_ends_are_told(fed: Fed, tmp_path: Path) -> None:
    paths = [tmp_path / "a.wav", tmp_path / os.fsdecode(b"caf\xe9.wav")]
    for path in paths:
        path.touch()
        fed.give(path)
    begun: list[Recording] = []
    fed.feed.ready()
    assert fed.feed.await_recording()
    recordings = fed.feed.recordings(begun.append)
    first, second = next(recordings), next(recordings)
    assert first is not None
    assert second is not None
    assert begun == [first, second]
    assert [first.path, second.path] == paths
    assert (first.label, first.stem) == ("a.wav", Path("a"))
    # What is running may be joined by another one.
    assert next(recordings) is None
    fed.feed.ended(second)
    assert next(recordings) is None
    fed.feed.ended(first)
    assert next(recordings, "over") == "over"
    assert fed.answered() == [
        {"event": READY},
        *({"event": ENDED, "label": one.label, "code": 0, "told": ""} for one in (second, first)),
    ]


def test_one_that_is_no_longer_there_is_told_and_passed_over(fed: Fed, tmp_path: Path) -> None:
    fed.give(tmp_path / "gone.wav")
    assert next(fed.feed.recordings(lambda _: None), "over") == "over"
    assert fed.notes == ["gone.wav: is no longer there"]
    (ended,) = fed.answered()
    assert ended == {"event": ENDED, "label": "gone.wav", "code": 0, "told": ""}


def test_notes_are_told_meanwhile_and_the_end_is_heard(fed: Fed) -> None:
    send(fed.orders, {"note": "a line"})
    fed.feed.hear()
    assert fed.notes == ["a line"]
    os.close(fed.orders)
    assert not fed.feed.await_recording()


def test_a_message_may_come_in_pieces(fed: Fed) -> None:
    reading, writing = os.pipe()
    lines = Lines(reading)
    content = json.dumps({"note": "x" * 100}).encode() + b"\n"
    os.write(writing, content[:50])
    assert list(lines.read(wait=True)) == []
    os.write(writing, content[50:] + content)
    assert len(list(lines.read(wait=False))) == 2
    os.close(writing)
    assert list(lines.read(wait=True)) == []
    assert lines.ended
    os.close(reading)
