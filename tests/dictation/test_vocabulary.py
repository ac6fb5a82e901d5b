"""What the decoder is told beforehand."""

from __future__ import annotations

from pathlib import Path

import pytest

from transcriber.dictation.vocabulary import (
    PROMPT_CHARACTERS,
    prompt_end,
    read_hotwords,
    read_prompt,
    read_words,
)
from transcriber.errors import UsageError


def written(tmp_path: Path, content: bytes | str) -> Path:
    path = tmp_path / "words.txt"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_prompt_is_one_line(tmp_path: Path, encoding: str) -> None:
    text = "  Größe, naïve.\r\n\r\nSecond\tline \n"
    assert read_prompt(written(tmp_path, text.encode(encoding))) == "Größe, naïve. Second line"


def test_the_end_of_a_long_prompt_counts_from_a_word_on(tmp_path: Path) -> None:
    words = [f"word{number}" for number in range(1000)]
    prompt = read_prompt(written(tmp_path, "\n".join(words)))
    assert PROMPT_CHARACTERS - 8 < len(prompt) <= PROMPT_CHARACTERS
    taken = prompt.split()
    assert taken == words[-len(taken) :]


def test_a_word_that_just_fits_is_taken() -> None:
    assert prompt_end("x" * 7 + " " + "y" * PROMPT_CHARACTERS) == "y" * PROMPT_CHARACTERS
    assert prompt_end("z" * PROMPT_CHARACTERS) == "z" * PROMPT_CHARACTERS


def test_a_prompt_without_blanks_is_cut_all_the_same() -> None:
    assert prompt_end("日本" * 1000) == "日本" * (PROMPT_CHARACTERS // 2)


def test_hot_words_are_those_of_the_lines(tmp_path: Path) -> None:
    text = "# names\nKubernetes\n\n  Anna  Müller \nC#\nKubernetes\r\n"
    assert read_hotwords(written(tmp_path, text)) == "Kubernetes, Anna Müller, C#"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\xff\xd8\xff\xe0 picture", "is no text in UTF-8: save it as UTF-8"),
        (b"a\0b", "is no text: name a file with words"),
        (b"x" * (1 << 20) + b"y", "has more than 1 MiB"),
    ],
)
def test_what_is_no_text_is_told(tmp_path: Path, content: bytes, message: str) -> None:
    path = written(tmp_path, content)
    with pytest.raises(UsageError) as caught:
        read_words(path)
    assert str(path) in str(caught.value)
    assert message in str(caught.value)


def test_what_is_missing_or_empty_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"cannot read .*none\.txt: No such file"):
        read_prompt(tmp_path / "none.txt")
    with pytest.raises(UsageError, match=r"words\.txt is empty"):
        read_prompt(written(tmp_path, " \n "))
    with pytest.raises(UsageError, match=r"words\.txt has no words"):
        read_hotwords(written(tmp_path, "# nothing yet\n"))
