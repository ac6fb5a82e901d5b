"""Be a process that transcribes windows with faster-whisper's engine; see `part_answers`.

``python -m benchmarks.peers.ctranslate2_part_child WEIGHTS THREADS PARTS COMPUTE_TYPE``
"""

from __future__ import annotations

import sys

import ctranslate2  # type: ignore[import-not-found]
import numpy as np
from faster_whisper.feature_extractor import FeatureExtractor  # type: ignore[import-not-found]

from benchmarks.measuring.part_answers import WINDOW_STEPS, answer, noise, timed

_PROMPT, _END = [50258, 50259, 50359, 50363], 50257


def main() -> None:
    """Answer until standard input ends."""
    weights, threads, wanted, compute_type = sys.argv[1:]
    model = ctranslate2.models.Whisper(
        weights, device="cpu", compute_type=compute_type, intra_threads=int(threads)
    )
    extract = FeatureExtractor(feature_size=model.n_mels)
    audio = noise()

    def window() -> None:
        mel = np.ascontiguousarray(extract(audio)[None, :, :3000])
        features = model.encode(ctranslate2.StorageView.from_array(mel), to_cpu=False)
        # It writes half of the longest that it is given, at most.
        (result,) = model.generate(
            features,
            [_PROMPT],
            beam_size=1,
            max_length=2 * WINDOW_STEPS,
            suppress_blank=False,
            suppress_tokens=[_END],
        )
        count = len(result.sequences_ids[0])
        if count != WINDOW_STEPS:
            raise SystemExit(f"{count} tokens were decoded, and not {WINDOW_STEPS}")

    answer({"window": timed(window)}, wanted)


if __name__ == "__main__":
    main()
