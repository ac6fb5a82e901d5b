"""What the tests of the model store share: a home of their own, a server, quick limits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import disks
import pytest
from download.download_server import Answer, FaultServer, model_of, random_content, serve

from transcriber.download.policy import DownloadPolicy
from transcriber.models.fetch import fetch
from transcriber.models.registry import OfficialModel
from transcriber.models.stored import StoredModel

StartServer = Callable[..., FaultServer]
Describe = Callable[[FaultServer], OfficialModel]
Fetch = Callable[..., StoredModel]


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep the tests away from the user's caches and proxies."""
    home = tmp_path / "home"
    # A home that exists: a folder in one that does not is none that is made.
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(home / "cache"))
    for name in ("TRANSCRIBER_OFFLINE", "TRANSCRIBER_MODEL_MIRROR", "SSL_CERT_FILE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    return home


@pytest.fixture
def policy() -> DownloadPolicy:
    """Short waits between attempts, and limits that a busy machine does not reach by chance."""
    return DownloadPolicy(
        attempts=5,
        unreachable_attempts=2,
        significant_progress=65536,
        backoff=0.01,
        backoff_limit=0.05,
        retry_after_limit=0.5,
        lock_interval=0.02,
    )


class RecordingReport:
    """Keeps what a download tells."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.progress: list[tuple[int, int]] = []

    def download(self, name: str, done: int, total: int) -> None:
        self.progress.append((done, total))

    def note(self, text: str) -> None:
        self.notes.append(text)

    @property
    def text(self) -> str:
        return "\n".join(self.notes)


@pytest.fixture
def report() -> RecordingReport:
    return RecordingReport()


@pytest.fixture(scope="session")
def content() -> bytes:
    return random_content(3_000_001, seed=1)


@pytest.fixture
def start_server(content: bytes) -> Iterator[StartServer]:
    """Start servers that answer with the script given and then as good servers."""
    with ExitStack() as stack:

        def start(*script: Answer, then: Answer | None = None) -> FaultServer:
            server = FaultServer(then=then or serve(content), script=list(script))
            return stack.enter_context(server.running())

        yield start


@pytest.fixture
def describe(content: bytes) -> Describe:
    """Return the model that a server serves."""
    return lambda server: model_of(content, server.address)


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "store"


@pytest.fixture
def fetch_from(
    store: Path, policy: DownloadPolicy, report: RecordingReport, describe: Describe
) -> Fetch:
    def fetch_model(server: FaultServer, **options: object) -> StoredModel:
        given: dict[str, object] = {"policy": policy, "report": report, **options}
        return fetch(describe(server), directory=store, **given)  # type: ignore[arg-type]

    return fetch_model


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Return a file system of 4 MiB, which only root can make."""
    with disks.mounted(tmp_path / "disk", "size=4m") as disk:
        yield disk


@pytest.fixture
def registered(
    content: bytes, start_server: StartServer, monkeypatch: pytest.MonkeyPatch
) -> tuple[OfficialModel, FaultServer]:
    """Put one model, served by a server on this machine, in the place of the official ones."""
    server = start_server()
    model = model_of(content, server.address)
    for module in ("registry", "store", "listing"):
        monkeypatch.setattr(
            f"transcriber.models.{module}.official_models", lambda: {model.name: model}
        )
    return model, server
