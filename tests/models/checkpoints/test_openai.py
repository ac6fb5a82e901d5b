from __future__ import annotations

import io
import os
import pickle
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from transcriber.errors import ModelError
from transcriber.models.checkpoints.checkpoint import verified
from transcriber.models.checkpoints.layout import tensor_shapes
from transcriber.models.checkpoints.openai import read_openai, write_openai

from .samples import (
    DIMENSIONS,
    Weights,
    loaded_model,
    logits,
    model_of,
    random_weights,
    save_openai,
)


@pytest.fixture(scope="module")
def weights() -> Weights:
    return random_weights()


@pytest.fixture
def saved(tmp_path: Path, weights: Weights) -> Path:
    return save_openai(tmp_path / "saved.pt", weights)


def _rewritten(path: Path, target: Path) -> Path:
    with target.open("wb") as stream:
        write_openai(stream, verified(read_openai(path)))
    return target


@pytest.mark.parametrize("dtype", [torch.float16, torch.float32, torch.bfloat16])
def test_a_checkpoint_comes_out_as_it_went_in(tmp_path: Path, dtype: torch.dtype) -> None:
    weights = random_weights(dtype=dtype)
    saved = save_openai(tmp_path / "saved.pt", weights)
    loaded = torch.load(_rewritten(saved, tmp_path / "rewritten.pt"), weights_only=True)
    assert loaded.keys() == {"dims", "model_state_dict"}
    assert loaded["dims"] == DIMENSIONS
    assert list(loaded["model_state_dict"]) == list(tensor_shapes(DIMENSIONS))
    for name, tensor in loaded["model_state_dict"].items():
        assert tensor.dtype == dtype
        assert torch.equal(tensor, weights[name])


def test_openai_whisper_computes_the_same_with_it(
    tmp_path: Path, saved: Path, weights: Weights
) -> None:
    rewritten = loaded_model(_rewritten(saved, tmp_path / "rewritten.pt"))
    assert torch.equal(logits(rewritten), logits(model_of(weights)))


def test_linear_layers_lie_by_columns_as_in_the_files_of_openai(
    tmp_path: Path, saved: Path
) -> None:
    state = torch.load(_rewritten(saved, tmp_path / "new.pt"), weights_only=True)[
        "model_state_dict"
    ]
    assert state["encoder.blocks.0.mlp.0.weight"].stride() == (1, 16)
    assert state["decoder.token_embedding.weight"].stride() == (4, 1)
    assert state["encoder.conv1.weight"].stride() == (240, 3, 1)


def test_the_bytes_do_not_depend_on_how_the_source_lay(
    tmp_path: Path, saved: Path, weights: Weights
) -> None:
    by_columns = {
        name: tensor.T.contiguous().T if tensor.ndim == 2 else tensor
        for name, tensor in reversed(weights.items())
    }
    other = save_openai(tmp_path / "other.pt", by_columns)
    first = _rewritten(saved, tmp_path / "1.pt").read_bytes()
    assert _rewritten(other, tmp_path / "2.pt").read_bytes() == first
    assert _rewritten(tmp_path / "1.pt", tmp_path / "3.pt").read_bytes() == first


def test_other_entries_are_ignored_and_alignment_heads_kept(
    tmp_path: Path, weights: Weights
) -> None:
    path = save_openai(tmp_path / "m.pt", weights, epoch=3, alignment_heads=[[1, 0], [0, 1]])
    assert read_openai(path).alignment_heads == ((0, 1), (1, 0))
    rewritten = _rewritten(path, tmp_path / "new.pt")
    assert torch.load(rewritten, weights_only=True)["alignment_heads"] == [(0, 1), (1, 0)]
    assert verified(read_openai(rewritten)).alignment_heads == ((0, 1), (1, 0))


def test_parameters_are_weights_too(tmp_path: Path, weights: Weights) -> None:
    parameters: Any = OrderedDict(
        (name, torch.nn.Parameter(tensor)) for name, tensor in weights.items()
    )
    checkpoint = verified(read_openai(save_openai(tmp_path / "m.pt", parameters)))
    assert np.array_equal(
        checkpoint.tensors["encoder.conv1.weight"], weights["encoder.conv1.weight"].numpy()
    )


class _Runs:
    def __init__(self, target: Path) -> None:
        self._target = str(target)

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return os.mkdir, (self._target,)


class _Allocates:
    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return bytearray, (1 << 40,)


def test_code_in_a_pickle_is_refused_and_not_run(tmp_path: Path, weights: Weights) -> None:
    target = tmp_path / "created-by-the-pickle"
    path = save_openai(tmp_path / "m.pt", weights, extra=_Runs(target))
    with pytest.raises(ModelError, match=r"more than weights: it refers to \w+ mkdir"):
        read_openai(path)
    assert not target.exists()


