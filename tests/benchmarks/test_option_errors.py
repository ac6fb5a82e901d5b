"""The errors of a command are counted by language, in words or in characters."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from benchmarks.manifest import Speech
from benchmarks.option_errors import count_errors
from buildkit.errors import ToolError

PROGRAM = """
import pathlib, sys
folder, language, path = sys.argv[2], sys.argv[6], pathlib.Path(sys.argv[7])
if path.stem == "broken":
    sys.exit("no such thing")
text = {"en": "We saw two cats", "ja": "\u732b\u3067"}[language]
pathlib.Path(folder, path.stem + ".txt").write_text(text, "utf-8")
"""


def test_errors_by_language(tmp_path: Path) -> None:
    speech = [
        Speech(path=tmp_path / "a.wav", language="en", transcript="We saw cats."),
        Speech(path=tmp_path / "b.wav", language="en", transcript="We saw two cats."),
        Speech(path=tmp_path / "c.wav", language="ja", transcript="\u732b\u304c"),
    ]
    said, wrong = count_errors([sys.executable, "-c", PROGRAM], speech)
    assert said == {"en": 7, "ja": 2}
    assert wrong == {"en": 1, "ja": 1}


def test_a_failure_says_of_what(tmp_path: Path) -> None:
    speech = [Speech(path=tmp_path / "broken.wav", language="en", transcript="a")]
    with pytest.raises(ToolError, match=r"broken\.wav ended with 1: no such thing"):
        count_errors([sys.executable, "-c", PROGRAM], speech)
