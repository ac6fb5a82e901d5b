"""Threads that work, and threads that wait."""

from __future__ import annotations

import threading

import pytest

from service.http.serving import until
from transcriber.service.http import workers
from transcriber.service.http.workers import Workers, resting


def test_a_rest_within_a_rest_counts_once() -> None:
    seen: list[int] = []

    def work(_: int) -> None:
        with resting():
            with resting():
                seen.append(pool._resting)
            seen.append(pool._resting)
        seen.append(pool._resting)

    pool = Workers(1, work)
    pool.submit(1)
    assert until(lambda: seen == [1, 1, 0])
    pool.close()


def test_whoever_is_no_worker_rests_by_itself() -> None:
    with resting():
        assert workers._own.workers is None


def test_a_rest_ends_whatever_happens() -> None:
    def work(_: int) -> None:
        with pytest.raises(ValueError, match="no"), resting():
            raise ValueError("no")

    pool = Workers(1, work)
    pool.submit(1)
    assert until(lambda: pool._idle == 1)
    assert pool._resting == 0
    pool.close()


def test_those_that_come_back_do_not_stay_too_many() -> None:
    entered, leave = threading.Semaphore(0), threading.Event()

    def work(_: int) -> None:
        with resting():
            entered.release()
            assert leave.wait(10)

    pool = Workers(2, work)
    for number in range(20):
        pool.submit(number)
    for _ in range(20):
        assert entered.acquire(timeout=5)
    assert pool._threads == 20
    leave.set()
    assert until(lambda: pool._threads == 2)
    pool.close()


def test_a_system_without_threads_delays_and_loses_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    done: list[int] = []
    pool = Workers(2, done.append)

    def refuse(_: object) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(workers, "_start", refuse)
        pool.submit(1)
    assert (pool._threads, pool.waiting) == (0, 1)
    pool.submit(2)
    assert until(lambda: done == [1, 2])
    pool.close()
