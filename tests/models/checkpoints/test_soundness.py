"""What nobody honest writes is refused in one line, before torch looks at it."""

from __future__ import annotations

import struct
import time
import warnings
import zlib
from collections import OrderedDict
from pathlib import Path
from typing import Any

import pytest
import torch
from conftest import Run

from transcriber.engine.fused.checkpoint import open_checkpoint
from transcriber.engine.model_loading import load_checkpoint, read_content
from transcriber.errors import ModelError
from transcriber.models.checkpoints.openai import read_openai
from transcriber.models.checkpoints.reading import read_checkpoint
from transcriber.models.checkpoints.saved_archive import UnsoundError
from transcriber.models.checkpoints.saved_pickle import STORAGES, ForeignError
from transcriber.models.checkpoints.soundness import check_saved
from transcriber.settings import DecodingSettings

from . import crafted
from .samples import DIMENSIONS, random_weights, save_openai

SECONDS = 20
"""Far above what any takes on a slow machine; collisions alone would take hours."""


def _line(error: ModelError) -> str:
    line = str(error)
    assert error.exit_code == 4
    assert line.isprintable()
    assert len(line) < 400
    return line


@pytest.mark.parametrize("kind", crafted.ITEM_SIZES)
def test_a_tensor_that_fits_its_record_is_sound(tmp_path: Path, kind: str) -> None:
    """So that what is refused below is refused for what is wrong with it."""
    path = tmp_path / "m.pt"
    path.write_bytes(crafted.of_tensor(kind, 4, 4 * crafted.ITEM_SIZES[kind]))
    check_saved(path)
    assert read_content(path)["model_state_dict"]["a"].tolist() == [0] * 4


@pytest.mark.parametrize("zip64", [True, False])
def test_both_ends_of_an_archive_are_read(tmp_path: Path, zip64: bool) -> None:
    path = tmp_path / "m.pt"
    weight = crafted.tensor(crafted.storage("HalfStorage", 6), (2, 2), (3, 1), 1)
    path.write_bytes(crafted.saved(crafted.pickled(weight), {"0": bytes(12)}, zip64=zip64))
    assert read_openai(path).tensors["a"].shape == (2, 2)


@pytest.mark.parametrize("name", crafted.ALL)
def test_crafted_checkpoints_are_one_line(tmp_path: Path, name: str) -> None:
    path = tmp_path / "m.pt"
    path.write_bytes(crafted.ALL[name]())
    begun = time.monotonic()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(UnsoundError):
            check_saved(path)
        with pytest.raises(ModelError) as importing:
            read_openai(path)
        with pytest.raises(ModelError) as opening:
            open_checkpoint(path, "m")
    assert "m.pt" in _line(importing.value)
    assert "m.pt" in _line(opening.value)
    assert time.monotonic() - begun < SECONDS


def test_what_training_scripts_save_is_sound(tmp_path: Path) -> None:
    """Every type, views of one storage, nothing, parameters, and what a module adds."""
    linear = torch.nn.Linear(3, 2)
    shared = torch.arange(12.0).reshape(3, 4)
    content: dict[str, Any] = {
        "types": [
            torch.zeros(3, dtype=dtype)
            for dtype in (
                *(torch.float32, torch.float16, torch.bfloat16, torch.float64),
                *(torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8, torch.bool),
            )
        ],
        "views": {
            "row": shared[1],
            "column": shared[:, 2],
            "turned": shared.T,
            "one": shared[0, 0],
        },
        "nothing": [torch.zeros(0), torch.zeros(0, 512), torch.zeros(2, 0)],
        "scalar": torch.tensor(2.5),
        "parameters": OrderedDict(linear.named_parameters()),
        "module": linear.state_dict(),
        "optimizer": {"state": {0: {"step": 7, "exp_avg": shared}}, "groups": [{"lr": 1e-3}]},
        "others": (None, True, False, -5, 1 << 40, 1.5, "text", ()),
    }
    path = tmp_path / "m.pt"
    torch.save(content, path)
    assert len(content["types"]) == len(STORAGES)
    check_saved(path)
    read = read_content(path)
    assert read.keys() == content.keys()
    assert torch.equal(read["views"]["column"], shared[:, 2])


