"""How the tokens of windows that are decoded side by side are chosen.

The rules are those of openai-whisper's decoder, and so are the settings of each window: its
`DecodingTask` has made them. Here they are applied to all rows at once, and one copy from the
GPU per step brings what was found.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from whisper.decoding import ApplyTimestampRules, SuppressTokens
from whisper.utils import compression_ratio

from transcriber.engine.hypothesis import Hypothesis

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from whisper.decoding import DecodingTask

_NEVER = float("-inf")


class Search:
    """The texts of one window, as far as they are chosen.

    Parameters
    ----------
    task : whisper.decoding.DecodingTask
        How it is decoded, and behind which tokens.
    seed : int
        Of the sampling.
    """

    def __init__(self, task: DecodingTask, seed: int) -> None:
        self._task = task
        self._eot: int = task.tokenizer.eot
        self.prompt: list[int] = list(task.initial_tokens)
        self.temperature: float = task.options.temperature
        self.beams: int = task.options.beam_size or 0
        self.texts: list[list[int]] = [[] for _ in range(task.n_group)]
        self.done = False
        self.no_speech = float("nan")
        # One each, so that what is drawn does not hang on what is decoded beside it; on the
        # processor, so that it does not on the device.
        self._random = torch.Generator().manual_seed(seed)
        self._sums = np.zeros(task.n_group, np.float32)
        self._finished: dict[tuple[int, ...], float] = {}
        self.timestamp_begin: int = task.tokenizer.timestamp_begin
        self._latest: int | None = None
        for one in task.logit_filters:
            if isinstance(one, ApplyTimestampRules):
                self._latest = one.max_initial_timestamp_index

    @property
    def rows(self) -> int:
        """How many rows it has."""
        return len(self.texts)

    def listen(self, logits: torch.Tensor) -> torch.Tensor:
        """Take the logits behind its prompt; return those of each row."""
        task = self._task
        if task.tokenizer.no_speech is not None:
            heard = logits[task.sot_index].softmax(-1)
            self.no_speech = heard[task.tokenizer.no_speech].item()
        # A copy each: what must not be written is struck out in it.
        return logits[-1:].repeat(self.rows, 1)

    def strike(self, logits: torch.Tensor) -> None:
        """Strike out what must not come next because of what each row says already.

        Parameters
        ----------
        logits : torch.Tensor, shape = (rows, vocabulary)
        """
        begin = self.timestamp_begin
        for row, text in enumerate(self.texts):
            if not text:
                # First comes a time, of the first second: no blank, and not the end.
                logits[row, :begin] = _NEVER
                if self._latest is not None:
                    logits[row, begin + self._latest + 1 :] = _NEVER
                continue
            times = [token for token in text if token >= begin]
            is_time = text[-1] >= begin
            # Times come in pairs; two in a row are one, and so is that at the beginning.
            is_second = is_time and (len(text) < 2 or text[-2] >= begin)
            if is_second:
                logits[row, begin:] = _NEVER
            elif is_time:
                logits[row, : self._eot] = _NEVER
            if times:
                # They never fall, and no segment is empty.
                lowest = times[-1] if is_time and not is_second else times[-1] + 1
                logits[row, begin:lowest] = _NEVER

    def draw(self, logits: torch.Tensor) -> list[int]:
        """Return a token for each row, as likely as the logits say."""
        scaled = logits / self.temperature
        scaled = (scaled - scaled.logsumexp(-1, keepdim=True)).softmax(-1).cpu()
        drawn: list[int] = torch.multinomial(scaled, 1, True, generator=self._random)[:, 0].tolist()
        return drawn

    def extend(self, tokens: Sequence[int], logprobs: Sequence[float]) -> None:
        """Append one token to each row; one that has ended goes on ending."""
        for row, text in enumerate(self.texts):
            if text and text[-1] == self._eot:
                text.append(self._eot)
                continue
            self._sums[row] += np.float32(logprobs[row])
            text.append(tokens[row])
        self._check(all(text[-1] == self._eot for text in self.texts))

    def branch(
        self, tokens: Sequence[Sequence[int]], logprobs: Sequence[Sequence[float]]
    ) -> list[int]:
        """Go on with the most probable texts; return which row each of them continues.

        Parameters
        ----------
        tokens, logprobs : sequence of sequences
            For each row its most probable tokens, one more than there are beams.
        """
        # Before the first token all rows are one.
        rows = range(self.rows if self.texts[0] else 1)
        found = [
            (float(self._sums[row] + np.float32(logprob)), row, token)
            for row in rows
            for token, logprob in zip(tokens[row], logprobs[row])  # noqa: B905  Python 3.8
        ]
        found.sort(key=lambda one: one[0], reverse=True)
        kept: list[tuple[float, int, int]] = []
        for score, row, token in found:
            if token != self._eot:
                kept.append((score, row, token))
                if len(kept) == self.beams:
                    break
            elif len(self._finished) < self._most:
                self._finished[tuple(self.texts[row] + [token])] = score
        self.texts = [[*self.texts[row], token] for _, row, token in kept]
        self._sums = np.array([score for score, _, _ in kept], np.float32)
        self._check(len(self._finished) >= self._most)
        return [row for _, row, _ in kept]

    def hypothesis(self) -> Hypothesis:
        """Return the best text."""
        found = [(tuple(text), float(total)) for text, total in zip(self.texts, self._sums)]  # noqa: B905
        if self.beams:
            for place in np.argsort(self._sums)[::-1]:
                if len(self._finished) >= self.beams:
                    break
                text, total = found[place]
                self._finished[text + (self._eot,)] = total  # noqa: RUF005
            found = list(self._finished.items())
        texts = [_up_to(text, self._eot) for text, _ in found]
        totals = [total for _, total in found]
        # It looks at the lengths only.
        best = self._task.sequence_ranker.rank([texts], [totals])[0]
        written = self._task.tokenizer.decode(texts[best]).strip()
        return Hypothesis(
            tokens=tuple(texts[best]),
            temperature=self.temperature,
            avg_logprob=totals[best] / (len(texts[best]) + 1),
            compression_ratio=compression_ratio(written),
            no_speech_prob=self.no_speech,
        )

    @property
    def _most(self) -> int:
        """How many texts end the search."""
        most: int = self._task.decoder.max_candidates
        return most

    def _check(self, ended: bool) -> None:
        length = len(self.texts[0])
        full = len(self.prompt) + length > self._task.n_ctx or length == self._task.sample_len
        self.done = ended or full


def choose(searches: Sequence[Search], logits: torch.Tensor, never: torch.Tensor) -> list[int]:
    """Give each row its next token.

    Parameters
    ----------
    searches : sequence of Search
        The windows, in the order of their rows.
    logits : torch.Tensor, shape = (rows, vocabulary), dtype = float32
        What the decoder says of their rows. It is changed.
    never : torch.Tensor, shape = (vocabulary,)
        What is added to them: minus infinity for what is never written.

    Returns
    -------
    list of int
        For each row the one whose text it continues.
    """
    logits += never
    parts = []
    first = 0
    for search in searches:
        parts.append((search, first, first + search.rows))
        first += search.rows
    for search, start, end in parts:
        search.strike(logits[start:end])
    begin = searches[0].timestamp_begin
    logprobs = logits.log_softmax(-1)
    # A time comes next where one is more probable, whichever, than every word.
    is_time = logprobs[:, begin:].logsumexp(-1) > logprobs[:, :begin].topk(1)[0][:, 0]
    logits[:, :begin].masked_fill_(is_time[:, None], _NEVER)
    logprobs = logits.log_softmax(-1)
    best, places = logprobs.topk(max(search.beams for search in searches) + 1)
    found, tokens = best.tolist(), places.tolist()
    sources: list[int] = []
    for search, start, end in parts:
        own = list(range(search.rows))
        if search.beams:
            own = search.branch(tokens[start:end], found[start:end])
        elif search.temperature > 0:
            drawn = search.draw(logits[start:end])
            rows = torch.arange(start, end, device=logits.device)
            chances = logprobs[rows, torch.tensor(drawn, device=logits.device)]
            search.extend(drawn, chances.tolist())
        else:
            search.extend(
                [row[0] for row in tokens[start:end]], [row[0] for row in found[start:end]]
            )
        sources += [start + row for row in own]
    return sources


def never_written(task: Any, vocabulary: int) -> torch.Tensor:
    """Return what `choose` adds to logits, for all windows of the same settings."""
    never = torch.zeros(vocabulary)
    never[task.tokenizer.no_timestamps] = _NEVER
    for one in task.logit_filters:
        if isinstance(one, SuppressTokens):
            never[list(one.suppress_tokens)] = _NEVER
    return never


def _up_to(text: Iterable[int], eot: int) -> list[int]:
    tokens = list(text)
    return tokens[: tokens.index(eot)] if eot in tokens else tokens
