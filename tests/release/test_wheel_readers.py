"""Whether others take our wheels: the tools that check them, and pip and uv from the index."""

from __future__ import annotations

import functools
import importlib.util
import os
import re
import subprocess
import sys
import sysconfig
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from utterance import Utterance

from buildkit.archive import read_zip, write_zip
from buildkit.commands import Command
from buildkit.places import CHECKOUT
from release.common.description import read_description
from release.wheels.index import write_python_index
from release.wheels.program import make_program_wheel
from scripts.layout import DETECTOR, DISTRIBUTION
from scripts.packaging_tools import FOLDER, MADE
from transcriber import __version__

TORCH = sorted(DISTRIBUTION.glob("torch-*.whl"))
NEWEST = (2, 31)
"""The glibc of the oldest systems that the program is for."""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not MADE.is_file(), reason="no .cache/packaging: `make setup` makes it"),
    pytest.mark.skipif(
        importlib.util.find_spec("setuptools") is None
        or not (CHECKOUT / DETECTOR / "detector.bin").is_file(),
        reason="what the wheel is made of is lacking: make setup",
    ),
]
needs_torch = pytest.mark.skipif(not TORCH, reason="no wheel of torch in dist/: make torch")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_program_wheel(
        CHECKOUT, tmp_path_factory.mktemp("wheel"), description=read_description()
    )


@pytest.fixture(scope="module")
def index(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_python_index([wheel, TORCH[0]], tmp_path_factory.mktemp("index"))


def run(command: Command, folder: Path) -> str:
    """Run `command` with nothing of this machine's settings, and return what it printed."""
    done = subprocess.run(
        command,
        env={"PATH": os.environ["PATH"], "HOME": str(folder), "LC_ALL": "C.UTF-8"}
        | {"PIP_CONFIG_FILE": os.devnull, "PIP_DISABLE_PIP_VERSION_CHECK": "1"},
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def make_environment(folder: Path) -> Path:
    """Make an environment that has what the wheels need, but neither the program nor torch."""
    run([sys.executable, "-m", "venv", "--without-pip", folder], folder.parent)
    own = Path(sysconfig.get_path("purelib", vars={"base": str(folder)}))
    for path in Path(sysconfig.get_path("purelib")).iterdir():
        if not re.match(r"torch|functorch|whisper_transcriber|__editable__|.*\.pth$", path.name):
            (own / path.name).symlink_to(path)
    return folder / "bin"


@contextmanager
def served(folder: Path) -> Iterator[tuple[str, list[str]]]:
    """Serve `folder` to this machine; give its address and the paths that are asked for."""
    asked: list[str] = []

    class Handler(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            asked.append(self.path)

    handler = functools.partial(Handler, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", asked
        server.shutdown()


def pip_into(place: Path) -> Command:
    pip = [sys.executable, "-m", "pip", "--no-cache-dir", "--python", str(place / "python")]
    return [*pip, "install", "--no-deps"]


def uv_into(place: Path, folder: Path) -> Command:
    uv = [str(FOLDER / "bin/uv"), "pip", "install", "--no-config", "--no-deps"]
    return [*uv, "--cache-dir", folder / "cache", "--python", place / "python"]


def wanted() -> tuple[str, str]:
    return f"whisper-transcriber=={__version__}", f"torch=={TORCH[0].name.split('-')[1]}"


def test_twine_finds_nothing(wheel: Path, tmp_path: Path) -> None:
    output = run([FOLDER / "bin/twine", "check", "--strict", wheel, *TORCH], tmp_path)
    assert output.count("PASSED") == 1 + len(TORCH)


def test_check_wheel_contents_finds_nothing(wheel: Path, tmp_path: Path) -> None:
    output = run([FOLDER / "bin/check-wheel-contents", wheel, *TORCH], tmp_path)
    assert output.count(": OK") == 1 + len(TORCH)


@needs_torch
def test_torch_needs_no_newer_glibc_than_the_program(tmp_path: Path) -> None:
    output = run([FOLDER / "bin/auditwheel", "show", TORCH[0]], tmp_path)
    found = re.search(r'platform tag:\s+"manylinux_(\d+)_(\d+)_x86_64"', output)
    assert found, output
    assert (int(found[1]), int(found[2])) <= NEWEST


@needs_torch
def test_pip_installs_from_a_web_server(
    index: Path, tmp_path: Path, models: Path, utterances: list[Utterance]
) -> None:
    place = make_environment(tmp_path / "environment")
    with served(index.parent) as (address, asked):
        run([*pip_into(place), "--index-url", f"{address}/simple/", *wanted()], tmp_path)
    # It takes the digests from the pages and reads about a wheel before it fetches it.
    for name in ("whisper-transcriber", "torch"):
        assert [path for path in asked if path.startswith(f"/simple/{name}/")], asked
    assert len([path for path in asked if path.endswith(".whl.metadata")]) == 2, asked
    assert run([place / "transcriber", "--version"], tmp_path) == f"transcriber {__version__}\n"
    words: Command = [
        *("--model", "tiny.en", "--model_dir", models, "--offline", "--output_format", "all"),
        *("--word_timestamps", "True", utterances[0].path, "--output_dir"),
    ]
    run([place / "transcriber", *words, "wheel"], tmp_path)
    own: Command = ["env", f"PYTHONPATH={CHECKOUT}", sys.executable, "-m", "transcriber"]
    run([*own, *words, "checkout"], tmp_path)
    made = {path.name: path.read_bytes() for path in (tmp_path / "wheel").iterdir()}
    assert len(made) == 5
    assert made == {path.name: path.read_bytes() for path in (tmp_path / "checkout").iterdir()}


@needs_torch
def test_uv_installs_from_a_folder(index: Path, tmp_path: Path) -> None:
    place = make_environment(tmp_path / "environment")
    run([*uv_into(place, tmp_path), "--index-url", index.as_uri(), *wanted()], tmp_path)
    assert run([place / "transcriber", "--version"], tmp_path) == f"transcriber {__version__}\n"
    output = run([place / "python", "-c", "import torch; print(torch.__version__)"], tmp_path)
    assert output.strip() == TORCH[0].name.split("-")[1]


@needs_torch
def test_a_changed_wheel_is_refused(index: Path, wheel: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    subprocess.run(["cp", "-r", index, copy], check=True)
    changed = copy / "whisper-transcriber" / wheel.name
    members = read_zip(changed)
    write_zip(changed, {**members, "transcriber/__init__.py": b"__version__ = 'another'"})
    place = make_environment(tmp_path / "environment")
    for installer in (pip_into(place), uv_into(place, tmp_path)):
        with pytest.raises(AssertionError, match=r"(?i)hash"):
            run([*installer, "--index-url", copy.as_uri(), wanted()[0]], tmp_path)
    assert not (place / "transcriber").exists()
