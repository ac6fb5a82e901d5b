"""Which language pieces have, and what the engine is asked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from live.sounds import transcript
from transcriber.live.decoding import PieceDecoder

SECOND = bytes(32000)


class Engine:
    """Hears the language that it is told, and says what it was asked."""

    def __init__(self, *languages: str) -> None:
        self.languages = [*languages]
        self.asked: list[object] = []
        self.is_open = False

    def read(self, blocks: Iterable[bytes]) -> float:
        assert not self.is_open
        self.is_open = True
        return len(b"".join(blocks)) / 32000

    def use_clips(self, clips: object) -> None:
        self.asked.append(clips)

    def language(self) -> Any:
        return SimpleNamespace(code=self.languages.pop(0))

    def windows(self, language: str, _: object) -> Iterator[int]:
        self.asked.append(language)
        yield 1

    def result(self, decoded: Any) -> Any:
        if decoded.language == "xx":
            raise ValueError("no such language")
        assert decoded.windows == (1,)
        return transcript(" x", language=decoded.language)

    def close(self) -> None:
        assert self.is_open
        self.is_open = False


def decoder(engine: Engine, quick: Engine) -> PieceDecoder:
    return PieceDecoder(engine, quick)  # type: ignore[arg-type]


def test_a_greeting_does_not_tell_the_language_for_good() -> None:
    engine, quick = Engine("en", "de", "fr"), Engine("es")
    pieces = decoder(engine, quick)
    assert pieces.decode_quickly(SECOND)["language"] == "es"
    assert pieces.decode(SECOND)["language"] == "en"
    assert pieces.decode_quickly(SECOND)["language"] == "en"
    # One that is no longer tells nothing new.
    assert pieces.decode(SECOND)["language"] == "en"
    assert pieces.decode(6 * SECOND)["language"] == "de"
    assert pieces.decode(9 * SECOND)["language"] == "de"
    assert engine.languages == ["fr"]


def test_the_whole_piece_is_one_clip() -> None:
    engine = Engine("en")
    decoder(engine, engine).decode(3 * SECOND)
    assert engine.asked == [[(0, 300)], "en"]


def test_it_is_closed_whatever_happens() -> None:
    engine = Engine("xx", "en")
    pieces = decoder(engine, engine)
    with pytest.raises(ValueError, match="no such language"):
        pieces.decode(SECOND)
    assert not engine.is_open


def test_both_engines_are_warmed() -> None:
    engine, quick = Engine(), Engine()
    decoder(engine, quick).warm()
    assert (engine.asked, quick.asked) == (["en"], ["en"])
    decoder(engine, engine).warm()
    assert engine.asked == ["en", "en"]
