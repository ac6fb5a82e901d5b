"""Transcribe recordings with faster-whisper; see `benchmarks.peers.peer_program`.

What is as in openai-whisper by itself: the tokens that are never written, the first time, the
previous text before each window, the checks for silence. What is not:

* PyAV decodes the recording, and numpy computes the spectrogram.
* A hypothesis of the beam search ends, and is ranked, by CTranslate2's rules.
* Batched, windows are cut where its model of speech finds pauses, up to eight of them are decoded
  together, and none sees the text before it. No tokens of times are decoded, as it does by itself:
  with them, it loses what is said after a window's last one. A segment is a window. Of several
  temperatures, it takes the first one only.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from benchmarks.peers.peer_program import TEMPERATURES, Say, Transcribe, run


def load(options: argparse.Namespace) -> Transcribe:
    """Load the model."""
    import faster_whisper  # type: ignore[import-not-found]  # noqa: PLC0415

    model = faster_whisper.WhisperModel(
        str(options.weights),
        device=options.device,
        compute_type=options.compute_type,
        cpu_threads=options.threads,
    )
    pipeline = faster_whisper.BatchedInferencePipeline(model) if options.batched else model

    def transcribe(recording: Path, say: Say) -> None:
        segments, _ = pipeline.transcribe(
            str(recording),
            language=options.language,
            beam_size=options.beam_size or 1,
            temperature=TEMPERATURES if options.fallback else 0.0,
            condition_on_previous_text=True,
            without_timestamps=options.batched,
            word_timestamps=False,
        )
        for segment in segments:
            say(segment.start, segment.end, segment.text)

    return transcribe


if __name__ == "__main__":
    run(load, sys.argv[1:])
