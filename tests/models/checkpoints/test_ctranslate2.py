from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from transcriber.errors import ModelError
from transcriber.models.checkpoints.checkpoint import Checkpoint, verified
from transcriber.models.checkpoints.ctranslate2 import find_parts, read_ctranslate2

from .samples import (
    DIMENSIONS,
    Weights,
    ctranslate2_variables,
    encode_ctranslate2,
    quantized,
    random_weights,
    raw_bytes,
    save_ctranslate2,
)

KEY_BIAS = "decoder/layer_0/attention/linear_1/bias"


@pytest.fixture(scope="module")
def weights() -> Weights:
    return random_weights()


@pytest.fixture
def variables(weights: Weights) -> dict[str, Any]:
    return dict(ctranslate2_variables(weights))


def read(folder: Path) -> Checkpoint:
    return verified(read_ctranslate2(find_parts(folder)))


def read_variables(folder: Path, variables: dict[str, Any], **options: Any) -> Checkpoint:
    return read(save_ctranslate2(folder, encode_ctranslate2(variables, **options)))


def assert_same(checkpoint: Checkpoint, weights: Weights) -> None:
    assert checkpoint.tensors.keys() == weights.keys()
    for name, tensor in checkpoint.tensors.items():
        assert tensor.shape == tuple(weights[name].shape)
        assert tensor.tobytes() == raw_bytes(weights[name])


@pytest.mark.parametrize("dtype", [torch.float16, torch.float32, torch.bfloat16])
def test_floating_point_is_read_exactly(tmp_path: Path, dtype: torch.dtype) -> None:
    weights = random_weights(dtype=dtype)
    checkpoint = read_variables(tmp_path, dict(ctranslate2_variables(weights)))
    assert_same(checkpoint, weights)
    assert checkpoint.dimensions == DIMENSIONS
    assert checkpoint.alignment_heads == ((0, 1), (1, 0))
    assert checkpoint.origin == "ctranslate2"


@pytest.mark.parametrize("source", [torch.float32, torch.float16])
@pytest.mark.parametrize(
    ("kind", "dtype", "steps"), [("int8", np.float16, 127), ("int16", np.float32, 1024)]
)
def test_integers_are_scaled_back(
    tmp_path: Path, source: torch.dtype, kind: str, dtype: type, steps: int
) -> None:
    weights = random_weights(dtype=source)
    variables = dict(ctranslate2_variables(weights))
    checkpoint = read_variables(tmp_path, quantized(variables, kind))
    for name, tensor in checkpoint.tensors.items():
        exact = weights[name].float().numpy()
        if tensor.ndim == 1 or "positional" in name:
            assert np.array_equal(tensor, exact)
            assert tensor.dtype == exact.astype(str(source).removeprefix("torch.")).dtype
            continue
        assert tensor.dtype == dtype
        # int16 has one scale for the whole matrix, which may hold query, key and value.
        largest = np.abs(exact).max(axis=tuple(range(1, exact.ndim)), keepdims=True)
        limit = largest if kind == "int8" else np.float32(1)
        rounding = np.abs(exact) / 2048 if kind == "int8" else 0
        assert np.all(np.abs(tensor - exact) <= limit / steps / 2 + rounding + 1e-6)
        assert np.corrcoef(tensor.reshape(-1), exact.reshape(-1))[0, 1] > 0.999


@pytest.mark.parametrize("shape", [(), (1,)])
def test_the_scale_of_all_rows_may_be_a_list_of_one(
    tmp_path: Path, variables: dict[str, Any], shape: tuple[int, ...]
) -> None:
    name = "encoder/conv1/weight"
    variables[name] = np.full((4, 80, 3), 64, np.int16)
    variables[f"{name}_scale"] = np.full(shape, 128, np.float32)
    assert np.all(read_variables(tmp_path, variables).tensors["encoder.conv1.weight"] == 0.5)