@pytest.mark.parametrize(
    "extra", [_Allocates(), np.float64(1.5), torch.nn.Linear(1, 1), torch.float16, {1, 2}]
)
def test_whatever_is_no_weight_is_refused(tmp_path: Path, weights: Weights, extra: object) -> None:
    with pytest.raises(ModelError, match="more than weights"):
        read_openai(save_openai(tmp_path / "m.pt", weights, extra=extra))


@pytest.mark.parametrize("protocol", [4, 5])
def test_later_pickles_are_refused(tmp_path: Path, protocol: int) -> None:
    content = {"dims": DIMENSIONS, "model_state_dict": OrderedDict(a=OrderedDict())}
    path = tmp_path / "m.pt"
    torch.save(content, path, pickle_protocol=protocol)
    with pytest.raises(ModelError):
        read_openai(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([], "lacks dims"),
        ({"model_state_dict": {}}, "lacks dims"),
        ({"dims": DIMENSIONS}, "lacks dims"),
        ({"dims": DIMENSIONS, "model_state_dict": [torch.zeros(1)]}, "lacks dims"),
        ({"dims": DIMENSIONS, "model_state_dict": {1: torch.zeros(1)}}, "named tensors"),
        ({"dims": DIMENSIONS, "model_state_dict": {"a": 1}}, "named tensors"),
        ({"dims": DIMENSIONS, "model_state_dict": {"a": torch.zeros(1).double()}}, "more than"),
        ({"dims": DIMENSIONS, "model_state_dict": {}, "alignment_heads": 7}, "alignment heads"),
    ],
)
def test_another_structure_is_one_clear_error(tmp_path: Path, content: Any, message: str) -> None:
    path = tmp_path / "m.pt"
    torch.save(content, path)
    with pytest.raises(ModelError, match=message):
        read_openai(path)


def test_strides_of_zero_make_no_large_tensor(tmp_path: Path) -> None:
    huge = torch.zeros(1).expand(1 << 30)
    path = save_openai(tmp_path / "m.pt", {"a": huge})
    assert path.stat().st_size < 10_000
    with pytest.raises(ModelError, match="larger than its record"):
        read_openai(path)


def _changed(path: Path, change: Callable[[bytes], bytes], compression: int) -> None:
    records = {}
    with zipfile.ZipFile(path) as archive:
        for record in archive.infolist():
            records[record.filename] = archive.read(record)
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in records.items():
            archive.writestr(name, change(content) if name.endswith("data.pkl") else content)


def test_a_storage_that_claims_more_than_it_has_is_damage(tmp_path: Path) -> None:
    path = save_openai(tmp_path / "m.pt", {"a": torch.zeros(1000, dtype=torch.float16)})
    # The numbers of 1000 elements, in the storage and in the shape.
    _changed(
        path, lambda data: data.replace(b"M\xe8\x03", b"J\xff\xff\xff\x7f"), zipfile.ZIP_STORED
    )
    with pytest.raises(ModelError, match="cannot be read"):
        read_openai(path)


def test_a_compressed_archive_is_refused(tmp_path: Path, saved: Path) -> None:
    _changed(saved, bytes, zipfile.ZIP_DEFLATED)
    with pytest.raises(ModelError, match="it is compressed"):
        read_openai(saved)


def test_a_pickle_without_end_is_refused(tmp_path: Path, saved: Path) -> None:
    _changed(saved, lambda data: data + b"N" * (5 << 20), zipfile.ZIP_STORED)
    with pytest.raises(ModelError, match="should have 4194304 at most"):
        read_openai(saved)


def _legacy(path: Path) -> None:
    torch.save({"dims": DIMENSIONS}, path, _use_new_zipfile_serialization=False)


def _empty_archive(path: Path) -> None:
    with zipfile.ZipFile(path, "w"):
        pass


@pytest.mark.parametrize(
    "make",
    [
        _legacy,
        _empty_archive,
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(b"PK\3\4"),
        lambda path: path.write_bytes(pickle.dumps({"dims": 1})),
        lambda path: path.write_bytes(bytes(range(256)) * 100),
    ],
)
def test_another_file_is_one_clear_error(tmp_path: Path, make: Callable[[Path], Any]) -> None:
    path = tmp_path / "m.pt"
    make(path)
    with pytest.raises(ModelError, match=r"m\.pt cannot be read"):
        read_openai(path)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
def test_a_truncated_file_is_one_clear_error(saved: Path, share: float) -> None:
    saved.write_bytes(saved.read_bytes()[: int(saved.stat().st_size * share)])
    with pytest.raises(ModelError, match="cannot be read"):
        read_openai(saved)


def test_writing_takes_no_more_than_a_tensor_at_a_time(saved: Path) -> None:
    checkpoint = verified(read_openai(saved))
    sizes = []

    class Sink:
        def write(self, content: Any, /) -> None:
            sizes.append(len(content))

    write_openai(Sink(), checkpoint)
    largest = max(tensor.nbytes for tensor in checkpoint.tensors.values())
    assert max(sizes) == largest
    whole = io.BytesIO()
    write_openai(whole, checkpoint)
    assert sum(sizes) == len(whole.getvalue())
