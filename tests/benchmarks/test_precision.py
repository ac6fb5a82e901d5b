"""What is made of two transcripts of the same recordings."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.judging.judge import State, judge_figure
from benchmarks.manifest import Speech
from benchmarks.measuring.precision import loses_a_sentence, precision_figures
from benchmarks.measuring.token_differences import differing

LONG = [f"w{number}" for number in range(40)]
EQUAL, WORSE = ("a b c", "a b c", "a b c"), ("a b c", "a b d", "a b c")


@pytest.mark.parametrize(
    ("texts", "value", "state"),
    [
        ([("a b c", "a b d", "a b d")] * 8, 0, State.MET),
        ([WORSE] * 8, 1 / 3, State.BROKEN),
        # One word more among many is noise, and one recording is not judged.
        ([EQUAL] * 20 + [WORSE], 1 / 63, State.NOISY),
        ([WORSE], 1 / 3, State.NOISY),
    ],
)
def test_a_difference_is_judged_by_its_interval(
    tmp_path: Path, texts: list[tuple[str, str, str]], value: float, state: State
) -> None:
    speech = []
    for number, (said, *written) in enumerate(texts):
        speech.append(Speech(path=tmp_path / f"{number}.wav", language="de", transcript=said))
        for kind, text in zip(("auto", "float32"), written, strict=True):
            (tmp_path / kind).mkdir(exist_ok=True)
            (tmp_path / kind / f"{number}.txt").write_text(text)
            tokens = {"segments": [{"tokens": list(text.encode())}]}
            (tmp_path / kind / f"{number}.json").write_text(json.dumps(tokens))
    figures = precision_figures("x", speech, tmp_path / "auto", tmp_path / "float32")
    found = {one.name.removeprefix("x/against float32/"): one for one in figures}
    for name in ("de WER above it", "pooled errors above it"):
        assert found[name].value == pytest.approx(value)
        assert found[name].rounds == len(texts)
        assert judge_figure(found[name], 0.003).state is state
    assert found["differing tokens"].value == pytest.approx(texts.count(WORSE) / 5 / len(texts))
    assert found["recordings that lost a sentence"].value == 0


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
