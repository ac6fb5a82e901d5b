"""What the process that decodes does about defects, without decoding."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import pytest

from transcriber.engine.batched import BatchedEngine
from transcriber.worker import decoding
from transcriber.worker.inbox import Inbox
from transcriber.worker.messages import Order, Outbox, encoded, messages


class Engine:
    """Passes for one that decodes many windows at once."""


class Defective:
    """Takes up recordings, and fails."""

    def __init__(self, *_: object, **__: object) -> None:
        pass

    def transcribe(self, recordings: Any) -> NoReturn:
        next(recordings)
        next(recordings)
        raise ZeroDivisionError("by zero")


@pytest.fixture
def serve(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[int], list[dict[str, object]]]:
    monkeypatch.setattr(decoding, "prepare", lambda *_, **__: (1, Engine()))
    monkeypatch.setattr(decoding, "BatchedEngine", (BatchedEngine, Engine))
    monkeypatch.setattr(decoding, "SideBySide", Defective)

    def serve_orders(count: int) -> list[dict[str, object]]:
        orders = [
            Order(
                job=f"a{number}",
                recording=tmp_path / "a.wav",
                label="a",
                folder=tmp_path,
                words=("--model=base",),
            )
            for number in range(count)
        ]
        content = b"".join(encoded(order.message()) for order in orders)
        inbox = Inbox(io.BytesIO(content + encoded({"do": "end"})), lambda: None)
        reading, writing = os.pipe()
        outbox = Outbox(writing)
        order = inbox.take()
        assert order is not None
        try:
            decoding._Worker(inbox, outbox).serve(order)
        finally:
            outbox.close()
            with open(reading, "rb") as stream:
                said = [dict(message) for message in messages(stream)]
        return said

    return serve_orders


def test_a_defect_is_the_failure_of_the_only_job(
    serve: Callable[[int], list[dict[str, object]]],
) -> None:
    (said,) = serve(1)
    assert (said["event"], said["code"]) == ("failed", 1)
    assert "ZeroDivisionError: by zero" in str(said["text"])


def test_where_it_may_be_any_of_several_each_is_tried_by_itself(
    serve: Callable[[int], list[dict[str, object]]],
) -> None:
    with pytest.raises(ZeroDivisionError):
        serve(2)
