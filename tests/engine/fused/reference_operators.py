"""The fused operators in plain PyTorch: what the real ones are compared with.

Weights are unpacked, whatever their form, and everything is computed in single precision, with
openai-whisper's own search. So a result differs from openai-whisper's by the rounding of the
weights, and from the real operators' by that of the activations.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import conv1d, gelu, layer_norm, softmax
from whisper.decoding import (
    ApplyTimestampRules,
    BeamSearchDecoder,
    GreedyDecoder,
    Inference,
    MaximumLikelihoodRanker,
)

ROWS = 16
GROUPS = {"float32": 1, "float16": 1, "bfloat16": 2, "int16": 2, "int8": 4}
TYPES: dict[str, tuple[torch.dtype, np.dtype[Any]]] = {
    "float32": (torch.float32, np.dtype("<f4")),
    "float16": (torch.float16, np.dtype("<f2")),
    # numpy has no such type: its bits.
    "bfloat16": (torch.bfloat16, np.dtype("<u2")),
    "int16": (torch.int16, np.dtype("<i2")),
    "int8": (torch.int8, np.dtype("<i1")),
}
# 16 bits leave some to the activations, with which they are multiplied.
LARGEST = {"int16": 4095, "int8": 127}
CAPABILITIES = ("default", "avx2", "avx_vnni", "avx512", "avx512_vnni", "avx512_bf16", "amx")

_current = ["avx2"]


def capability() -> str:
    return _current[0]


def set_capability(name: str) -> None:
    if name not in CAPABILITIES[: CAPABILITIES.index("avx512")]:
        raise RuntimeError(f"this processor has no {name}")
    _current[0] = name


def pack(weight: Tensor, form: str) -> tuple[Tensor, Tensor]:
    """Pack in numpy, because our own PyTorch lacks what this would take."""
    assert weight.dtype in (torch.float32, torch.float16)
    assert weight.is_contiguous()
    rows, columns = weight.shape
    padded = np.zeros((-(-rows // ROWS) * ROWS, columns), np.float32)
    padded[:rows] = weight.numpy()
    scales = torch.empty(0)
    if form in LARGEST:
        scale = np.abs(padded).max(1) / np.float32(LARGEST[form])
        padded = np.rint(padded / np.where(scale > 0, scale, 1)[:, None])
        scales = torch.from_numpy(np.stack([scale, np.sqrt(np.square(padded).sum(1))]))
    group = GROUPS[form]
    panels = padded.reshape(-1, ROWS, columns // group, group).transpose(0, 2, 1, 3)
    panels = np.ascontiguousarray(panels[..., 0] if group == 1 else panels)
    kind, bits = TYPES[form]
    if form == "bfloat16":
        whole = panels.view("<u4")
        # To the nearest, and to the even one of two.
        panels = ((whole + 0x7FFF + (whole >> 16 & 1)) >> 16).astype(bits)
    content = bytearray(panels.astype(bits).tobytes())
    return torch.frombuffer(content, dtype=kind).reshape(panels.shape), scales


def unpack(packed: Tensor, scales: Tensor) -> Tensor:
    """Return the matrix, with its padded rows."""
    bits = next(bits for kind, bits in TYPES.values() if kind == packed.dtype)
    content = ctypes.string_at(packed.data_ptr(), packed.numel() * bits.itemsize)
    panels = np.frombuffer(content, bits).reshape(packed.shape[0], packed.shape[1], ROWS, -1)
    if packed.dtype == torch.bfloat16:
        panels = (panels.astype("<u4") << 16).view("<f4")
    matrix = panels.astype(np.float32).transpose(0, 2, 1, 3).reshape(packed.shape[0] * ROWS, -1)
    return torch.from_numpy(matrix * scales[0].numpy()[:, None] if scales.numel() else matrix)


def log_mel(samples: Tensor, filters: Tensor) -> Tensor:
    window = torch.hann_window(400)
    spectrum = torch.stft(samples, 400, 160, window=window, center=False, return_complex=True)
    return (filters @ spectrum.abs() ** 2).clamp(min=1e-10).log10().T.contiguous()


class _Reader:
    """Takes weights off a list, in order."""

    def __init__(self, weights: Sequence[Tensor]) -> None:
        self._weights = iter(weights)
        self._count = len(weights)
        self._taken = 0

    def plain(self) -> Tensor:
        self._taken += 1
        return next(self._weights)

    def left(self) -> int:
        return self._count - self._taken

    def matrix(self) -> Tensor:
        return unpack(self.plain(), self.plain())

    def linear(self, outputs: int | None = None) -> Callable[[Tensor], Tensor]:
        weight, bias = self.matrix()[:outputs], self.plain()[:outputs]
        return lambda x: x @ weight.T + bias

    def norm(self) -> Callable[[Tensor], Tensor]:
        weight, bias = self.plain(), self.plain()
        return lambda x: layer_norm(x, weight.shape, weight, bias)


def _split(x: Tensor, heads: int) -> Tensor:
    return x.reshape(len(x), heads, -1).transpose(0, 1)


def _attend(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None = None) -> tuple[Tensor, Tensor]:
    scale = q.shape[-1] ** -0.25
    scores = (q * scale) @ (k * scale).transpose(1, 2)
    weights = softmax(scores if mask is None else scores + mask, -1)
    return (weights @ v).transpose(0, 1).flatten(1), scores


def encode(weights: list[Tensor], mel: Tensor, heads: int) -> Tensor:
    reader = _Reader(weights)
    x = mel
    for stride in (1, 2):
        weight, bias = reader.matrix(), reader.plain()
        outputs = reader_state(weights)
        kernel = weight[:outputs].reshape(outputs, 3, -1).permute(0, 2, 1)
        x = gelu(conv1d(x[None], kernel, bias[:outputs], stride, 1))[0]
    # A part of a window has fewer positions.
    x = x.T + reader.plain()[: x.shape[1]]
    while reader.left() > 2:
        norm, qkv, out = reader.norm(), reader.linear(), reader.linear()
        q, k, v = (_split(part, heads) for part in qkv(norm(x))[:, : 3 * x.shape[1]].chunk(3, 1))
        x = x + out(_attend(q, k, v)[0])
        norm, first, second = reader.norm(), reader.linear(), reader.linear()
        x = x + second(gelu(first(norm(x))))
    return reader.norm()(x)


def reader_state(weights: list[Tensor]) -> int:
    """Return the width of the encoder: that of its positions."""
    return weights[6].shape[1]


class _Decoder:
    """The decoder, read off its list."""

    def __init__(self, weights: list[Tensor], heads: int) -> None:
        reader = _Reader(weights)
        self.embedding = reader.matrix()
        if weights[0].dtype == torch.int8:
            # What the logits of the likely tokens are made of.
            self.embedding = reader.plain().float()
        self.positions = reader.plain()
        self.heads = heads
        self.layers = []
        while reader.left() > 2:
            self.layers.append(
                {
                    "ln1": reader.norm(),
                    "qkv": reader.linear(),
                    "out": reader.linear(),
                    "ln2": reader.norm(),
                    "q": reader.linear(),
                    "kv": reader.linear(),
                    "out2": reader.linear(),
                    "ln3": reader.norm(),
                    "fc1": reader.linear(),
                    "fc2": reader.linear(),
                }
            )
        self.ln = reader.norm()

    def run(self, tokens: Sequence[int], cross: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        """Return the last layer's output and the scores of each layer."""
        x = self.embedding[list(tokens)] + self.positions[: len(tokens)]
        mask = torch.full((len(tokens), len(tokens)), -torch.inf).triu(1)
        all_scores = []
        for number, layer in enumerate(self.layers):
            q, k, v = (_split(p, self.heads) for p in layer["qkv"](layer["ln1"](x)).chunk(3, 1))
            x = x + layer["out"](_attend(q, k, v, mask)[0])
            keys, values = cross[2 * number : 2 * number + 2]
            q = _split(layer["q"](layer["ln2"](x)), self.heads)
            heard, scores = _attend(q, keys, values)
            all_scores.append(scores)
            x = x + layer["out2"](heard)
            x = x + layer["fc2"](gelu(layer["fc1"](layer["ln3"](x))))
        return self.ln(x), all_scores


