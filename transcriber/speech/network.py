"""Silero's detector of voice activity, version 6, in PyTorch's products and NumPy.

A Fourier transform, four convolutions, a cell of long short-term memory; the network is that of the
package ``silero-vad`` (``tinygrad_model.py``). Convolutions are products here, of many frames at
once. Our own PyTorch has an operator for all of it, which takes a fifth of the time.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

import numpy as np

from transcriber import operators
from transcriber.speech.weights import Array

if TYPE_CHECKING:
    from torch import Tensor

FRAME = 512
"""Samples that a probability is about: 32 ms at 16 kHz."""

CONTEXT = 64
"""Samples before a frame that it is looked at with; as many are mirrored behind it."""

_WINDOW = 256
_HOP = 128
_BINS = _WINDOW // 2 + 1
_STATE = 128
_BLOCK = 256
"""Frames that are worked on together: 8 s, some megabytes."""


class Network(Protocol):
    """What listens; it remembers what it has heard."""

    def listen(self, samples: Array) -> Array:
        """Return how probably somebody speaks in each frame.

        Parameters
        ----------
        samples : array, shape = (64 + 512 * frames,), dtype float32
            The frames and what was before them.
        """

    def forget(self) -> None:
        """Remember nothing of what was heard."""


def make_network(weights: Mapping[str, Array]) -> Network:
    """Return what listens best with this PyTorch.

    Parameters
    ----------
    weights : mapping of str to array
        What `transcriber.speech.weights.read_weights` returns.
    """
    return FusedNetwork(weights) if operators.available() else PlainNetwork(weights)


class FusedNetwork:
    """Listens with the operator of our own PyTorch."""

    def __init__(self, weights: Mapping[str, Array]) -> None:
        import torch  # noqa: PLC0415

        self._weights: list[Tensor] = []
        for matrix, bias in _layers(weights):
            depth = -(-matrix.shape[1] // 4) * 4
            filled = np.pad(matrix, ((0, 0), (0, depth - matrix.shape[1])))
            packed, scales = operators.pack(torch.from_numpy(filled), "float32")
            padded = np.zeros(16 * packed.shape[0], np.float32)
            padded[: len(bias)] = bias
            self._weights += [packed, scales, torch.from_numpy(padded)]
        for name in ("final_conv.weight", "final_conv.bias"):
            self._weights.append(torch.from_numpy(weights[name].copy()))
        self._state = torch.zeros(2, _STATE)

    def forget(self) -> None:
        """Remember nothing of what was heard."""
        self._state.zero_()

    def listen(self, samples: Array) -> Array:
        """Return how probably somebody speaks in each frame."""
        import torch  # noqa: PLC0415

        heard = operators.speech(self._weights, torch.from_numpy(samples), self._state)
        found: Array = heard.numpy()
        return found


class PlainNetwork:
    """Listens with any PyTorch."""

    def __init__(self, weights: Mapping[str, Array]) -> None:
        import torch  # noqa: PLC0415

        layers = [
            (torch.from_numpy(np.ascontiguousarray(matrix.T)), bias)
            for matrix, bias in _layers(weights)
        ]
        self._fourier, *self._convolutions, self._input, self._recurrence = layers
        self._last = weights["final_conv.weight"]
        self._bias = float(weights["final_conv.bias"][0])
        self.forget()

    def forget(self) -> None:
        """Remember nothing of what was heard."""
        self._hidden = np.zeros((1, _STATE), np.float32)
        self._cell = np.zeros(_STATE, np.float32)

    def listen(self, samples: Array) -> Array:
        """Return how probably somebody speaks in each frame."""
        found = np.empty((len(samples) - CONTEXT) // FRAME, np.float32)
        for start in range(0, len(found), _BLOCK):
            part = samples[start * FRAME : CONTEXT + (start + _BLOCK) * FRAME]
            for number, gates in enumerate(self._gates(part), start):
                found[number] = self._remember(gates)
        return found

    def _gates(self, samples: Array) -> Array:
        """Return what goes into the memory: (frames, 4 * _STATE)."""
        view = np.lib.stride_tricks.sliding_window_view
        frames = view(samples, CONTEXT + FRAME)[::FRAME]
        frames = np.concatenate([frames, frames[:, -2 : -2 - CONTEXT : -1]], axis=1)
        windows = view(frames, _WINDOW, axis=1)[:, ::_HOP]
        spectrum = _product(windows.reshape(-1, _WINDOW), self._fourier)
        heights = np.hypot(spectrum[:, :_BINS], spectrum[:, _BINS:])
        x = heights.reshape(len(frames), -1, _BINS)
        conv1, conv2, conv3, conv4 = self._convolutions
        x = _convolve(np.pad(x, ((0, 0), (1, 1), (0, 0))), conv1, step=1)
        x = _convolve(np.pad(x, ((0, 0), (1, 0), (0, 0))), conv2, step=2)
        x = _convolve(_convolve(x, conv3, step=2), conv4, step=1)
        return _product(x[:, 0], self._input)

    def _remember(self, gates: Array) -> float:
        """Take a frame into the memory; return the probability."""
        gates = gates + _product(self._hidden, self._recurrence)[0]
        entrance, keep, _, leave = _sigmoid(gates).reshape(4, _STATE)
        content = np.tanh(gates[2 * _STATE : 3 * _STATE])
        self._cell = keep * self._cell + entrance * content
        self._hidden = (leave * np.tanh(self._cell))[None]
        heard = np.maximum(self._hidden[0], 0) @ self._last
        return float(_sigmoid(heard + self._bias))


def fourier_basis() -> Array:
    """Return cosines and sines under a Hann window.

    Returns
    -------
    array, shape = (2 * 129, 256), dtype float32
        The cosines of all frequencies up to half the sample rate, then the negative sines.

    Examples
    --------
    >>> fourier_basis().shape
    (258, 256)
    """
    times = np.arange(_WINDOW)
    angles = 2 * np.pi * np.arange(_BINS)[:, None] * times / _WINDOW
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * times / _WINDOW)
    basis: Array = (np.concatenate([np.cos(angles), -np.sin(angles)]) * hann).astype(np.float32)
    return basis


def _layers(weights: Mapping[str, Array]) -> list[tuple[Array, Array]]:
    """Return the matrices that rows are multiplied with, and what is added."""
    basis = fourier_basis()
    found = [(basis, np.zeros(len(basis), np.float32))]
    for name in ("conv1", "conv2", "conv3", "conv4"):
        taps = weights[f"{name}.weight"].transpose(0, 2, 1)
        found.append((taps.reshape(len(taps), -1), weights[f"{name}.bias"]))
    found.append((weights["lstm_cell.weight_ih"], weights["lstm_cell.bias"]))
    found.append((weights["lstm_cell.weight_hh"], np.zeros(4 * _STATE, np.float32)))
    return found


def _convolve(x: Array, layer: tuple[Tensor, Array], *, step: int) -> Array:
    """Return a convolution over the second dimension, and no negative numbers."""
    width = layer[0].shape[0] // x.shape[2]
    starts = range(0, x.shape[1] - width + 1, step)
    rows = np.stack([x[:, at : at + width].reshape(len(x), -1) for at in starts], axis=1)
    out = _product(rows.reshape(-1, rows.shape[2]), layer)
    return np.maximum(out, 0).reshape(len(x), len(starts), -1)


def _product(rows: Array, layer: tuple[Tensor, Array]) -> Array:
    import torch  # noqa: PLC0415

    matrix, bias = layer
    # Ours has it under this name only.
    product: Array = (torch.from_numpy(np.ascontiguousarray(rows)) @ matrix).numpy()
    return product + bias


def _sigmoid(x: Array) -> Array:
    with np.errstate(over="ignore"):
        result: Array = (1 / (1 + np.exp(-x))).astype(np.float32)
    return result
