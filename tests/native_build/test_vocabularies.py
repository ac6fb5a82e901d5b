from __future__ import annotations

import base64
import importlib.util
from importlib.metadata import distribution
from pathlib import Path

import pytest

from buildkit.edits import apply, by_path, read_edits
from buildkit.errors import RecipeError
from native_build.program_packages import EDITS
from native_build.vocabularies import pack_vocabulary

WHISPER = Path(str(distribution("openai-whisper").locate_file("whisper")))


def lines(*tokens: bytes) -> bytes:
    return b"".join(b"%s %d\n" % (base64.b64encode(one), at) for at, one in enumerate(tokens))


@pytest.mark.parametrize("name", ["gpt2", "multilingual"])
def test_the_edited_tokenizer_reads_what_the_stock_one_does(name: str, tmp_path: Path) -> None:
    stock = (WHISPER / f"assets/{name}.tiktoken").read_bytes()
    packed = tmp_path / f"assets/{name}.tiktoken"
    packed.parent.mkdir()
    packed.write_bytes(pack_vocabulary(stock))
    assert len(packed.read_bytes()) < 0.6 * len(stock)

    text = apply(
        (WHISPER / "tokenizer.py").read_text(),
        by_path(read_edits(EDITS), "whisper")["tokenizer.py"],
    )
    (tmp_path / "edited.py").write_text(text)
    spec = importlib.util.spec_from_file_location("edited_tokenizer", tmp_path / "edited.py")
    assert spec and spec.loader
    edited = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(edited)

    encoding = edited.get_encoding(name)
    assert [encoding.decode_single_token_bytes(at) for at in range(stock.count(b"\n"))] == [
        base64.b64decode(line.split()[0]) for line in stock.splitlines()
    ]
    assert encoding.n_vocab == stock.count(b"\n") + 1608


def test_line_feeds_within_tokens_are_kept_apart_from_those_between() -> None:
    packed = pack_vocabulary(lines(b"\n", b"a\n\nb", b"\xff", b"\xfe"))
    assert [one.replace(b"\xff\xff", b"\n") for one in packed.split(b"\n")] == [
        b"\n",
        b"a\n\nb",
        b"\xff",
        b"\xfe",
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"YQ== 0\nYg== 2\n", "line 2 has the rank 2"),
        (b"YQ== 0\nYg==\n", "line 2 is no token"),
        (b"YQ== 0\n%% 1\n", "line 2 is no token"),
        (lines(b"a", b"\xff\xff"), "token 1 holds two bytes of 255"),
    ],
)
def test_another_form_is_refused(text: bytes, message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        pack_vocabulary(text)
