from __future__ import annotations

import json
from pathlib import Path

import pytest
from cuda.conftest import (  # noqa: F401
    Sample,
    StartServer,
    fetch_from,
    published,
    sample,
    start_server,
    unset,
)
from download.download_server import serve
from models.conftest import own_home, policy, report  # noqa: F401

from transcriber.__main__ import main
from transcriber.cuda.addon import VARIABLE, Addon
from transcriber.cuda.preference import never_wanted, remember_never
from transcriber.cuda.store import addon_directory, stored_path


@pytest.fixture
def imported(
    published: Addon, sample: Sample, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> Path:
    """Import the add-on with the program's own command, and return the file that was given."""
    source = tmp_path / published.file_name
    source.write_bytes(sample.packed)
    assert main(["cuda", "import", str(source)]) == 0
    assert capsys.readouterr().out == f"{stored_path(published)}\n"
    return source


def test_nothing_is_here(published: Addon, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cuda", "status"]) == 8
    assert capsys.readouterr().out == (
        "not here: not fetched yet; `transcriber cuda fetch` gets it\n"
    )
    assert main(["cuda", "remove"]) == 0
    assert capsys.readouterr().out == ""


def test_status_after_an_import(
    imported: Path, published: Addon, capsys: pytest.CaptureFixture[str]
) -> None:
    stored = stored_path(published)
    assert main(["cuda", "status"]) == 0
    assert capsys.readouterr().out == f"here: {stored} (in the cache)\n"
    assert main(["cuda", "status", "--json"]) == 0
    state = json.loads(capsys.readouterr().out)
    assert state["path"] == str(stored)
    assert (state["file"], state["size"]) == (imported.name, published.size)
    assert not state["never_ask"]


def test_status_reads_the_file_anew(
    imported: Path, published: Addon, capsys: pytest.CaptureFixture[str]
) -> None:
    with stored_path(published).open("r+b") as stream:
        stream.seek(-1, 2)
        stream.write(b"?")
    assert main(["cuda", "status"]) == 8
    assert f"damaged: {stored_path(published)}: it does not have" in capsys.readouterr().out


def test_remove_makes_it_as_before(
    imported: Path, published: Addon, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["cuda", "remove"]) == 0
    assert capsys.readouterr().out == f"removed {stored_path(published)}\n"
    assert list(addon_directory().iterdir()) == []
    assert main(["cuda", "status"]) == 8


def test_fetch(
    published: Addon,
    sample: Sample,
    start_server: StartServer,
    capsys: pytest.CaptureFixture[str],
) -> None:
    remember_never()
    server = start_server()
    address = f"http://127.0.0.1:{server.port}/files"
    assert main(["cuda", "fetch", "--cuda-mirror", address]) == 0
    shown = capsys.readouterr()
    assert shown.out == f"{stored_path(published)}\n"
    assert "CUDA add-on: 100 %" in shown.err
    assert stored_path(published).read_bytes() == sample.library
    # Who fetches it wants it.
    assert not never_wanted()
    assert main(["cuda", "fetch", "--offline"]) == 0
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["fetch"], 5, "no address is known"),
        (["fetch", "--offline", "--cuda_mirror", "http://127.0.0.1:9"], 6, "network is forbidden"),
        (["fetch", "--cuda_mirror", "nonsense"], 2, "not an http, https or file address"),
        (["import", "/missing"], 7, "cannot read /missing"),
        (["import", "/dev/null"], 8, "is not the CUDA add-on"),
        ([], 2, "required"),
        (["fly"], 2, "invalid choice"),
    ],
)
def test_a_failure_is_one_line(
    published: Addon,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    code: int,
    message: str,
) -> None:
    assert main(["cuda", *words]) == code
    shown = capsys.readouterr()
    assert message in shown.err
    assert shown.err.count("\n") == 1


def test_a_server_that_sends_something_else(
    published: Addon, start_server: StartServer, capsys: pytest.CaptureFixture[str]
) -> None:
    server = start_server(then=serve(b"something else"))
    assert main(["cuda", "fetch", "--cuda_mirror", f"http://127.0.0.1:{server.port}"]) == 5
    assert "it offers '14' bytes" in capsys.readouterr().err


def test_a_named_file_is_told(
    published: Addon,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path / "mine.so"))
    assert main(["cuda", "status"]) == 8
    assert "names no file" in capsys.readouterr().out
    (tmp_path / "mine.so").touch()
    assert main(["cuda", "status"]) == 0
    assert f"named by {VARIABLE}" in capsys.readouterr().out
