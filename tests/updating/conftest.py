from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from updating.release_server import ReleaseServer


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ReleaseServer]:
    """Serve the folder ``release``; nobody waits between two attempts."""
    monkeypatch.setattr(time, "sleep", lambda _: None)
    for name in ("http_proxy", "https_proxy", "all_proxy", "TRANSCRIBER_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    with ReleaseServer(tmp_path / "release").running() as running:
        yield running
