"""What a decoder makes of a window.

Other Pythons run this module, too: it keeps to what Python 3.8 knows.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Hypothesis:
    """What the decoder made of one window at one temperature.

    Attributes
    ----------
    tokens : tuple of int
        Text and timestamp tokens.
    temperature : float
        The temperature that it was sampled at; 0 is greedy or beam search.
    avg_logprob : float
        Mean log probability of the tokens.
    compression_ratio : float
        How often the text repeats itself: its length over that of its zlib form.
    no_speech_prob : float
        Probability that nobody speaks in the window.
    """

    tokens: tuple[int, ...]
    temperature: float
    avg_logprob: float
    compression_ratio: float
    no_speech_prob: float
