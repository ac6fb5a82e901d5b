"""The engines of live captions: one for what stays, one for what is replaced soon."""

from __future__ import annotations

import dataclasses

from transcriber.engine.batched import BatchedEngine
from transcriber.engine.interface import Engine
from transcriber.live.decoding import PieceDecoder
from transcriber.progress.reporter import Reporter
from transcriber.run import prepare
from transcriber.settings import RunSettings


def make_decoder(settings: RunSettings, reporter: Reporter) -> PieceDecoder:
    """Get the model, and load it.

    Raises
    ------
    TranscriberError
        When the model cannot be had, or nothing here can decode with it.
    """
    threads, engine = prepare(settings, reporter, remember=False)
    quick: Engine = engine
    if isinstance(engine, BatchedEngine):
        # Their weights are the same pages of the same file.
        quick = engine.alike(
            dataclasses.replace(
                engine.settings,
                beam_size=None,
                best_of=None,
                patience=None,
                temperatures=engine.settings.temperatures[:1],
                word_timestamps=True,
            )
        )
    for one in (engine, quick):
        one.use_threads(threads)
        one.use_kernels("")
    # What is compiled or fetched from the disk at the first use is needed at once.
    decoder = PieceDecoder(engine, quick)
    decoder.warm()
    return decoder
