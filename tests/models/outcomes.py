"""What a download may leave behind."""

from __future__ import annotations

from pathlib import Path

from download.download_server import FaultServer

from transcriber.models.stored import StoredModel


def assert_right(stored: StoredModel, content: bytes) -> None:
    """The file is the model, and nothing else is left in its folder."""
    assert stored.path.read_bytes() == content
    assert [path.name for path in stored.path.parent.iterdir()] == [stored.path.name]


def assert_nothing(store: Path) -> None:
    """The folder is empty: neither a file nor an unfinished one is left."""
    assert list(store.iterdir()) == []


def assert_resumable(store: Path, content: bytes) -> int:
    """Nothing but the beginning of the file is left, with its description; return its length."""
    names = {path.name for path in store.iterdir()}
    assert names == {"test.pt.partial", "test.pt.partial.json"}
    beginning = (store / "test.pt.partial").read_bytes()
    assert content.startswith(beginning)
    return len(beginning)


def starts(server: FaultServer) -> list[int | None]:
    """What each request asked for: None for the whole file, else the first byte."""
    return [request.start for request in server.requests]
