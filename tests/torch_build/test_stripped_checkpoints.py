"""Checkpoints on the stripped build: crafted ones are errors, honest ones as on stock PyTorch."""

from __future__ import annotations

import json
import pickle
import subprocess
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from models.checkpoints import crafted

from torch_build.verify.interpreters import (
    STRIPPED_SUFFIX,
    child_environment,
    our_python,
    stock_python,
    torch_version,
)

pytestmark = pytest.mark.slow

ITEMS = ("SETITEM on a tensor", "SETITEMS on a tensor", "SETITEM on a storage", "SETITEM on a list")
STORED = ("compressed record", "record longer than it is", "record without content")
FOLDERS = ("record that is a folder", "pickle that is a folder")

LOAD = """
    import sys, torch
    from pathlib import Path
    for path in sorted(Path(sys.argv[1]).iterdir()):
        for mapped in (True, False):
            try:
                torch.load(path, map_location="cpu", weights_only=True, mmap=mapped)
            except Exception as error:
                continue
            print(path.name, "mapped" if mapped else "read")
    print("end")
"""

READ = """
    import sys
    from pathlib import Path
    from transcriber.engine.fused.checkpoint import open_checkpoint
    from transcriber.errors import ModelError
    from transcriber.models.checkpoints.openai import read_openai
    for path in sorted(Path(sys.argv[1]).iterdir()):
        for read in (read_openai, lambda path: open_checkpoint(path, "m")):
            try:
                read(path)
            except ModelError as error:
                assert str(error).isprintable()
            else:
                print(path.name)
    print("end")
"""

DIGEST = """
    import hashlib, json, sys, torch
    digests = {}
    for path in sys.argv[1:]:
        for mapped in (True, False):
            content = torch.load(path, map_location="cpu", weights_only=True, mmap=mapped)
            state = content["model_state_dict"]
            digests[f"{path} {mapped} {sorted(content['dims'].items())}"] = {
                name: [
                    str(tensor.dtype), list(tensor.shape), list(tensor.stride()),
                    hashlib.sha256(tensor.numpy().tobytes()).hexdigest(),
                ]
                for name, tensor in state.items()
            }
    print(json.dumps(digests))
"""


@pytest.fixture(scope="module")
def ours() -> Path:
    python = our_python()
    version = torch_version(python)
    if not version.endswith(STRIPPED_SUFFIX):
        pytest.skip(f"PyTorch is {version}: `make torch` builds and installs the stripped one")
    return python


def run(python: Path, program: str, *arguments: Path) -> str:
    done = subprocess.run(
        [python, "-W", "ignore", "-c", textwrap.dedent(program), *arguments],
        env=child_environment(),
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def written(folder: Path, made: dict[str, Callable[[], bytes]]) -> Path:
    for number, make in enumerate(made.values()):
        (folder / f"{number:03}.pt").write_bytes(make())
    return folder


def test_torch_itself_refuses_sizes_and_items(ours: Path, tmp_path: Path) -> None:
    known = {**crafted.PICKLES, **crafted.ARCHIVES}
    made = crafted.sizes() | {name: known[name] for name in (*ITEMS, STORED[1], STORED[2])}
    assert run(ours, LOAD, written(tmp_path, made)) == "end\n"


@pytest.mark.parametrize("name", [STORED[0], *FOLDERS])
def test_what_is_mapped_is_a_record(ours: Path, tmp_path: Path, name: str) -> None:
    """Read, a compressed record is unpacked as ever."""
    loaded = run(ours, LOAD, written(tmp_path, {name: crafted.ARCHIVES[name]}))
    assert "mapped" not in loaded
    assert loaded.endswith("end\n")


def test_every_crafted_checkpoint_is_one_line(ours: Path, tmp_path: Path) -> None:
    assert run(ours, READ, written(tmp_path, crafted.ALL)) == "end\n"


def test_honest_types_are_loaded(ours: Path, tmp_path: Path) -> None:
    def make(kind: str) -> Callable[[], bytes]:
        return lambda: crafted.of_tensor(kind, 4, 4 * crafted.ITEM_SIZES[kind])

    parameter = crafted.called(
        crafted.refer("torch._utils", "_rebuild_parameter"),
        *(crafted.tensor(crafted.storage("FloatStorage", 4), (4,)), pickle.NEWTRUE, crafted.HOOKS),
    )
    made = {kind: make(kind) for kind in crafted.ITEM_SIZES}
    made["parameter"] = lambda: crafted.saved(crafted.pickled(parameter), {"0": bytes(16)})
    lines = run(ours, LOAD, written(tmp_path, made)).splitlines()
    assert len(lines) == 2 * len(made) + 1


def test_real_checkpoints_are_what_they_are_on_stock(ours: Path, models: Path) -> None:
    paths = (models / "base.pt", models / "tiny.en.pt")
    found: dict[str, Any] = json.loads(run(ours, DIGEST, *paths))
    assert len(found) == 4
    assert found == json.loads(run(stock_python(), DIGEST, *paths))
