"""The sub-command ``live``: captions while somebody speaks."""

from __future__ import annotations

import argparse
from pathlib import Path

from transcriber.commands.decoding import announce, told
from transcriber.commands.listening import (
    add_input,
    add_pieces,
    list_inputs,
    live_settings,
    make_pieces,
)
from transcriber.errors import UsageError
from transcriber.files import make_directory
from transcriber.live.engines import make_decoder
from transcriber.live.events import Final
from transcriber.live.inputs import open_input, stopped_by_signals
from transcriber.live.loop import Listening
from transcriber.live.policies import Agreement, HoldBack, Policy
from transcriber.live.saving import Saving, recording_path
from transcriber.live.views import Lines, Terminal, View
from transcriber.options.values import number
from transcriber.progress.reporter import Reporter
from transcriber.settings import RunSettings

MARGIN = 0.3
"""Seconds at the end of what was heard of which no word is shown."""

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
    return told(settings, lambda reporter: _live(settings, arguments, view, reporter))


def _live(
    settings: RunSettings, arguments: argparse.Namespace, view: View, reporter: Reporter
) -> int:
    announce(settings, reporter)
    saving = record = None
    if arguments.save is not None:
        saving = Saving(arguments.save, settings.output, record=arguments.record)
        if arguments.record:
            record = recording_path(arguments.save)
            # As for the transcripts.
            make_directory(record.parent)
    decoder = make_decoder(settings, reporter)
    pieces = make_pieces(arguments, settings)
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
    return 0


def _policy(name: str) -> Policy | None:
    if name == "agreement":
        return Agreement()
    return HoldBack(MARGIN) if name == "alignment" else None
