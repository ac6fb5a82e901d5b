"""The sub-command as its users type it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import child
import pytest
from download.download_server import FaultServer, raw, serve, status
from models.conftest import (  # noqa: F401
    StartServer,
    content,
    describe,
    fetch_from,
    own_home,
    policy,
    registered,
    report,
    small_disk,
    start_server,
)
from models.test_store import import_model

from transcriber.commands.running import run_subcommand
from transcriber.download.digest import forget_sha256, remember_sha256
from transcriber.errors import ModelError, NetworkError, OfflineError, UsageError
from transcriber.models.packed import packed_places
from transcriber.models.registry import OfficialModel, official_models
from transcriber.models.store import expected_file
from transcriber.models.stored import StoredModel

pytestmark = pytest.mark.timeout(30)

Registered = tuple[OfficialModel, FaultServer]


@pytest.fixture
def store(tmp_path: Path) -> Path:
    path = tmp_path / "store"
    path.mkdir()
    return path


def models(store: Path, *arguments: str) -> int:
    return run_subcommand("models", [*arguments, "--model_dir", str(store)])


def test_list_names_all_official_models(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert models(store, "list") == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 13
    turbo = next(line for line in lines if line.startswith("large-v3-turbo"))
    expected = "large-v3-turbo 1617.9 MB multilingual official no (also turbo)"
    assert " ".join(turbo.split()) == expected
    assert "English" in next(line for line in lines if line.startswith("tiny.en"))


def test_list_tells_what_is_stored(
    store: Path, registered: Registered, content: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    import_model("mine", store)

    def rows() -> dict[str, dict[str, object]]:
        assert models(store, "list", "--json") == 0
        return {row["name"]: row for row in json.loads(capsys.readouterr().out)}

    assert rows()["test"]["stored"] == "no"
    (store / "test.pt.partial").write_bytes(content[: len(content) // 2])
    assert rows()["test"]["stored"] == "49 %"
    (store / "test.pt").write_bytes(content[:-1])
    assert rows()["test"]["stored"] == "damaged"
    (store / "test.pt").write_bytes(content)
    found = rows()
    assert found["test"] == {
        "name": "test",
        "aliases": ["test-alias"],
        "size": len(content),
        "languages": "multilingual",
        "origin": "official",
        "stored": "yes",
        "packed": 0,
        "path": str(store / "test.pt"),
        "sha256": registered[0].sha256,
    }
    assert found["mine"]["origin"] == "safetensors"
    assert found["mine"]["languages"] == "unknown"


def test_list_tells_damage_that_the_size_does_not(
    store: Path, registered: Registered, content: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("whole", "changed", "bare", "garbled"):
        import_model(name, store)
    (store / "test.pt").write_bytes(content[:-1] + b"?")
    (store / "imported/changed.pt").write_bytes(b"IMPORTED")
    (store / "imported/bare.json").unlink()
    (store / "imported/garbled.json").write_text("[]")
    assert models(store, "list", "--json") == 0
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)}
    assert {name: row["stored"] for name, row in rows.items()} == {
        "test": "damaged",
        "whole": "yes",
        "changed": "damaged",
        "bare": "damaged",
        "garbled": "damaged",
    }
    assert rows["bare"]["path"] == str(store / "imported/bare.pt")
    assert models(store, "list") == 0
    assert capsys.readouterr().out.count("damaged") == 4


def test_fetch_then_path_then_verify_then_remove(
    store: Path, registered: Registered, content: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    path = store / "test.pt"
    assert models(store, "fetch", "test-alias") == 0
    captured = capsys.readouterr()
    assert captured.out == f"test: {path}\n"
    # Without a terminal a line for each tenth at most.
    assert "test:   0 %, 0.0 MB of 3.0 MB" in captured.err
    assert "test: 100 %, 3.0 MB of 3.0 MB" in captured.err
    assert captured.err.count("\n") <= 11

    assert models(store, "path", "test") == 0
    assert capsys.readouterr().out == f"{path}\n"
    assert models(store, "path", "test", "--json") == 0
    assert json.loads(capsys.readouterr().out)["sha256"] == registered[0].sha256

    assert models(store, "verify") == 0
    assert capsys.readouterr().out == f"test: right, {path}\n"

    assert models(store, "remove", "test") == 0
    assert capsys.readouterr().out == f"removed {path}\n"
    assert list(store.iterdir()) == []
    with pytest.raises(ModelError, match="`transcriber models fetch test`"):
        models(store, "path", "test")


def test_packed_weights_are_told_and_verified(
    store: Path, registered: Registered, content: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    (store / "test.pt").write_bytes(content)
    (packed, _) = packed_places(expected_file(registered[0], store), "int8-int16")
    packed.write_bytes(bytes(2_500_000))
    assert models(store, "list") == 0
    assert "official      yes, and 2.5 MB packed  (also" in capsys.readouterr().out
    assert models(store, "list", "--json") == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert row["packed"] == 2_500_000
    assert models(store, "verify") == 0
    assert capsys.readouterr().out == (
        f"test: right, {store / 'test.pt'}\n"
        f"test: {packed} was damaged or outdated; it is made again when needed\n"
    )
    assert not packed.exists()


def test_verify_finds_damage(
    store: Path, registered: Registered, content: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    import_model("mine", store)
    (store / "test.pt").write_bytes(content[:-1] + b"?")
    assert models(store, "verify") == 4
    out = capsys.readouterr().out
    assert "the model test is damaged" in out
    assert "mine: right" in out
    assert models(store, "verify", "mine") == 0
    assert models(store, "verify", "test-alias") == 4
    with pytest.raises(ModelError, match="base is not stored"):
        models(store, "verify", "mine", "base")
    # What was found earlier is not what is asked for.
    remember_sha256(store / "test.pt", registered[0].sha256)
    assert models(store, "verify", "test") == 4
    # What verify finds, fetch mends.
    forget_sha256(store / "test.pt")
    assert models(store, "fetch", "test") == 0
    assert models(store, "verify") == 0


def test_verify_of_an_empty_store(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert models(store, "verify") == 0
    assert "no model is stored" in capsys.readouterr().err


@pytest.mark.parametrize("spelling", ["--model_mirror", "--model-mirror"])
def test_fetch_from_a_mirror(
    store: Path, registered: Registered, content: bytes, tmp_path: Path, spelling: str
) -> None:
    (tmp_path / "test.pt").write_bytes(content)
    _, server = registered
    options = [spelling, "file:///nowhere", spelling, tmp_path.as_uri()]
    assert run_subcommand("models", ["fetch", *options, "test", f"--model-dir={store}"]) == 0
    assert (store / "test.pt").read_bytes() == content
    assert server.requests == []


@pytest.mark.parametrize("way", ["option", "environment"])
def test_fetch_offline(
    store: Path,
    registered: Registered,
    content: bytes,
    monkeypatch: pytest.MonkeyPatch,
    way: str,
) -> None:
    options = ["--offline"] if way == "option" else []
    if way == "environment":
        monkeypatch.setenv("TRANSCRIBER_OFFLINE", "1")
    with pytest.raises(OfflineError, match="the network is forbidden"):
        models(store, "fetch", *options, "test")
    (store / "test.pt").write_bytes(content)
    assert models(store, "fetch", *options, "test") == 0
    (store / "test.pt").write_bytes(b"damaged")
    with pytest.raises(ModelError, match="damaged"):
        models(store, "fetch", *options, "test")
    assert registered[1].requests == []


def test_fetch_fails(store: Path, registered: Registered) -> None:
    registered[1].then = status(404)
    with pytest.raises(NetworkError, match="404"):
        models(store, "fetch", "test")


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ([], UsageError),
        (["fetch"], UsageError),
        (["fetch", "no-such-model"], ModelError),
        (["fetch", "test", "--model_mirror", "nonsense"], UsageError),
        (["remove", "test"], ModelError),
        (["remove", "../../etc"], UsageError),
        (["path", "no-such-model"], ModelError),
        (["frobnicate"], UsageError),
    ],
)
def test_mistakes(
    store: Path, registered: Registered, arguments: list[str], error: type[Exception]
) -> None:
    with pytest.raises(error):
        run_subcommand("models", arguments and [*arguments, f"--model_dir={store}"])


def test_import_calls_the_importer(
    store: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    calls = []

    def import_checkpoint(source: Path, *, name: str | None, directory: Path) -> StoredModel:
        calls.append((source, name, directory))
        return import_model(name or "named", directory)

    module = type(sys)("transcriber.models.importing")
    module.import_checkpoint = import_checkpoint  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "transcriber.models.importing", module)
    assert models(store, "import", "/some/folder", "--name", "mine") == 0
    assert calls == [(Path("/some/folder"), "mine", store)]
    assert capsys.readouterr().out == f"mine: {store / 'imported' / 'mine.pt'}\n"


@pytest.mark.parametrize("moment", ["body", "headers", "waiting"])
def test_ctrl_c_ends_a_fetch_at_once(store: Path, start_server: StartServer, moment: str) -> None:
    model = official_models()["tiny"]
    if moment == "body":
        server = start_server(then=serve(bytes(model.size), pause=0.01))
    elif moment == "headers":
        server = start_server(then=raw(b"HTTP/1.1 200 OK\r\n", wait=10))
    else:
        server = start_server(then=status(503, [("Retry-After", "30")]))
    main = "import sys; from transcriber.__main__ import main; sys.exit(main())"
    mirror = f"--model_mirror=http://127.0.0.1:{server.port}"
    arguments = ["models", "fetch", "tiny", "--model_dir", str(store)]
    fetching = child.start(main, *arguments, mirror, stderr=subprocess.PIPE)
    try:
        deadline = time.monotonic() + 15
        while not server.requests and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(0.3)
        started = time.monotonic()
        fetching.send_signal(signal.SIGINT)
        _, errors = fetching.communicate(timeout=10)
        assert time.monotonic() - started < 2
    finally:
        fetching.kill()
        fetching.wait(10)
    assert fetching.returncode == 130
    assert errors.endswith("interrupted; the same command resumes the download\n")
    assert "Traceback" not in errors
    left = {path.name for path in store.iterdir()}
    assert left == ({"tiny.pt.partial", "tiny.pt.partial.json"} if moment == "body" else set())


SHOW_MODULES = """
import sys
from transcriber.__main__ import main
try:
    main(sys.argv[1:])
except SystemExit:
    pass
heavy = {"torch", "numpy", "whisper", "tqdm", "ffmpeg", "ssl", "urllib.request", "http.client"}
print("loaded:", *sorted(heavy & set(sys.modules)))
"""


@pytest.mark.parametrize(
    ("arguments", "allowed"),
    [
        (["--help"], set()),
        (["list"], set()),
        (["path", "mine"], set()),
        (["verify"], set()),
        (["remove", "mine"], set()),
        (["fetch", "base", "--offline"], {"ssl", "urllib.request", "http.client"}),
        (
            ["fetch", "base", "--model_mirror=file:///nowhere"],
            {"ssl", "urllib.request", "http.client"},
        ),
    ],
)
def test_no_command_loads_more_than_it_needs(
    store: Path, arguments: list[str], allowed: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import_model("mine", store)
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    given = [
        "models",
        *arguments,
        *(["--model_dir", str(store)] if arguments[0] != "--help" else []),
    ]
    done = child.run(SHOW_MODULES, *given)
    assert done.returncode == 0
    loaded = done.stdout.splitlines()[-1].removeprefix("loaded:").split()
    assert set(loaded) <= allowed