@pytest.mark.parametrize("kind", ["ComplexFloatStorage", "QInt8Storage", "UntypedStorage"])
def test_other_types_are_told(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "m.pt"
    weight = crafted.tensor(crafted.storage(kind, 2), (2,))
    path.write_bytes(crafted.saved(crafted.pickled(weight), {"0": bytes(16)}))
    with pytest.raises(ForeignError, match=kind):
        check_saved(path)


def test_what_is_foreign_is_named_without_its_controls(tmp_path: Path) -> None:
    path = tmp_path / "m.pt"
    path.write_bytes(crafted.PICKLES["controls in a name"]())
    with pytest.raises(ForeignError) as caught:
        check_saved(path)
    assert caught.value.name == "?[2J?x y?"


def test_every_record_counts_in_a_whole_model(tmp_path: Path) -> None:
    """One element less in the last of many storages."""
    path = save_openai(tmp_path / "m.pt", random_weights())
    check_saved(path)
    content = path.read_bytes()
    start = content.index(b"\x80\2}")
    pickled = content[start : content.index(b"PK\7\x08", start)]
    # The width of the last bias, in its shape, is four; the checksum is made to fit.
    place = pickled.rindex(b"K\4\x85")
    changed = pickled[:place] + b"K\5" + pickled[place + 2 :]
    old, new = (struct.pack("<I", zlib.crc32(data)) for data in (pickled, changed))
    assert content.count(old) == 2
    path.write_bytes(content.replace(pickled, changed).replace(old, new))
    with pytest.raises(UnsoundError, match="beyond its record"):
        check_saved(path)


def test_a_folder_or_nothing_is_an_error_of_the_system(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="directory"):
        check_saved(tmp_path)
    with pytest.raises(OSError, match="No such file"):
        check_saved(tmp_path / "none.pt")


@pytest.mark.parametrize("name", ["n_audio_layer", "n_text_layer", "n_vocab", "n_text_ctx"])
def test_no_model_is_built_of_dimensions_that_no_tensor_has(tmp_path: Path, name: str) -> None:
    path = save_openai(tmp_path / "m.pt", random_weights(), DIMENSIONS | {name: 1 << 30})
    begun = time.monotonic()
    with pytest.raises(ModelError) as caught:
        load_checkpoint(path, name="m", official=None, device="cpu", settings=DecodingSettings())
    _line(caught.value)
    with pytest.raises(ModelError):
        open_checkpoint(path, "m")
    assert time.monotonic() - begun < SECONDS


@pytest.mark.parametrize("name", ["a\x07b", "\x1b]0;title\x07", "\ud800", "a" * 1000])
def test_names_of_tensors_steer_no_terminal(tmp_path: Path, name: str) -> None:
    path = save_openai(tmp_path / "m.pt", random_weights() | {name: torch.zeros(1)})
    with pytest.raises(ModelError) as importing:
        read_checkpoint(path)
    with pytest.raises(ModelError) as opening:
        open_checkpoint(path, "m")
    assert "?" in _line(importing.value) or len(name) > 100
    assert "?" in _line(opening.value) or len(name) > 100


@pytest.mark.parametrize("name", ["SETITEM on a tensor", "HalfStorage: more than its record"])
def test_the_program_says_it_in_one_line(tmp_path: Path, run: Run, name: str) -> None:
    path = tmp_path / "m.pt"
    path.write_bytes(crafted.ALL[name]())
    done = run("models", "import", "--model_dir", tmp_path / "store", path)
    assert done.returncode == 4
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert "m.pt cannot be read as a checkpoint" in line
