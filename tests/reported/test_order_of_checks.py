"""What can be known without the model was told after it had been fetched."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

import media
import pytest
from conftest import Run


@pytest.fixture
def source() -> Iterator[socket.socket]:
    """Return a source of models that nobody may ask."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        yield server


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    return Path(shutil.copy(media.samples() / "sample.wav", tmp_path / "b.wav"))


CASES = {
    "a file in the place of the folder": (["{wav}", "-o", "{wav}"], 7, "is no folder"),
    "a folder below a file": (["{wav}", "-o", "{wav}/out"], 7, "cannot create the folder"),
    "a folder that takes no file": (["{wav}", "-o", "/proc"], 7, "cannot write to /proc"),
    "a folder in the place of a file": (["{wav}", "-o", "{folder}"], 7, "is a folder"),
    "a missing recording": (["{wav}.no", "-o", "{out}"], 3, "there is no file"),
    "an address": (["https://a.b/c.mp3", "-o", "{out}"], 3, "only local files are read"),
    "a text": (["{text}", "-o", "{out}"], 3, "is a text file"),
    "a few bytes": (["{bytes}", "-o", "{out}"], 3, "has only 3 bytes"),
    "turbo cannot translate": (
        ["{wav}", "-o", "{out}", "--model", "turbo", "--task", "translate"],
        2,
        "the model large-v3-turbo was not trained to translate",
    ),
    "English models cannot translate": (
        ["{wav}", "-o", "{out}", "--model", "medium.en", "--task", "translate"],
        2,
        "the model medium.en knows English only",
    ),
    "a language that came later": (
        ["{wav}", "-o", "{out}", "--model", "medium", "--language", "Cantonese"],
        2,
        "the model medium does not know the language Cantonese",
    ),
    "a Python that is not there": (
        ["{wav}", "-o", "{out}", "--backend", "system", "--python", "/no/python"],
        2,
        "there is no Python /no/python",
    ),
    "a folder in the place of a Python": (
        ["{wav}", "-o", "{out}", "--backend", "system", "--python", "{folder}"],
        2,
        "there is no Python",
    ),
    "a pattern without a match": (["{wav}.*.no", "-o", "{out}"], 3, "no file matches"),
    "a token that is none": (
        ["{wav}", "-o", "{out}", "--suppress_tokens", "51865"],
        2,
        "the model has no token 51865",
    ),
}


@pytest.mark.parametrize("network", ["there", "forbidden"])
@pytest.mark.parametrize("case", CASES)
def test_it_is_told_before_a_byte_is_fetched(
    run: Run, tmp_path: Path, source: socket.socket, recording: Path, case: str, network: str
) -> None:
    words, code, line = CASES[case]
    (tmp_path / "taken" / "b.txt").mkdir(parents=True)
    (tmp_path / "text.mp3").write_text("notes of a meeting\n" * 50)
    (tmp_path / "few.wav").write_text("abc")
    places = {
        "wav": recording,
        "out": tmp_path / "out",
        "folder": tmp_path / "taken",
        "text": tmp_path / "text.mp3",
        "bytes": tmp_path / "few.wav",
    }
    given = [word.format(**places) for word in words]
    if "--model" not in given:
        given += ["--model", "tiny"]
    if network == "forbidden":
        given.append("--offline")
    address = f"http://127.0.0.1:{source.getsockname()[1]}"
    given += ["--model_mirror", address, "--model_dir", str(tmp_path / "models"), "-f", "txt"]
    proxies = [name for name in os.environ if name.lower().endswith("_proxy")]
    environment = {name: value for name, value in os.environ.items() if name not in proxies}
    done = run(*given, env=environment)
    assert (done.returncode, line in done.stderr) == (code, True), done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "models").exists()
    with pytest.raises(BlockingIOError):
        source.accept()
