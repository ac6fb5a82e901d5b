"""What is made of two transcripts of the same recordings."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from benchmarks.figures import Figure
from benchmarks.judging.judge import State, judge_figure
from benchmarks.manifest import Speech
from benchmarks.measuring.precision import loses_a_sentence, precision_figures
from benchmarks.measuring.token_differences import differing

LONG = [f"w{number}" for number in range(40)]


def compared(folder: Path, texts: Mapping[str, tuple[str, str, str]]) -> dict[str, Figure]:
    """Return the figures of recordings: what was said, what auto and what float32 wrote."""
    speech = []
    for name, texts_of_one in texts.items():
        path = folder / f"{name}.wav"
        speech.append(Speech(path=path, language="de", transcript=texts_of_one[0]))
        for kind, text in zip(("auto", "float32"), texts_of_one[1:], strict=True):
            (folder / kind).mkdir(exist_ok=True)
            (folder / kind / f"{name}.txt").write_text(text)
            tokens = [{"tokens": list(text.encode())}]
            (folder / kind / f"{name}.json").write_text(json.dumps({"segments": tokens}))
    figures = precision_figures("x", speech, folder / "auto", folder / "float32")
    return {figure.name.removeprefix("x/against float32/"): figure for figure in figures}


def test_equal_transcripts_have_no_difference_at_all(tmp_path: Path) -> None:
    found = compared(tmp_path, {f"r{n}": ("a b c", "a b d", "a b d") for n in range(8)})
    for figure in found.values():
        assert figure.value == 0
        assert judge_figure(figure, 0).state is State.MET


def test_what_is_worse_everywhere_is_broken(tmp_path: Path) -> None:
    found = compared(tmp_path, {f"r{n}": ("a b c", "a b d", "a b c") for n in range(8)})
    figure = found["pooled errors above it"]
    assert [figure.value, figure.low, figure.high] == pytest.approx([1 / 3] * 3)
    assert judge_figure(figure, 0.003).state is State.BROKEN


def test_one_word_more_among_many_is_noise(tmp_path: Path) -> None:
    texts = {f"r{n}": ("a b c", "a b c", "a b c") for n in range(20)}
    found = compared(tmp_path, texts | {"worse": ("a b c", "a b d", "a b c")})
    figure = found["de WER above it"]
    assert figure.low == 0
    assert judge_figure(figure, 0.003).state is State.NOISY


def test_one_recording_is_not_judged(tmp_path: Path) -> None:
    found = compared(tmp_path, {"one": ("a b c", "a b d", "a b c")})
    assert judge_figure(found["de WER above it"], 0.003).state is State.NOISY


@pytest.mark.parametrize(
    ("fast", "exact", "said", "worse", "lost"),
    [
        (LONG, LONG, 40, False, False),
        (LONG[:31], LONG, 40, True, True),
        # A sentence in the middle of many.
        ([*LONG[:20], *LONG[26:]], LONG, 40, True, True),
        ([*LONG[:20], *LONG[25:]], LONG, 40, True, False),
        # Other words in its place are errors, and no loss.
        ([*LONG[:20], *"abcdef", *LONG[26:]], LONG, 40, True, False),
        # What float32 says again and again, or nobody said.
        (LONG, LONG + LONG[-1:] * 200, 40, False, False),
        ([*LONG[:20], *LONG[26:]], LONG, 34, False, False),
        ([], [], 0, False, False),
        ([], LONG, 40, True, True),
    ],
)
def test_a_lost_sentence_is_seen(
    fast: list[str], exact: list[str], said: int, worse: bool, lost: bool
) -> None:
    assert loses_a_sentence(fast, exact, said=said, worse=worse) is lost


def test_tokens_that_differ_are_counted() -> None:
    assert differing([1, 2, 3], [1, 2, 3]) == 0
    assert differing([1, 2, 3], [1, 9, 3, 4]) == 2
    assert differing([], [1, 2]) == 2
