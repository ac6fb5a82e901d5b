"""What ``live`` and ``dictate`` share: where the sound comes from, and how it is cut."""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Sequence

from transcriber.capture.sources import sources
from transcriber.errors import UsageError
from transcriber.live.inputs import DEVICES, PIPE
from transcriber.live.pieces import Pieces, PieceSettings
from transcriber.options.command_line import parse
from transcriber.options.values import number
from transcriber.settings import RunSettings

_LONG = 20.0
"""Seconds of a piece where long ones are wanted."""


def add_input(parser: argparse.ArgumentParser) -> None:
    """Add where the sound comes from."""
    parser.add_argument(
        "--input",
        default=DEVICES[0],
        metavar="NAME",
        help="microphone, system (what is played), a device's name or a part of it, a file, or "
        f"{PIPE} for samples of 16 bits at 16 kHz (%(default)s)",
    )
    parser.add_argument("--list_inputs", action="store_true", help="print the devices, and end")


def add_pieces(parser: argparse.ArgumentParser, least: float = 0.0) -> None:
    """Add where a piece ends; short ones have `least` seconds where the pauses are short."""
    short = f"at a pause after {least:g} s" if least else "at every pause"
    parser.add_argument(
        "--pause",
        type=number(float, low=0.1, high=10),
        default=0.5,
        metavar="SECONDS",
        help="the pause that ends a piece (%(default)g)",
    )
    parser.add_argument(
        "--pieces",
        choices=("short", "long"),
        default="short",
        help=f"{short}, or after {_LONG:g} s, which knows more of what is meant (%(default)s)",
    )


def list_inputs() -> int:
    """Print the devices."""
    for source in sources():
        print(f"{source.name}\t{source.description}")
    return 0


def live_settings(words: Sequence[str], command: str) -> RunSettings:
    """Return the settings that the options of a transcription mean for live sound.

    Raises
    ------
    UsageError
        When they make no sense.
    """
    settings = parse(["--verbose", "False", "/", *words])
    if settings.inputs[1:]:
        raise UsageError(
            f"{command} takes no recording: {settings.inputs[1]}",
            f"see transcriber {command} --help",
        )
    if settings.queue:
        raise UsageError(f"--queue: {command} decodes by itself", "leave it out")
    # One piece at a time, by the engine that decodes clips, which one row does not choose.
    decoding = dataclasses.replace(settings.decoding, vad_filter=None, batch_size=2)
    return dataclasses.replace(settings, inputs=(), decoding=decoding)


def make_pieces(arguments: argparse.Namespace, settings: RunSettings, least: float = 0.0) -> Pieces:
    """Return what cuts the sound as the options say it; `least` as `add_pieces` has it."""
    wanted = PieceSettings(
        threshold=settings.decoding.vad_threshold,
        silence_ms=round(1000 * arguments.pause),
        least=_LONG if arguments.pieces == "long" else least,
    )
    from transcriber.engine.listening import make_ear  # noqa: PLC0415  loads openai-whisper

    return Pieces(wanted, make_ear())
