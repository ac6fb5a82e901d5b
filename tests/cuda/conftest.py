"""What the tests of the CUDA add-on share: one that a server on this machine has."""

from __future__ import annotations

import hashlib
import lzma
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from download.download_server import Answer, FaultServer, random_content, serve
from models.conftest import (  # noqa: F401 - fixtures
    RecordingReport,
    own_home,
    policy,
    report,
    small_disk,
)

from transcriber.commands import cuda as command
from transcriber.cuda import addon as addon_module
from transcriber.cuda import search
from transcriber.cuda.addon import MIRROR_VARIABLE, VARIABLE, Addon
from transcriber.cuda.fetch import fetch_addon
from transcriber.download.policy import DownloadPolicy

TORCH = "2.6.0+whisper.cpu"

StartServer = Callable[..., FaultServer]
Fetch = Callable[..., Path]


@dataclass(frozen=True, kw_only=True)
class Sample:
    """A shared object, and the xz file that it is published as."""

    library: bytes
    packed: bytes

    def addon(self, address: str = "") -> Addon:
        return Addon(
            name="CUDA add-on",
            address=address,
            file="libtorch_cuda-2.6.0-x86_64.so.xz",
            torch=TORCH,
            abi="WHISPER_1",
            size=len(self.packed),
            sha256=hashlib.sha256(self.packed).hexdigest(),
            library_size=len(self.library),
            library_sha256=hashlib.sha256(self.library).hexdigest(),
        )


@pytest.fixture(scope="session")
def sample() -> Sample:
    # A part that packs well and one that does not, larger than what is unpacked at once.
    library = b"\x7fELF" + b"kernel" * 700_000 + random_content(1_500_000, seed=5)
    return Sample(library=library, packed=lzma.compress(library, preset=0))


@pytest.fixture
def start_server(sample: Sample) -> Iterator[StartServer]:
    """Start servers that answer with the script given and then as good servers."""
    with ExitStack() as stack:

        def start(*script: Answer, then: Answer | None = None) -> FaultServer:
            server = FaultServer(then=then or serve(sample.packed), script=list(script))
            return stack.enter_context(server.running())

        yield start


@pytest.fixture
def published(sample: Sample, monkeypatch: pytest.MonkeyPatch) -> Addon:
    """Make the sample the add-on of this program, whatever PyTorch runs the test."""
    addon = sample.addon()
    for module in (addon_module, search, command):
        monkeypatch.setattr(module, "published_addon", lambda: addon)
    monkeypatch.setattr(search, "package_version", lambda *_: TORCH)
    monkeypatch.setattr(search, "_inside", lambda: None)
    return addon


@pytest.fixture(autouse=True)
def unset(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Take away what the user of this machine has set or chosen."""
    for name in (VARIABLE, MIRROR_VARIABLE, "APPIMAGE", "APPDIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


@pytest.fixture
def fetch_from(sample: Sample, policy: DownloadPolicy, report: RecordingReport) -> Fetch:  # noqa: F811
    def fetch(server: FaultServer, **options: object) -> Path:
        given: dict[str, object] = {"policy": policy, "report": report, **options}
        return fetch_addon(sample.addon(server.address), **given)  # type: ignore[arg-type]

    return fetch