@pytest.mark.parametrize(
    ("scale", "message"),
    [
        (np.zeros(4, np.float32), "not positive"),
        (np.array([1, 2, -1, 3], np.float32), "not positive"),
        (np.array([1, 2, np.nan, 3], np.float32), "not positive"),
        (np.array([1, 2, np.inf, 3], np.float32), "not positive"),
        (np.ones(3, np.float32), "elements"),
        (np.ones((4, 1), np.float32), "elements"),
        (np.ones(4, np.float16), "elements"),
        (np.full(4, 1e-30, np.float32), "not finite"),
    ],
)
def test_a_scale_that_cannot_be_right_is_refused(
    tmp_path: Path, variables: dict[str, Any], scale: np.ndarray[Any, Any], message: str
) -> None:
    variables["encoder/conv1/weight"] = np.ones((4, 80, 3), np.int8)
    variables["encoder/conv1/weight_scale"] = scale
    with pytest.raises(ModelError, match=message):
        read_variables(tmp_path, variables)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        (KEY_BIAS, np.ones(8, np.float16), "gives keys a bias"),
        (KEY_BIAS, np.ones(7, np.float16), "do not divide"),
        ("encoder/conv1/weight", np.ones((4, 80, 3), np.int8), "unknown kind"),
        ("encoder/conv1/weight", np.ones((4, 80, 3), np.int32), "unknown kind"),
        ("encoder/conv1/weight_scale", np.ones(4, np.float32), "unknown kind"),
        ("encoder/conv9/weight_scale", np.ones(4, np.float32), "scale of nothing"),
        ("decoder/activation", np.int8(0), "not Whisper's network"),
        ("decoder/pre_norm", np.int8(0), "not Whisper's network"),
        ("decoder/rotary_dim", np.int32(4), "does not have"),
        ("decoder/num_heads", np.float32(2), "number of heads"),
        ("decoder/num_heads", np.int16(0), "n_text_head"),
        ("decoder/num_heads", np.int16(-2), "n_text_head"),
        ("decoder/layer_0/attention/q_norm/gamma", np.ones(4, np.float16), "Whisper has not"),
        ("decoder/layer_00/ffn/layer_norm/beta", np.ones(4, np.float16), "incomplete"),
        ("decoder/embeddings/bias", np.ones(4, np.float16), "token_embedding.bias"),
        ("decoder/projection/bias", np.ones(4, np.float16), "Whisper has not"),
        ("decoder/projection/weight", np.ones((51865, 4), np.float16), "output projection"),
        ("encoder/position_encodings/encodings", np.ones(4, np.float16), "lacks"),
        ("decoder/embeddings/weight", np.ones((51865, 3), np.float16), "has the shape"),
    ],
)
def test_a_variable_that_whisper_does_not_have_is_refused(
    tmp_path: Path, variables: dict[str, Any], name: str, value: Any, message: str
) -> None:
    aliases: dict[str, str] | None = {} if "projection" in name else None
    with pytest.raises(ModelError, match=message):
        read_variables(tmp_path, variables | {name: value}, aliases=aliases)


@pytest.mark.parametrize("name", ["encoder/num_heads", "decoder/embeddings/weight", KEY_BIAS])
def test_a_missing_variable_is_refused(
    tmp_path: Path, variables: dict[str, Any], name: str
) -> None:
    del variables[name]
    with pytest.raises(ModelError):
        read_variables(tmp_path, variables, aliases={})


def test_equal_variables_are_stored_once(
    tmp_path: Path, weights: Weights, variables: dict[str, Any]
) -> None:
    """As CTranslate2 does; the projection may also be there in full."""
    first, second = "encoder/layer_norm/beta", "encoder/layer_norm/gamma"
    variables["decoder/projection/weight"] = variables["decoder/embeddings/weight"]
    del variables[second]
    changed = weights | {"encoder.ln_post.weight": weights["encoder.ln_post.bias"]}
    assert_same(read_variables(tmp_path, variables, aliases={second: first}), changed)


@pytest.mark.parametrize(
    "aliases",
    [
        {"decoder/projection/weight": "decoder/nothing"},
        {"encoder/conv1/bias": "encoder/conv2/bias"},
        {"a": "b", "b": "encoder/conv2/bias"},
    ],
)
def test_an_alias_names_a_variable(
    tmp_path: Path, variables: dict[str, Any], aliases: dict[str, str]
) -> None:
    with pytest.raises(ModelError, match="is not one"):
        read_variables(tmp_path, variables, aliases=aliases)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"version": 3}, "known version"),
        ({"version": 7}, "known version"),
        ({"specification": "TransformerSpec"}, "'TransformerSpec'"),
        ({"revision": 4}, "later CTranslate2"),
    ],
)
def test_another_kind_of_model_is_refused(
    tmp_path: Path, variables: dict[str, Any], options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ModelError, match=message):
        read_variables(tmp_path, variables, **options)


@pytest.fixture
def content(variables: dict[str, Any]) -> bytes:
    return encode_ctranslate2(variables)


def test_a_configuration_is_not_needed(tmp_path: Path, content: bytes) -> None:
    folder = save_ctranslate2(tmp_path, content, heads=None)
    assert read(folder).alignment_heads is None
    (folder / "config.json").unlink()
    assert read(folder).alignment_heads is None


def test_every_truncation_of_the_structure_is_one_clear_error(
    tmp_path: Path, content: bytes
) -> None:
    embeddings = content.index(b"decoder/embeddings/weight") + 40
    lengths = [*range(embeddings), *range(embeddings, len(content), 9973), len(content) - 1]
    path = tmp_path / "model.bin"
    for length in lengths:
        path.write_bytes(content[:length])
        with pytest.raises(ModelError):
            read_ctranslate2([path])


