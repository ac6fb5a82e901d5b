"""The sub-command ``live``: captions while somebody speaks."""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Sequence
from pathlib import Path

from transcriber.capture.sources import sources
from transcriber.choosing.model import offer_stored
from transcriber.engine.abilities import check_official
from transcriber.errors import TranscriberError, UsageError
from transcriber.files import make_directory
from transcriber.interruption import Interrupted
from transcriber.live.engines import make_decoder
from transcriber.live.events import Final
from transcriber.live.inputs import DEVICES, PIPE, open_input, stopped_by_signals
from transcriber.live.loop import Listening
from transcriber.live.pieces import Pieces, PieceSettings
from transcriber.live.policies import Agreement, HoldBack, Policy
from transcriber.live.saving import Saving, recording_path
from transcriber.live.views import Lines, Terminal, View
from transcriber.models.obtain import has_to_be_fetched
from transcriber.options.command_line import parse
from transcriber.options.values import number
from transcriber.progress.reporter import Reporter, make_reporter
from transcriber.settings import RunSettings

MARGIN = 0.3
"""Seconds at the end of what was heard of which no word is shown."""

_LONG = 20.0
"""Seconds of a piece where long ones are wanted."""

_POLICIES = ("alignment", "agreement", "none")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``live`` to `parser`."""
    parser.usage = "transcriber live [OPTION]..."
    parser.epilog = (
        "The options of a transcription hold, too. Ctrl-C ends it, with all that was said."
    )
    add_input(parser)
    add = parser.add_argument
    add(
        "--pace",
        type=number(float, low=0),
        default=1.0,
        metavar="X",
        help="how fast a file is played: 1 as it was spoken, 0 as fast as it goes (%(default)g)",
    )
    add(
        "--partials",
        choices=_POLICIES,
        default=_POLICIES[0],
        help="which words are shown before the speaker pauses: those that end some time ago, those "
        "that two decodings agree in, or none (%(default)s)",
    )
    add_pieces(parser)
    add(
        "--save",
        type=Path,
        metavar="NAME",
        help="write NAME.srt and the other formats while it goes on",
    )
    add("--record", action="store_true", help="keep the sound, too, as NAME.wav")
    add("--events", action="store_true", help="print each event as a line of JSON")


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


def add_pieces(parser: argparse.ArgumentParser) -> None:
    """Add where a piece ends."""
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
        help=f"at every pause, or at one after {_LONG:g} s, which knows more of what is meant "
        "(%(default)s)",
    )


def run(arguments: argparse.Namespace) -> int:
    """Show captions until the sound ends, or a signal ends that.

    Returns
    -------
    int
        The exit code.
    """
    if arguments.list_inputs:
        return list_inputs()
    settings = live_settings(arguments.options, "live")
    if arguments.record and arguments.save is None:
        raise UsageError("--record needs a name", "give --save NAME, too")
    if arguments.save is not None and not arguments.save.name:
        raise UsageError(f"--save {arguments.save} is no name", "say how the files are to begin")
    view: View = Lines()
    if not arguments.events:
        view = Terminal(quiet=settings.quiet)
    reporter = make_reporter(settings.progress, quiet=settings.quiet)
    try:
        _live(settings, arguments, view, reporter)
    except TranscriberError as error:
        reporter.fail("", error)
        return error.exit_code
    except Interrupted as interruption:
        reporter.interrupted(interruption.message, interruption.exit_code)
        return interruption.exit_code
    finally:
        reporter.close()
    return 0


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
    # One piece at a time: more than two rows are memory that nothing uses.
    decoding = dataclasses.replace(settings.decoding, vad_filter=None, batch_size=2)
    return dataclasses.replace(settings, inputs=(), decoding=decoding)


def piece_settings(arguments: argparse.Namespace, settings: RunSettings) -> PieceSettings:
    """Return where a piece ends, as the options say it."""
    return PieceSettings(
        threshold=settings.decoding.vad_threshold,
        silence_ms=round(1000 * arguments.pause),
        least=_LONG if arguments.pieces == "long" else 0.0,
    )


def announce(settings: RunSettings, reporter: Reporter) -> None:
    """Tell what there is to know before a model is loaded."""
    for note in settings.notes:
        reporter.note(note)
    check_official(settings.model, settings.decoding)
    is_missing = has_to_be_fetched(settings.model, settings.model_directory)
    if is_missing and (offer := offer_stored(settings)):
        reporter.note(offer)


def _live(
    settings: RunSettings, arguments: argparse.Namespace, view: View, reporter: Reporter
) -> None:
    announce(settings, reporter)
    saving = record = None
    if arguments.save is not None:
        saving = Saving(arguments.save, settings.output, record=arguments.record)
        if arguments.record:
            record = recording_path(arguments.save)
            # As for the transcripts.
            make_directory(record.parent)
    decoder = make_decoder(settings, reporter)
    from transcriber.speech.network import make_network  # noqa: PLC0415  where PyTorch is loaded
    from transcriber.speech.weights import read_weights  # noqa: PLC0415

    pieces = Pieces(piece_settings(arguments, settings), make_network(read_weights()))
    policy = _policy(arguments.partials)
    seconds = 0.0
    with open_input(arguments.input, settings, pace=arguments.pace, record=record) as sound:
        if saving is not None:
            # What cannot be written is told before an hour is spoken, and not at its end.
            saving.write(seconds)
        view.ready(sound.name)
        try:
            with stopped_by_signals(sound.stop):
                for event in Listening(sound.spool, pieces, decoder, policy).events():
                    view.show(event)
                    if saving is not None and isinstance(event, Final):
                        saving.take(event)
                    elif saving is not None:
                        saving.keep_up()
        finally:
            seconds = sound.spool.seconds
            if saving is not None:
                paths = saving.write(seconds)
                reporter.note(f"{', '.join(map(str, paths))}: written")
            view.end(seconds)


def _policy(name: str) -> Policy | None:
    if name == "agreement":
        return Agreement()
    return HoldBack(MARGIN) if name == "alignment" else None
