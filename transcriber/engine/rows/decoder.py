"""The decoder of openai-whisper for many rows, each with a text and a position of its own."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from collections.abc import Sequence


_NEVER = float("-inf")


class RowDecoder:
    """The keys and values of rows, and the step that gives each of them another token.

    Windows lie one behind the other, each with its rows: as many as it has beams or candidates,
    which listen to the same keys and values. The texts of rows are of different lengths: the
    longest one decides how much of the memory is looked at, and a mask hides what lies behind
    the others.

    Parameters
    ----------
    model : whisper.model.Whisper
        The network.
    windows, rows : int
        How many there may be at a time.
    dtype : torch.dtype
        What the network computes in.
    """

    def __init__(self, model: Any, windows: int, rows: int, dtype: torch.dtype) -> None:
        self._model = model
        self._decoder = model.decoder
        self._heads = heads = model.dims.n_text_head
        self._dtype = dtype
        width = model.dims.n_text_state // heads
        self._scale = width**-0.5

        def memory(count: int, *shape: int) -> list[torch.Tensor]:
            return [
                # Zeros, because what is hidden counts nothing only where it is a number.
                torch.zeros((count, heads, *shape), dtype=dtype, device=model.device)
                for _ in self._decoder.blocks
            ]

        own = (model.dims.n_text_ctx, width)
        self._keys, self._values = memory(rows, *own), memory(rows, *own)
        # The keys are turned once, not in every step.
        self._audio_keys = memory(windows, width, model.dims.n_audio_ctx)
        self._audio_values = memory(windows, model.dims.n_audio_ctx, width)
        self._sizes: list[int] = []
        self._lengths: list[int] = []

    def begin(self, prompt: Sequence[int], encoded: torch.Tensor, rows: int) -> torch.Tensor:
        """Take in a window, behind the others.

        Parameters
        ----------
        prompt : sequence of int
            The tokens that its text begins with.
        encoded : torch.Tensor, shape = (audio, state)
            What the encoder made of it.
        rows : int
            How many rows it has.

        Returns
        -------
        torch.Tensor, shape = (prompt, vocabulary), dtype = float32
            The logits behind each token of the prompt.
        """
        tokens = torch.tensor([list(prompt)], device=self._model.device)
        cache, hooks = self._model.install_kv_cache_hooks()
        try:
            logits: torch.Tensor = self._decoder(tokens, encoded[None], kv_cache=cache)[0]
        finally:
            for hook in hooks:
                hook.remove()
        window, first, length = len(self._sizes), len(self._lengths), len(prompt)
        for layer, block in enumerate(self._decoder.blocks):
            for memory, made in ((self._keys, block.attn.key), (self._values, block.attn.value)):
                memory[layer][first : first + rows, :, :length] = self._by_head(cache[made])
            heard = block.cross_attn
            self._audio_keys[layer][window] = self._by_head(cache[heard.key])[0].transpose(-1, -2)
            self._audio_values[layer][window] = self._by_head(cache[heard.value])[0]
        self._sizes.append(rows)
        self._lengths += [length] * rows
        return logits

    def step(self, tokens: Sequence[int]) -> torch.Tensor:
        """Give each row its next token.

        Parameters
        ----------
        tokens : sequence of int
            One for each row.

        Returns
        -------
        torch.Tensor, shape = (rows, vocabulary), dtype = float32
            The logits behind them.
        """
        decoder, device, count = self._decoder, self._model.device, len(tokens)
        places = torch.tensor(self._lengths, device=device)
        rows = torch.arange(count, device=device)
        longest = max(self._lengths) + 1
        # Made on the processor: a GPU would take a call for each row.
        hidden = torch.zeros(count, 1, 1, longest)
        for row, length in enumerate(self._lengths):
            hidden[row, :, :, length + 1 :] = _NEVER
        hidden = hidden.to(device)
        x = decoder.token_embedding(torch.tensor(list(tokens), device=device))
        x = (x + decoder.positional_embedding[places]).to(self._dtype)
        spread = self._spread()
        for layer, block in enumerate(decoder.blocks):
            attention, y = block.attn, block.attn_ln(x)
            keys, values = self._keys[layer], self._values[layer]
            keys[rows, :, places] = attention.key(y).view(count, self._heads, -1)
            values[rows, :, places] = attention.value(y).view(count, self._heads, -1)
            seen = _attend(
                self._by_head(attention.query(y)[:, None]) * self._scale,
                keys[:count, :, :longest].transpose(-1, -2),
                values[:count, :, :longest],
                hidden,
            )
            x = x + attention.out(seen.flatten(1))
            x = x + self._hear(layer, block, x, spread)
            x = x + block.mlp(block.mlp_ln(x))
        self._lengths = [length + 1 for length in self._lengths]
        x = decoder.ln(x)
        logits: torch.Tensor = (x @ decoder.token_embedding.weight.to(x.dtype).t()).float()
        return logits

    def follow(self, sources: Sequence[int]) -> None:
        """Have each row go on with the text of another one, of the same window.

        Parameters
        ----------
        sources : sequence of int
            The row whose text it is, for each.
        """
        self._move(list(sources), self._keys, self._values, used=max(self._lengths))

    def end(self, window: int) -> None:
        """Let go of a window; the last one takes its place."""
        starts = [0, *itertools.accumulate(self._sizes)]
        order = list(range(len(self._sizes)))
        order[window] = order[-1]
        order.pop()
        rows = [row for one in order for row in range(starts[one], starts[one + 1])]
        self._sizes = [self._sizes[one] for one in order]
        self._lengths = [self._lengths[row] for row in rows]
        if order:
            self._move(rows, self._keys, self._values, used=max(self._lengths))
            self._move(order, self._audio_keys, self._audio_values)

    def _hear(
        self, layer: int, block: Any, x: torch.Tensor, spread: torch.Tensor | None
    ) -> torch.Tensor:
        """Attend to the audio: a window's rows are the queries of one."""
        attention, windows = block.cross_attn, len(self._sizes)
        queries = attention.query(block.cross_attn_ln(x)) * self._scale
        if spread is not None:
            padded = queries.new_zeros(windows * max(self._sizes), queries.shape[-1])
            padded[spread] = queries
            queries = padded
        heard = _attend(
            self._by_head(queries.view(windows, -1, queries.shape[-1])),
            self._audio_keys[layer][:windows],
            self._audio_values[layer][:windows],
        )
        heard = heard.permute(0, 2, 1, 3).reshape(queries.shape)
        out: torch.Tensor = attention.out(heard if spread is None else heard[spread])
        return out

    def _spread(self) -> torch.Tensor | None:
        """Return the places of rows where every window had as many; None where it has."""
        most = max(self._sizes)
        if min(self._sizes) == most:
            return None
        places = [n * most + row for n, size in enumerate(self._sizes) for row in range(size)]
        return torch.tensor(places, device=self._model.device)

    def _by_head(self, states: torch.Tensor) -> torch.Tensor:
        """Turn (one, tokens, state) into (one, head, tokens, width)."""
        return states.view(*states.shape[:2], self._heads, -1).permute(0, 2, 1, 3)

    def _move(
        self, sources: list[int], *memories: list[torch.Tensor], used: int | None = None
    ) -> None:
        """Copy what changes its place, of the tokens up to `used`."""
        changed = [place for place, source in enumerate(sources) if place != source]
        if not changed:
            return
        device = self._model.device
        places = torch.tensor(changed, device=device)
        old = torch.tensor([sources[place] for place in changed], device=device)
        for memory in itertools.chain(*memories):
            part = memory if used is None else memory[:, :, :used]
            part[places] = part.index_select(0, old)


def _attend(
    queries: torch.Tensor,
    keys: torch.Tensor,
    values: torch.Tensor,
    hidden: torch.Tensor | None = None,
) -> torch.Tensor:
    """Return what queries find, in the shape of them; `keys` are turned already."""
    scores = (queries @ keys).float()
    if hidden is not None:
        scores = scores + hidden
    return scores.softmax(-1).to(values.dtype) @ values