def test_bytes_behind_the_end_are_damage(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(ModelError, match="1 bytes follow"):
        read(save_ctranslate2(tmp_path, content + b"\0"))


def test_two_variables_of_one_name_are_damage(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(ModelError, match="two variables"):
        read(
            save_ctranslate2(
                tmp_path, content.replace(b"encoder/conv2/bias", b"encoder/conv1/bias")
            )
        )


@pytest.mark.parametrize("name", [b"encoder/conv1\0bias", b"encoder/conv1/\xff\xff\xff\xff"])
def test_a_name_is_text(tmp_path: Path, content: bytes, name: bytes) -> None:
    with pytest.raises(ModelError, match="damaged"):
        read(save_ctranslate2(tmp_path, content.replace(b"encoder/conv1/bias", name)))


def test_counts_beyond_the_file_allocate_nothing(tmp_path: Path, content: bytes) -> None:
    start = content.index(b"WhisperSpec\0") + len(b"WhisperSpec\0") + 4
    many = content[:start] + struct.pack("<I", 0xFFFF_FFFF) + content[start + 4 :]
    with pytest.raises(ModelError, match="damaged"):
        read(save_ctranslate2(tmp_path, many))


@pytest.mark.parametrize(
    ("rank", "shape", "length"),
    [
        (3, (0xFFFF_FFFF, 0xFFFF_FFFF, 0xFFFF_FFFF), 0xFFFF_FFFF),
        (2, (0xFFFF, 0xFFFF), 0xFFFF * 0xFFFF),
        (200, (1,) * 200, 1),
        (3, (0, 0xFFFF_FFFF, 0xFFFF_FFFF), 0),
    ],
)
def test_a_variable_larger_than_the_file_is_not_allocated(
    tmp_path: Path, rank: int, shape: tuple[int, ...], length: int
) -> None:
    content = struct.pack("<IH", 6, 12) + b"WhisperSpec\0" + struct.pack("<IIH", 3, 1, 2) + b"a\0"
    content += struct.pack(f"<B{rank}IBI", rank, *shape, 1, length) + bytes(100)
    with pytest.raises(ModelError, match="damaged"):
        read(save_ctranslate2(tmp_path, content))


def _split(folder: Path, content: bytes, numbers: range, *, nested: bool) -> None:
    size = len(content) // len(numbers) + 1
    for place, number in enumerate(numbers):
        target = folder / f"package_{number}" / "data" if nested else folder
        target.mkdir(parents=True, exist_ok=True)
        part = content[place * size : (place + 1) * size]
        (target / f"model.bin.part{number}").write_bytes(part)


@pytest.mark.parametrize("nested", [False, True])
@pytest.mark.parametrize("numbers", [range(1, 3), range(12), range(1, 2)])
def test_parts_are_put_together(
    tmp_path: Path, weights: Weights, content: bytes, numbers: range, nested: bool
) -> None:
    _split(tmp_path, content, numbers, nested=nested)
    folder = tmp_path / f"package_{numbers[-1]}" / "data" if nested else tmp_path
    (folder / "config.json").write_text('{"alignment_heads": [[1, 1]]}')
    checkpoint = read(tmp_path)
    assert_same(checkpoint, weights)
    assert checkpoint.alignment_heads == ((1, 1),)


@pytest.mark.parametrize(
    ("removed", "message"),
    [
        (1, "part 1 of model.bin is missing"),
        (2, "part 2 of model.bin is missing"),
        (3, "cut short"),
    ],
)
def test_a_missing_part_is_named(
    tmp_path: Path, content: bytes, removed: int, message: str
) -> None:
    _split(tmp_path, content, range(1, 4), nested=False)
    (tmp_path / f"model.bin.part{removed}").unlink()
    with pytest.raises(ModelError, match=message):
        read(tmp_path)


def test_a_part_that_is_there_twice_is_refused(tmp_path: Path, content: bytes) -> None:
    _split(tmp_path, content, range(1, 3), nested=True)
    (tmp_path / "model.bin.part2").write_bytes(b"")
    with pytest.raises(ModelError, match="the same part"):
        find_parts(tmp_path)


def test_a_variable_of_no_elements_takes_no_time(tmp_path: Path, variables: dict[str, Any]) -> None:
    """Billions of rows of nothing were scaled back in a million turns."""
    rows = np.empty((0xFFFF_FFFF, 0), np.int8)
    variables |= {"decoder/a/weight": rows, "decoder/a/weight_scale": np.float32(1)}
    with pytest.raises(ModelError, match="'decoder/a/weight' has no elements"):
        read_variables(tmp_path, variables)


def test_a_model_has_not_a_million_variables(tmp_path: Path, variables: dict[str, Any]) -> None:
    content = bytearray(encode_ctranslate2(variables))
    place = content.index(b"WhisperSpec\0") + 12 + 4
    content[place : place + 4] = struct.pack("<I", 1 << 20)
    with pytest.raises(ModelError, match="claims 1048576 variables"):
        read(save_ctranslate2(tmp_path, bytes(content)))