def cross(weights: list[Tensor], features: Tensor, heads: int) -> list[Tensor]:
    found = []
    for layer in _Decoder(weights, heads).layers:
        found += [_split(part, heads) for part in layer["kv"](features).chunk(2, 1)]
    return found


def forward(
    weights: list[Tensor],
    cross: list[Tensor],
    heads: int,
    tokens: list[int],
    rows: list[int],
    alignment: list[int],
) -> tuple[Tensor, Tensor]:
    decoder = _Decoder(weights, heads)
    x, scores = decoder.run(tokens, cross)
    pairs = zip(alignment[::2], alignment[1::2], strict=True)
    wanted = [scores[layer][head] for layer, head in pairs]
    aligned = torch.stack(wanted) if wanted else torch.empty(0, len(tokens), 1500)
    return x[rows] @ decoder.embedding.T, aligned


class _Inference(Inference):  # type: ignore[misc]
    def rearrange_kv_cache(self, source_indices: Any) -> None:
        """There is no cache: every step computes all of its tokens."""


class _Tokens:
    """What openai-whisper's rules ask of a tokenizer."""

    def __init__(self, **tokens: int) -> None:
        vars(self).update(tokens)


def decode(  # noqa: PLR0917
    weights: list[Tensor],
    cross: list[Tensor],
    heads: int,
    prompt: list[int],
    vocabulary: int,
    sot_index: int,
    eot: int,
    no_speech: int,
    timestamp_begin: int,
    no_timestamps: int,
    timestamps: bool,
    suppress: list[int],
    suppress_first: list[int],
    max_initial_timestamp: int,
    sample_len: int,
    beam_size: int,
    patience: float,
    length_penalty: float,
    best_of: int,
    temperature: float,
    seed: int,
    exact_sampling: bool,
) -> tuple[Tensor, Tensor]:
    torch.manual_seed(seed)
    model = _Decoder(weights, heads)
    group = beam_size or best_of
    chooser: Any = GreedyDecoder(temperature, eot)
    if beam_size:
        chooser = BeamSearchDecoder(beam_size, eot, _Inference(), patience)
    names = {"eot": eot, "timestamp_begin": timestamp_begin, "no_timestamps": no_timestamps}
    latest = max_initial_timestamp if max_initial_timestamp >= 0 else None
    rules = ApplyTimestampRules(_Tokens(**names), len(prompt), latest)
    tokens = torch.tensor([prompt] * group)
    sums = torch.zeros(group)
    silence = float("nan")
    for step in range(sample_len):
        if step == 0:
            outputs = model.run(prompt, cross)[0][None].expand(group, -1, -1)
            probabilities = softmax((outputs[0, sot_index] @ model.embedding.T)[:vocabulary], -1)
            if no_speech >= 0:
                silence = float(probabilities[no_speech])
        else:
            outputs = torch.stack([model.run(row, cross)[0] for row in tokens.tolist()])
        logits = (outputs[:, -1] @ model.embedding.T)[:, :vocabulary].clone()
        if step == 0:
            logits[:, list(suppress_first)] = -torch.inf
        logits[:, list(suppress)] = -torch.inf
        if timestamps:
            rules.apply(logits, tokens)
        tokens, completed = chooser.update(tokens, logits, sums)
        if completed or tokens.shape[-1] > len(model.positions):
            break
    found, scores = chooser.finalize(tokens[None], sums[None])
    ended = [[row[len(prompt) : (row == eot).nonzero()[0, 0]] for row in found[0]]]
    penalty = None if length_penalty < 0 else length_penalty
    (best,) = MaximumLikelihoodRanker(penalty).rank(ended, scores)
    return ended[0][best].clone(), torch.tensor([scores[0][best], silence], dtype=torch.float64)


