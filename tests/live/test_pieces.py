"""All that is spoken is in one piece, and in one only."""

from __future__ import annotations

import random
import wave

import numpy as np
import pytest
from utterance import Utterance

from live.sounds import BYTES, FAINT, LOUD, QUIET, Loud, sound
from transcriber.live.pieces import RATE, Piece, Pieces, PieceSettings
from transcriber.speech.network import FRAME, make_network
from transcriber.speech.weights import read_weights


def cut(content: bytes, settings: PieceSettings, *, block: int = 3200) -> list[Piece]:
    pieces = Pieces(settings, Loud())
    found = [
        piece
        for place in range(0, len(content), block)
        for piece in pieces.take(content[place : place + block])
    ]
    last = pieces.finish()
    return [*found, *([last] if last else [])]


def test_a_pause_ends_a_piece() -> None:
    content = sound((30, QUIET), (20, LOUD), (30, QUIET), (40, LOUD), (8, QUIET))
    first, second = cut(content, PieceSettings())
    # 300 ms before it and behind it.
    assert first.start == 21 * FRAME
    assert first.sound == content[21 * BYTES : 59 * BYTES]
    assert first.pause == 9 * FRAME
    assert second.start == 71 * FRAME
    assert second.sound == content[71 * BYTES :]


def test_it_is_told_as_soon_as_the_pause_is_long_enough() -> None:
    pieces = Pieces(PieceSettings(silence_ms=500), Loud())
    [*before] = pieces.take(sound((20, LOUD), (15, QUIET)))
    assert not before
    # The frame that is looked at needs nothing behind it.
    assert len([*pieces.take(sound((1, QUIET)))]) == 1


@pytest.mark.parametrize("block", [2, 1000, 1024, 10**6])
def test_blocks_make_no_difference(block: int) -> None:
    content = sound((12, LOUD), (20, QUIET), (40, LOUD), (30, QUIET))[:50_001]
    whole = content[: len(content) // 2 * 2]
    assert cut(whole, PieceSettings(), block=block) == cut(whole, PieceSettings())


@pytest.mark.parametrize("seed", range(40))
def test_every_voiced_frame_is_in_exactly_one_piece(seed: int) -> None:
    generator = random.Random(seed)
    runs = []
    for _ in range(30):
        runs.append((generator.randrange(6, 80), LOUD))
        runs.append((generator.randrange(0, 4), FAINT))
        runs.append((generator.randrange(1, 60), QUIET))
    content = sound(*runs, seed=seed)
    settings = PieceSettings(
        silence_ms=generator.choice((100, 500, 3000)),
        least=generator.choice((0, 3, 8)),
        most=generator.choice((4, 28)),
        pad_ms=generator.choice((32, 300)),
    )
    found = cut(content, settings)
    samples = np.frombuffer(content, "<i2")
    voiced = np.abs(samples.reshape(-1, FRAME)).max(axis=1) > 2000
    times = np.zeros(len(voiced), int)
    for piece in found:
        assert piece.start % FRAME == 0
        assert piece.sound == content[2 * piece.start : 2 * piece.start + len(piece.sound)]
        assert 0 < piece.seconds <= settings.most + 0.1
        assert 0 <= piece.pause <= len(piece.sound) // 2
        times[piece.start // FRAME : piece.start // FRAME + len(piece.sound) // BYTES] += 1
    assert (times[voiced] == 1).all()
    starts = [piece.start for piece in found]
    assert starts == sorted(starts)
    ends = [piece.start + len(piece.sound) // 2 - piece.pause for piece in found]
    assert all(end <= start for end, start in zip(ends, starts[1:], strict=False))


def test_who_never_pauses_is_cut_where_it_is_quietest() -> None:
    content = sound((700, LOUD), (2, FAINT), (1, 600), (400, LOUD))
    first, second = cut(content, PieceSettings())
    assert len(first.sound) == 702 * BYTES
    assert first.sound + second.sound == content
    assert second.start == 702 * FRAME


def test_real_speech_of_35_seconds_without_a_pause(utterances: list[Utterance]) -> None:
    content = b""
    for utterance in utterances * 4:
        with wave.open(str(utterance.path), "rb") as stream:
            assert stream.getframerate() == RATE
            content += stream.readframes(stream.getnframes())[6400:-6400]
    content = content[: 35 * 2 * RATE]
    # Not even the longest breath ends a piece.
    pieces = Pieces(PieceSettings(silence_ms=5000), make_network(read_weights()))
    found = [*pieces.take(content)]
    last = pieces.finish()
    assert last is not None
    assert [piece.seconds > 17 for piece in found] == [True]
    assert found[0].start + len(found[0].sound) // 2 == last.start
    assert found[0].sound + last.sound == content[2 * found[0].start :]


def test_a_cut_in_a_long_pause_leaves_no_piece_of_silence() -> None:
    content = sound((600, LOUD), (400, QUIET))
    found = cut(content, PieceSettings(silence_ms=10_000))
    assert [piece.start for piece in found] == [0]
    assert found[0].sound[: 600 * BYTES] == content[: 600 * BYTES]


def test_a_short_piece_waits_for_a_longer_pause() -> None:
    content = sound((40, LOUD), (30, QUIET), (250, LOUD), (20, QUIET), (40, LOUD), (70, QUIET))
    found = cut(content, PieceSettings(least=8.0))
    assert [piece.start for piece in found] == [0, (340 - 9) * FRAME]


def test_it_ends_within_a_word() -> None:
    content = sound((20, LOUD))[:-500]
    [piece] = cut(content, PieceSettings())
    assert piece.sound == content
    # As a word that has only begun.
    content = sound((20, QUIET), (2, LOUD))
    [piece] = cut(content, PieceSettings())
    assert piece.sound == content[11 * BYTES :]


@pytest.mark.parametrize("behind", [1, 12, 40])
def test_a_click_is_no_piece(behind: int) -> None:
    assert cut(sound((20, QUIET), (2, LOUD), (behind, QUIET)), PieceSettings()) == []


def test_silence_between_the_last_word_and_the_end_leaves_no_gap() -> None:
    content = sound((20, LOUD), (12, QUIET))[:-100]
    [piece] = cut(content, PieceSettings())
    assert piece.sound == content[: 29 * BYTES]


def test_what_there_is_so_far() -> None:
    pieces = Pieces(PieceSettings(), Loud())
    assert pieces.growing is None
    assert not [*pieces.take(sound((2, LOUD)))]
    assert pieces.growing is None
    assert not [*pieces.take(sound((10, LOUD), (4, QUIET)))]
    assert pieces.growing is not None
    assert pieces.growing.seconds == 16 * FRAME / RATE
    assert pieces.growing.pause == 4 * FRAME
    assert pieces.finish() is not None
    assert pieces.finish() is None
