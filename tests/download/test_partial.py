"""What an earlier run left is resumed, or dropped, and never spliced."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from models.conftest import Describe, Fetch, StartServer
from models.outcomes import assert_right, starts

from download.download_server import (
    serve,
)
from transcriber.download.partial import partial_paths

pytestmark = pytest.mark.timeout(30)


@pytest.mark.parametrize("right", [True, False])
def test_a_complete_partial_is_verified_instead_of_asked_for(
    start_server: StartServer, fetch_from: Fetch, store: Path, content: bytes, right: bool
) -> None:
    # An earlier run ended between the last byte and the renaming.
    server = start_server()
    store.mkdir()
    (store / "test.pt.partial").write_bytes(content if right else b"?" * len(content))
    assert_right(fetch_from(server), content)
    assert len(server.requests) == (0 if right else 1)


def test_an_unusable_validator_is_not_sent_back(
    start_server: StartServer, fetch_from: Fetch, content: bytes
) -> None:
    server = start_server(
        serve(content, etag='"\x7f\xe9"', stop_after=1_000_000), then=serve(content, etag=None)
    )
    assert_right(fetch_from(server), content)
    assert starts(server) == [None, None]


@pytest.mark.parametrize(
    "description",
    [
        "",
        "nonsense",
        "[]",
        '{"source": 1, "validator": 2, "total": 3000001}',
        '{"source": "SOURCE", "validator": null, "total": 3000001}',
        '{"source": "SOURCE", "validator": "\\"1\\"", "total": 5}',
        '{"source": "http://elsewhere/test.pt", "validator": "\\"1\\"", "total": 3000001}',
        '{"source": "SOURCE", "validator": "\\"\\n\\"", "total": 3000001}',
    ],
)
def test_a_partial_that_cannot_be_resumed_is_dropped(
    start_server: StartServer, fetch_from: Fetch, store: Path, content: bytes, description: str
) -> None:
    server = start_server()
    store.mkdir()
    (store / "test.pt.partial").write_bytes(b"?" * 1000)
    text = description.replace("SOURCE", server.address)
    (store / "test.pt.partial.json").write_text(text)
    assert_right(fetch_from(server), content)
    assert starts(server) == [None]


def test_a_partial_that_is_too_long_leaves_nothing_behind(
    start_server: StartServer, fetch_from: Fetch, store: Path, content: bytes
) -> None:
    server = start_server()
    store.mkdir()
    (store / "test.pt.partial").write_bytes(content + b"more")
    assert_right(fetch_from(server), content)
    assert starts(server) == [None]


def test_a_partial_that_a_power_loss_damaged_is_fetched_again(
    start_server: StartServer, fetch_from: Fetch, store: Path, content: bytes, describe: Describe
) -> None:
    server = start_server()
    partial, description = partial_paths(describe(server), store)
    store.mkdir()
    partial.write_bytes(content[:500_000] + bytes(500_000))
    state = {"source": server.address, "validator": '"1"', "total": len(content)}
    description.write_text(json.dumps(state))
    assert_right(fetch_from(server), content)
    assert starts(server) == [1_000_000, None]
