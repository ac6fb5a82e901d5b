"""The sub-command ``watch``: transcribes what arrives in folders."""

from __future__ import annotations

import argparse
import dataclasses
import os
from collections.abc import Sequence
from pathlib import Path

from transcriber.commands.decoding import announce, told
from transcriber.commands.parts import add_keep_alive
from transcriber.errors import UsageError
from transcriber.options.command_line import parse
from transcriber.options.defaults import default_of
from transcriber.options.parser import make_parser, with_truth, with_underscores
from transcriber.options.values import number
from transcriber.progress.reporter import Reporter
from transcriber.settings import RunSettings
from transcriber.watching.decoder import Decoder
from transcriber.watching.feed import Feed
from transcriber.watching.naming import BESIDE
from transcriber.watching.watch import watch


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``watch`` to `parser`."""
    parser.usage = "transcriber watch [OPTION]... FOLDER..."
    parser.epilog = (
        "The options of a transcription hold for every recording, too. Transcripts lie beside "
        "their recordings, unless a folder is named. What has one is passed over."
    )
    add = parser.add_argument
    add(
        "--settle",
        type=number(float, low=0),
        default=3.0,
        metavar="SECONDS",
        help="how long a file must stay as it is to be whole (%(default)g)",
    )
    add_keep_alive(parser)


def run(arguments: argparse.Namespace) -> int:
    """Watch until a signal ends that.

    Returns
    -------
    int
        The exit code.

    Raises
    ------
    TranscriberError
        When the command line makes no sense.
    """
    settings = watch_settings(arguments.options)
    return told(settings, lambda reporter: _watch(settings, arguments, reporter))


def watch_settings(words: Sequence[str]) -> RunSettings:
    """Return the settings that the options of a transcription mean where folders are watched.

    Raises
    ------
    UsageError
        When they make no sense there.
    """
    # One line for each recording, unless its text is asked for; and the first input is none.
    words = ["--verbose", "False", "/", *words]
    parser = make_parser()
    typed = parser.parse_mixed(with_truth(with_underscores(["--output_dir", "", *words]), parser))
    if not typed.output_dir and default_of("output_dir") == "-":
        words = ["--output_dir", str(BESIDE), *words]
    settings = parse(words)
    if not settings.inputs[1:]:
        raise UsageError("watch needs a folder", "see transcriber watch --help")
    if typed.queue:
        raise UsageError("--queue: watch decodes by itself", "leave it out")
    directory = settings.output.directory
    if directory is None:
        raise UsageError("--output_dir -: watch writes files", "name a folder, or leave it out")
    if directory == Path() and not typed.output_dir:
        # Nobody has asked for the current folder, which a service has by chance.
        directory = BESIDE
    output = dataclasses.replace(settings.output, directory=directory)
    return dataclasses.replace(settings, inputs=settings.inputs[1:], output=output, queue=False)


def _watch(settings: RunSettings, arguments: argparse.Namespace, reporter: Reporter) -> int:
    is_missing = announce(settings, reporter)

    def decode(feed: Feed) -> None:
        # Only there, where a model is loaded.
        from transcriber.watching.decoding import decode  # noqa: PLC0415

        decode(settings, reporter, feed)

    folders = {os.path.realpath(given): Path(given) for given in settings.inputs}
    return watch(
        tuple(folders.values()),
        settings,
        settle=arguments.settle,
        decoder=Decoder(decode, reporter, keep_alive=arguments.keep_alive),
        reporter=reporter,
        prepare=is_missing,
    )
