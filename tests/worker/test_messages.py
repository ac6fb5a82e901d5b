"""What goes between a queue and the process that decodes."""

from __future__ import annotations

import io
import os
import threading
from collections.abc import Mapping
from pathlib import Path

import pytest

from transcriber.worker.inbox import Inbox
from transcriber.worker.job_reporter import JobReporter, WithdrawnError
from transcriber.worker.messages import Order, Outbox, encoded, messages


def order(job: str, *words: str, recording: str = "a.wav") -> Order:
    return Order(job=job, recording=Path(recording), label=job, folder=Path("jobs"), words=words)


def test_an_order_comes_as_it_was_sent() -> None:
    odd = os.fsdecode(b"/a/\xff\n.wav")
    given = order("a1", "--hotwords=a\nb", "--initial_prompt=\u2028", recording=odd)
    (message,) = messages(io.BytesIO(encoded(given.message())))
    assert Order.of(message) == given


@pytest.mark.parametrize("rest", [b"", b'{"do": "jo', b"noise\n"])
def test_what_a_kill_cut_in_half_is_the_end(rest: bytes) -> None:
    stream = io.BytesIO(encoded({"a": 1}) + rest + (b"" if not rest else encoded({"b": 2})))
    assert list(messages(stream)) == [{"a": 1}]


def test_messages_of_many_threads_stay_whole() -> None:
    reading, writing = os.pipe()
    outbox = Outbox(writing)
    text = "a" * 10_000

    def send(name: str) -> None:
        for number in range(20):
            assert outbox.send({"name": name, "number": number, "text": text})

    threads = [threading.Thread(target=send, args=(name,)) for name in "abc"]
    for thread in threads:
        thread.start()
    with open(reading, "rb") as stream:
        found = []
        for message in messages(stream):
            found.append((message["name"], message["number"]))
            if len(found) == 60:
                break
    for thread in threads:
        thread.join()
    outbox.close()
    assert sorted(found) == [(name, number) for name in "abc" for number in range(20)]


def test_nobody_reads() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    outbox = Outbox(writing)
    assert not outbox.send({"a": 1})
    outbox.close()
    outbox.close()
    assert not outbox.send({"a": 1})


def inbox_of(*sent: Mapping[str, object]) -> tuple[Inbox, threading.Event]:
    deserted = threading.Event()
    content = b"".join(encoded(message) for message in sent)
    return Inbox(io.BytesIO(content), deserted.set), deserted


def test_orders_are_taken_one_by_one() -> None:
    one, two, other = order("a", "--x"), order("b", "--x"), order("c")
    inbox, deserted = inbox_of(*(each.message() for each in (one, two, other)))
    assert deserted.wait(10)
    assert inbox.take() == one
    assert inbox.take_like(("--x",)) == two
    # What comes next is next, whatever is behind it.
    assert inbox.take_like(("--x",)) is None
    assert inbox.take() == other


def test_the_end_is_no_desertion() -> None:
    inbox, deserted = inbox_of({"do": "end"})
    assert inbox.take() is None
    assert not deserted.wait(0.05)


def test_a_job_that_is_ordered_again_is_not_given_up() -> None:
    """The word came behind its end, which the queue did not know of."""
    cancel = {"do": "cancel", "job": "a"}
    inbox, deserted = inbox_of(cancel, order("a").message(), {"do": "cancel", "job": "b"})
    assert deserted.wait(10)
    assert not inbox.is_cancelled("a")
    assert inbox.is_cancelled("b")
    inbox.forget("b")
    assert not inbox.is_cancelled("b")


def test_what_was_given_up_ends_as_such() -> None:
    reading, writing = os.pipe()
    outbox = Outbox(writing)
    inbox, deserted = inbox_of({"do": "cancel", "job": "a"})
    assert deserted.wait(10)
    reporter = JobReporter("a", inbox, outbox)
    with pytest.raises(WithdrawnError) as raised:
        reporter.download("base", 1, 2)
    reporter.fail("a", raised.value)
    outbox.close()
    with open(reading, "rb") as stream:
        assert list(messages(stream)) == [{"event": "withdrawn", "job": "a"}]
    assert reporter.ended
    assert not inbox.is_cancelled("a")
