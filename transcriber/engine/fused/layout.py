"""Which tensors the operators take, in which order, and what of the checkpoint each is made of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from transcriber.engine.fused.forms import ROWS, STORAGES, Forms

HEAD = 64
"""Width of an attention head, in every model of OpenAI's and in all that were made from them."""

_KERNEL = 3
"""Frames that the convolutions look at."""


@dataclass(frozen=True, kw_only=True)
class Described:
    """A tensor of the operators.

    Attributes
    ----------
    name : str
        Ours.
    dtype : str
        As safetensors names it.
    shape : tuple of int
    """

    name: str
    dtype: str
    shape: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Matrix:
    """A packed matrix with its scales and, unless `biases` is empty, its bias.

    Attributes
    ----------
    name : str
        Ours.
    weights : tuple of str
        The checkpoint's, one below the other. A convolution's is unrolled: tap, then channel.
    rows, columns : int
        Outputs of each of them, and inputs.
    form : str
        One of `STORAGES`.
    biases : tuple of (str or None)
        The checkpoint's for each of `weights`; None where it has none, which is zero.
    """

    name: str
    weights: tuple[str, ...]
    rows: int
    columns: int
    form: str
    biases: tuple[str | None, ...]

    @property
    def padded(self) -> int:
        """Outputs of all, in whole panels."""
        return -(-self.rows * len(self.weights) // ROWS) * ROWS

    def tensors(self) -> Iterator[Described]:
        """Describe what it becomes."""
        storage = STORAGES[self.form]
        shape: tuple[int, ...] = (self.padded // ROWS, self.columns // storage.group, ROWS)
        if storage.group > 1:
            shape += (storage.group,)
        yield Described(name=f"{self.name}.packed", dtype=storage.dtype, shape=shape)
        scales = (2, self.padded) if storage.scaled else (0,)
        yield Described(name=f"{self.name}.scales", dtype="F32", shape=scales)
        if self.biases:
            yield Described(name=f"{self.name}.bias", dtype="F32", shape=(self.padded,))


@dataclass(frozen=True, kw_only=True)
class Plain:
    """A tensor of the checkpoint as it is.

    Attributes
    ----------
    name : str
        The checkpoint's.
    shape : tuple of int
    dtype : str
        ``F32`` or ``F16``, to which it is rounded.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str = "F32"

    def tensors(self) -> Iterator[Described]:
        """Describe what it becomes."""
        yield Described(name=self.name, dtype=self.dtype, shape=self.shape)


Item = Matrix | Plain


def is_supported(dimensions: Mapping[str, int]) -> bool:
    """Whether the operators can compute a model of these dimensions.

    Parameters
    ----------
    dimensions : mapping of str to int
        The fields of openai-whisper's ``ModelDimensions``.

    Examples
    --------
    >>> sizes = {"n_audio_state": 384, "n_text_state": 384, "n_audio_head": 6, "n_text_head": 6}
    >>> is_supported(sizes)
    True
    """
    state = dimensions["n_audio_state"]
    return (
        state == dimensions["n_text_state"]
        and state == HEAD * dimensions["n_audio_head"]
        and state == HEAD * dimensions["n_text_head"]
    )


def encoder_items(dimensions: Mapping[str, int], forms: Forms) -> list[Item]:
    """Return what `transcriber.operators.encode` takes, in order.

    Parameters
    ----------
    dimensions : mapping of str to int
        The fields of openai-whisper's ``ModelDimensions``.
    forms : Forms
        How the weights are stored.

    Examples
    --------
    >>> sizes = {"n_audio_state": 384, "n_mels": 80, "n_audio_ctx": 1500, "n_audio_layer": 4}
    >>> items = encoder_items(sizes, Forms(encoder="int16", decoder="int8"))
    >>> items[2], len(items)
    (Plain(name='encoder.positional_embedding', shape=(1500, 384), dtype='F32'), 37)
    """
    state, form = dimensions["n_audio_state"], forms.encoder
    items: list[Item] = [
        # It reads the spectrogram, whose values are too far apart for few bits.
        _convolution("encoder.conv1", state, dimensions["n_mels"], "float32"),
        # Integers would need a scale for each row, of which three become one here.
        _convolution("encoder.conv2", state, state, "float32" if form == "int16" else form),
        Plain(name="encoder.positional_embedding", shape=(dimensions["n_audio_ctx"], state)),
    ]
    for layer in range(dimensions["n_audio_layer"]):
        block = f"encoder.blocks.{layer}"
        items += _self_attention(block, state, form)
        items += _feed_forward(block, state, form)
    items += _layer_norm("encoder.ln_post", state)
    return items


def decoder_items(dimensions: Mapping[str, int], forms: Forms) -> list[Item]:
    """Return what the operators take that decode, in order.

    Parameters
    ----------
    dimensions : mapping of str to int
        The fields of openai-whisper's ``ModelDimensions``.
    forms : Forms
        How the weights are stored; nothing of it is left open.

    Examples
    --------
    >>> sizes = {"n_text_state": 384, "n_vocab": 51865, "n_text_ctx": 448, "n_text_layer": 4}
    >>> items = decoder_items(sizes, Forms(encoder="int16", decoder="int8"))
    >>> items[2], len(items)
    (Plain(name='decoder.positional_embedding', shape=(448, 384), dtype='F32'), 57)
    """
    state, form = dimensions["n_text_state"], forms.decoder
    embedding, tokens = "decoder.token_embedding.weight", dimensions["n_vocab"]
    items: list[Item] = [
        Matrix(
            name="decoder.logits",
            weights=(embedding,),
            rows=tokens,
            columns=state,
            form=form,
            biases=(),
        )
    ]
    if form == "int8":
        # The likely tokens' logits are computed once more, with these.
        items.append(Plain(name=embedding, shape=(tokens, state), dtype="F16"))
    items.append(
        Plain(name="decoder.positional_embedding", shape=(dimensions["n_text_ctx"], state))
    )
    for layer in range(dimensions["n_text_layer"]):
        block = f"decoder.blocks.{layer}"
        cross = f"{block}.cross_attn"
        items += _self_attention(block, state, form)
        items += _layer_norm(f"{cross}_ln", state)
        items.append(_linear(f"{cross}.query", state, state, form))
        items.append(
            Matrix(
                name=f"{cross}.kv",
                weights=(f"{cross}.key.weight", f"{cross}.value.weight"),
                rows=state,
                columns=state,
                form=forms.encoder,
                biases=(None, f"{cross}.value.bias"),
            )
        )
        items.append(_linear(f"{cross}.out", state, state, form))
        items += _feed_forward(block, state, form, second=forms.sensitive)
    items += _layer_norm("decoder.ln", state)
    return items


def described(items: Sequence[Item]) -> list[Described]:
    """Return the tensors of all items, in order.

    Examples
    --------
    >>> described([Plain(name="decoder.ln.bias", shape=(384,))])
    [Described(name='decoder.ln.bias', dtype='F32', shape=(384,))]
    """
    return [tensor for item in items for tensor in item.tensors()]


def _self_attention(block: str, state: int, form: str) -> list[Item]:
    attention = f"{block}.attn"
    return [
        *_layer_norm(f"{attention}_ln", state),
        Matrix(
            name=f"{attention}.qkv",
            weights=tuple(f"{attention}.{part}.weight" for part in ("query", "key", "value")),
            rows=state,
            columns=state,
            form=form,
            # A bias of the keys would change no attention weight, so the model has none.
            biases=(f"{attention}.query.bias", None, f"{attention}.value.bias"),
        ),
        _linear(f"{attention}.out", state, state, form),
    ]


def _feed_forward(block: str, state: int, form: str, *, second: str = "") -> list[Item]:
    return [
        *_layer_norm(f"{block}.mlp_ln", state),
        _linear(f"{block}.mlp.0", 4 * state, state, form),
        _linear(f"{block}.mlp.2", state, 4 * state, second or form),
    ]


def _layer_norm(name: str, state: int) -> list[Item]:
    return [Plain(name=f"{name}.{part}", shape=(state,)) for part in ("weight", "bias")]


def _linear(name: str, rows: int, columns: int, form: str) -> Matrix:
    return Matrix(
        name=name,
        weights=(f"{name}.weight",),
        rows=rows,
        columns=columns,
        form=form,
        biases=(f"{name}.bias",),
    )


def _convolution(name: str, rows: int, channels: int, form: str) -> Matrix:
    return _linear(name, rows, _KERNEL * channels, form)
