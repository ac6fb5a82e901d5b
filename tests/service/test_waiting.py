"""Clients that wait for their transcripts, and those that want something else meanwhile."""

from __future__ import annotations

import contextlib
import time

import pytest
from jobs.conftest import wait_for

from service.conftest import Field, Service
from service.http.serving import resident_bytes, until
from transcriber.service.http.limits import Limits

ADDRESS = "/v1/audio/transcriptions"

WAITING = 1_000


def at_once(service: Service, path: str, seconds: float = 1.0) -> None:
    started = time.monotonic()
    assert service.served.ask(path).status == 200
    assert time.monotonic() - started < seconds, path


@pytest.mark.parametrize("stream", ["false", "true"])
def test_more_clients_wait_than_there_are_threads(service: Service, stream: str) -> None:
    count = Limits().threads + 20
    service.queue.pause_all(True)
    recording: Field = ("file", "a.wav", b"say one")
    with contextlib.ExitStack() as stack:
        clients = [
            stack.enter_context(service.asking(ADDRESS, recording, ("stream", stream)))
            for _ in range(count)
        ]
        wait_for(lambda: len(service.queue.jobs()) == count)
        for path in ("/health", "/api/jobs", "/v1/models"):
            at_once(service, path)
        service.queue.pause_all(False)
        for client in clients:
            assert client.recv(12) == b"HTTP/1.1 200"
    wait_for(lambda: not service.folders)


def test_more_pages_listen_than_there_are_threads(service: Service) -> None:
    with contextlib.ExitStack() as stack:
        for _ in range(Limits().threads + 20):
            client = stack.enter_context(service.served.connect())
            client.sendall(service.served.head("GET", "/api/events"))
            assert client.recv(4) == b"HTTP"
        at_once(service, "/health")
    wait_for(lambda: not service.queue.bulletin.is_heard)


@pytest.mark.slow
def test_a_thousand_clients_wait(service: Service) -> None:
    service.queue.pause_all(True)
    recording: Field = ("file", "a.wav", b"say one")
    with contextlib.ExitStack() as stack:
        at_once(service, "/health")
        before = resident_bytes()
        clients = [stack.enter_context(service.asking(ADDRESS, recording)) for _ in range(WAITING)]
        assert until(lambda: len(service.queue.jobs()) == WAITING, 120)
        early = resident_bytes()
        spent = time.process_time()
        time.sleep(5)
        spent = time.process_time() - spent
        for path in ("/health", "/api/jobs"):
            at_once(service, path, 2.0)
        late = resident_bytes()
        print(f"{(early - before) / WAITING / 1024:.1f} KiB each, {spent / 5:.0%} of a processor")
        # Both ends are in this process.
        assert early - before < 100 << 20
        assert late - early < 4 << 20
        assert spent < 2.5
        service.queue.pause_all(False)
        for client in clients:
            assert client.recv(12) == b"HTTP/1.1 200"
    wait_for(lambda: not service.folders)
