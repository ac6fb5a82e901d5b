"""The tensors that a Whisper checkpoint of given dimensions holds, as OpenAI laid them out.

Names and shapes are those of ``Whisper.state_dict()`` in openai-whisper's ``model.py``. The
order, the order of the dimensions and the storage by columns are those of the files that OpenAI
published in 2022: with them, `transcriber.models.checkpoints.openai` writes ``tiny.en.pt`` and
``base.pt`` with OpenAI's own sha256.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

DIMENSION_NAMES = (
    "n_mels",
    "n_vocab",
    "n_audio_ctx",
    "n_audio_state",
    "n_audio_head",
    "n_audio_layer",
    "n_text_ctx",
    "n_text_state",
    "n_text_head",
    "n_text_layer",
)
"""The fields of openai-whisper's ``ModelDimensions``."""

Shape = tuple[int, ...]


def tensor_shapes(dimensions: Mapping[str, int]) -> dict[str, Shape]:
    """Return the shape of every tensor by its name, in the order of OpenAI's files.

    Parameters
    ----------
    dimensions : mapping of str to int
        The values of `DIMENSION_NAMES`, all positive.
    """
    return dict(_tensors(dimensions))


def is_stored_by_columns(name: str, shape: Shape) -> bool:
    """Tell whether OpenAI's files hold the tensor `name` transposed: the linear layers' weights."""
    return len(shape) == 2 and "embedding" not in name


def _tensors(dimensions: Mapping[str, int]) -> Iterator[tuple[str, Shape]]:
    text, audio = dimensions["n_text_state"], dimensions["n_audio_state"]
    yield "decoder.positional_embedding", (dimensions["n_text_ctx"], text)
    yield "encoder.positional_embedding", (dimensions["n_audio_ctx"], audio)
    yield "decoder.token_embedding.weight", (dimensions["n_vocab"], text)
    for layer in range(dimensions["n_text_layer"]):
        block = f"decoder.blocks.{layer}"
        yield from _feed_forward(block, text)
        yield from _attention(f"{block}.attn", text)
        yield from _attention(f"{block}.cross_attn", text)
    yield from _layer_norm("decoder.ln", text)
    yield "encoder.conv1.weight", (audio, dimensions["n_mels"], 3)
    yield "encoder.conv1.bias", (audio,)
    yield "encoder.conv2.weight", (audio, audio, 3)
    yield "encoder.conv2.bias", (audio,)
    for layer in range(dimensions["n_audio_layer"]):
        block = f"encoder.blocks.{layer}"
        yield from _feed_forward(block, audio)
        yield from _attention(f"{block}.attn", audio)
    yield from _layer_norm("encoder.ln_post", audio)


def _feed_forward(block: str, state: int) -> Iterator[tuple[str, Shape]]:
    yield from _layer_norm(f"{block}.mlp_ln", state)
    yield from _linear(f"{block}.mlp.0", 4 * state, state)
    yield from _linear(f"{block}.mlp.2", state, 4 * state)


def _attention(name: str, state: int) -> Iterator[tuple[str, Shape]]:
    yield from _layer_norm(f"{name}_ln", state)
    yield from _linear(f"{name}.query", state, state)
    # A bias of the keys would change no attention weight, so the model has none.
    yield f"{name}.key.weight", (state, state)
    yield from _linear(f"{name}.value", state, state)
    yield from _linear(f"{name}.out", state, state)


def _linear(name: str, rows: int, columns: int) -> Iterator[tuple[str, Shape]]:
    yield f"{name}.weight", (rows, columns)
    yield f"{name}.bias", (rows,)


def _layer_norm(name: str, state: int) -> Iterator[tuple[str, Shape]]:
    yield f"{name}.weight", (state,)
    yield f"{name}.bias", (state,)
