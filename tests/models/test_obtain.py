"""A model that is there needs no network; one that is not is fetched where that is allowed."""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path

import child
import pytest
from download.download_server import FaultServer, serve

from transcriber.download.progress import SilentReport
from transcriber.errors import (
    ModelError,
    NetworkError,
    OfflineError,
    TranscriberError,
    UsageError,
)
from transcriber.models.obtain import obtain
from transcriber.models.registry import OfficialModel
from transcriber.models.store import expected_file
from transcriber.models.stored import StoredModel

from .test_store import import_model

pytestmark = pytest.mark.timeout(30)

Registered = tuple[OfficialModel, FaultServer]


def get(
    name: str, store: Path, *, offline: bool = False, sources: tuple[str, ...] = ()
) -> StoredModel:
    return obtain(name, directory=store, offline=offline, sources=sources, report=SilentReport())


@pytest.mark.parametrize("name", ["test", "test-alias"])
def test_it_is_fetched_once(
    tmp_path: Path, registered: Registered, content: bytes, name: str
) -> None:
    model, server = registered
    stored = get(name, tmp_path)
    assert stored == expected_file(model, tmp_path)
    assert stored.path.read_bytes() == content
    assert get(name, tmp_path) == stored
    assert get(name, tmp_path, offline=True) == stored
    assert len(server.requests) == 1


@pytest.mark.parametrize("way", ["option", "environment"])
def test_offline_it_is_not_fetched(
    tmp_path: Path, registered: Registered, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    if way == "environment":
        monkeypatch.setenv("TRANSCRIBER_OFFLINE", "1")
    with pytest.raises(OfflineError, match="`transcriber models fetch test`"):
        get("test-alias", tmp_path, offline=way == "option")
    assert registered[1].requests == []
    assert list(tmp_path.glob("*.pt*")) == []


@pytest.mark.parametrize("way", ["option", "environment"])
def test_mirrors(
    tmp_path: Path,
    registered: Registered,
    content: bytes,
    monkeypatch: pytest.MonkeyPatch,
    way: str,
) -> None:
    with FaultServer(then=serve(content)).running() as mirror:
        address = f"http://127.0.0.1:{mirror.port}/mirror"
        if way == "environment":
            monkeypatch.setenv("TRANSCRIBER_MODEL_MIRROR", address)
        get("test", tmp_path, sources=(address,) if way == "option" else ())
        assert [request.path for request in mirror.requests] == ["/mirror/test.pt"]
    assert registered[1].requests == []


def test_a_wrong_mirror_is_told_though_the_model_is_there(tmp_path: Path) -> None:
    import_model("mine", tmp_path)
    with pytest.raises(UsageError):
        get("mine", tmp_path, sources=("gopher://a.example",))


def test_a_damaged_model_is_not_fetched_silently(tmp_path: Path, registered: Registered) -> None:
    (tmp_path / "test.pt").write_bytes(b"damaged")
    with pytest.raises(ModelError, match="`transcriber models fetch test`"):
        get("test", tmp_path)
    assert registered[1].requests == []


def test_an_imported_model(tmp_path: Path) -> None:
    imported = import_model("mine", tmp_path)
    assert get("mine", tmp_path, offline=True) == imported


def test_the_path_of_a_checkpoint(tmp_path: Path) -> None:
    path = tmp_path / "somewhere.pt"
    path.write_bytes(b"checkpoint")
    assert get(str(path), tmp_path / "store", offline=True) == StoredModel(
        name=str(path),
        path=path,
        sha256=hashlib.sha256(b"checkpoint").hexdigest(),
        size=10,
        origin="file",
    )


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("larg-v3", "did you mean large-v3"),
        ("zzz", "choose one of tiny.en"),
        ("small.e", "did you mean small.en"),
        ("/no/such/model.pt", "there is no file /no/such/model.pt"),
        ("model.pt", "there is no file model.pt"),
        ("/dev/null", "/dev/null is no file"),
        ("/usr", "`transcriber models import /usr`"),
        ("", "is a folder|no model"),
        ("a\0b", "no model"),
    ],
)
def test_no_such_model_is_one_clear_line(tmp_path: Path, name: str, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        get(name, tmp_path)


GUARDED = """
import sys
from pathlib import Path

def guard(event, arguments):
    if event.startswith("socket."):
        raise RuntimeError(f"a socket: {event}")

sys.addaudithook(guard)

from transcriber.errors import TranscriberError
from transcriber.models import registry, store
from transcriber.models.obtain import obtain
from transcriber.download.progress import SilentReport

model = eval(sys.argv[3], vars(registry))
for module in (registry, store):
    module.official_models = lambda: {model.name: model}
print(obtain(sys.argv[1], directory=Path(sys.argv[2]), offline=False, sources=["http://a.example"],
    report=SilentReport()).path)
"""


def run_guarded(name: str, store: Path, model: OfficialModel) -> subprocess.CompletedProcess[str]:
    return child.run(GUARDED, name, store, repr(model))


def test_no_socket_is_made_for_a_model_that_is_there(
    tmp_path: Path, registered: Registered, content: bytes
) -> None:
    model, server = registered
    # The guard sees sockets: without the model the program asks for one.
    missing = run_guarded("test", tmp_path, model)
    assert "a socket: socket." in missing.stderr
    (tmp_path / "test.pt").write_bytes(content)
    imported = import_model("mine", tmp_path)
    for name, path in (("test", tmp_path / "test.pt"), ("mine", imported.path)):
        present = run_guarded(name, tmp_path, model)
        assert (present.stdout.strip(), present.stderr) == (str(path), "")
    assert server.requests == []


def test_the_official_host_is_named_where_it_cannot_be_reached(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # No proxy listens there, so the test does not depend on the network of the machine.
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    with pytest.raises(NetworkError, match="cannot fetch the model tiny: https://") as caught:
        get("tiny", tmp_path)
    assert isinstance(caught.value, TranscriberError)
    assert caught.value.exit_code == 5
    assert list(tmp_path.glob("*.pt*")) == []