class _Batch:
    """What `batch` returns: windows that are decoded one after the other."""

    def __init__(self, weights: list[Tensor], heads: int, slots: int) -> None:
        self.weights, self.heads, self.slots = weights, heads, slots
        self.done: list[tuple[list[int], Tensor]] = []


def batch_add(
    batch: _Batch, number: int, cross: list[Tensor], prompt: list[int], **search: Any
) -> None:
    assert (search["beam_size"] or search["best_of"]) <= batch.slots
    tokens, sums = decode(batch.weights, cross, batch.heads, prompt, **search)
    batch.done.append(([number, len(tokens), *tokens.tolist()], sums))


def batch_run(batch: _Batch) -> tuple[Tensor, Tensor]:
    done, batch.done = batch.done, []
    numbers = [number for one, _ in done for number in one]
    sums = torch.stack([sums for _, sums in done]) if done else torch.empty(0, 2)
    return torch.tensor(numbers, dtype=torch.int64), sums


OPERATORS: dict[str, Callable[..., Any]] = {
    "capability": capability,
    "set_capability": set_capability,
    "pack": pack,
    "log_mel": log_mel,
    "encode": encode,
    "cross": cross,
    "forward": forward,
    "batch": _Batch,
    "batch_add": batch_add,
    "batch_run": batch_run,
}


def call(name: str, *arguments: Any, **options: Any) -> Any:
    """Stand in for ``transcriber.operators.call``."""
    with torch.no_grad():
        return OPERATORS[name](*arguments, **options)
