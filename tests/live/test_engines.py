from __future__ import annotations

import wave
from pathlib import Path

import pytest
from utterance import Utterance

from transcriber.live.engines import make_decoder
from transcriber.options.command_line import parse
from transcriber.progress.reporter import make_reporter


@pytest.mark.slow
def test_what_is_replaced_soon_has_words_and_no_beams(
    models: Path, utterances: list[Utterance]
) -> None:
    words = ["--model", "tiny.en", "--model_dir", str(models), "--offline", "--beam_size", "2", "/"]
    decoder = make_decoder(parse(["--verbose", "False", *words]), make_reporter("none", quiet=True))
    with wave.open(str(utterances[3].path), "rb") as stream:
        sound = stream.readframes(stream.getnframes())
    for decoded in (decoder.decode(sound), decoder.decode_quickly(sound)):
        assert "more respectable than he was" in decoded["text"]
        assert decoded["language"] == "en"
    assert "words" not in decoder.decode(sound)["segments"][0]
    assert decoder.decode_quickly(sound)["segments"][0]["words"][-1]["end"] <= 6.1
