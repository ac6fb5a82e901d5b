"""The sub-command ``dictate``: what is spoken is in the clipboard at the end."""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import json
import os
import shutil
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from transcriber.commands.decoding import announce, told
from transcriber.commands.listening import (
    add_input,
    add_pieces,
    list_inputs,
    live_settings,
    make_pieces,
)
from transcriber.dictation import chimes, history
from transcriber.dictation.control import Control, ask
from transcriber.dictation.corrections import read_corrections
from transcriber.dictation.session import Session
from transcriber.dictation.settings import PASTES, DictationSettings
from transcriber.dictation.vocabulary import read_hotwords, read_prompt
from transcriber.errors import DesktopError, UsageError
from transcriber.interruption import Interrupted
from transcriber.live.engines import make_decoder
from transcriber.live.events import Event, Heard
from transcriber.live.inputs import open_input, stopped_by_signals
from transcriber.live.views import Terminal
from transcriber.options.values import number
from transcriber.progress.reporter import Reporter
from transcriber.settings import RunSettings

_LEAST = 8.0
"""Seconds of a piece: what is shorter waits for a longer pause, and so knows more of what is
meant. Nobody reads along."""

_SHOWN = 10
"""Dictations that `history` prints."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``dictate`` to `parser`."""
    parser.usage = f"transcriber dictate [{'|'.join(_ACTIONS)}] [OPTION]..."
    parser.epilog = (
        "start (which may be left out) listens until stop, toggle or Ctrl-C; toggle starts or "
        "stops; status tells what runs; listen waits for --hot_key; history prints what was kept. "
        "The options of a transcription hold, too."
    )
    # Or --hotwords, which is an option of a transcription, would be --hotwords_file.
    parser.allow_abbrev = False
    _add_dictating(parser)
    add = parser.add_argument
    add(
        "--last",
        type=number(int, low=1),
        default=_SHOWN,
        metavar="N",
        help="of history: how many (%(default)s)",
    )
    add("--clear", action="store_true", help="of history: delete all of it")
    add("--hot_key", default="Ctrl+Alt+Q", metavar="KEYS", help="of listen: the key (%(default)s)")
    add("--hold", action="store_true", help="of listen: speak while the key is held")


def _add_dictating(parser: argparse.ArgumentParser) -> None:
    """Add what a dictation is started with."""
    add_input(parser)
    add_pieces(parser, _LEAST)
    add = parser.add_argument
    add(
        "--paste",
        choices=PASTES,
        default=PASTES[0],
        help="paste the text into the window that has the focus, too: at the end, or piece by "
        "piece while you speak (%(default)s)",
    )
    add("--terminal", action="store_true", help="paste with Shift+Insert, as terminals want it")
    add(
        "--keep_clipboard",
        action="store_true",
        help="let programs that keep what was copied keep it; they are asked not to otherwise",
    )
    add("--no_chimes", action="store_true", help="no tones at start and stop")
    add("--prompt_file", type=Path, metavar="FILE", help="text that Whisper is told beforehand")
    add("--hotwords_file", type=Path, metavar="FILE", help="names and words, one a line")
    add("--corrections", type=Path, metavar="FILE", help="lines of: heard -> meant")
    add(
        "--spoken_commands",
        action="store_true",
        help='"new line", "full stop", "open quote" and others mean what they say',
    )
    add("--history", action="store_true", help="keep the text of each dictation")


def run(arguments: argparse.Namespace) -> int:
    """Do what is asked.

    Returns
    -------
    int
        The exit code.
    """
    words = arguments.options
    action = words.pop(0) if words[:1] and words[0] in _ACTIONS else "start"
    if arguments.list_inputs:
        return list_inputs()
    if arguments.clear and action != "history":
        raise UsageError("--clear is of the history", "say transcriber dictate history --clear")
    return _ACTIONS[action](arguments)


def _toggle(arguments: argparse.Namespace) -> int:
    answer = ask("stop")
    return _start(arguments) if answer is None else 0


def _stop(arguments: argparse.Namespace) -> int:
    del arguments
    if ask("stop") is None:
        raise UsageError("no dictation runs", "start one by `transcriber dictate start`")
    return 0


def _status(arguments: argparse.Namespace) -> int:
    del arguments
    print(json.dumps(ask("status") or {"state": "idle"}, ensure_ascii=False))
    return 0


def _history(arguments: argparse.Namespace) -> int:
    if arguments.clear:
        history.clear(history.history_file())
        return 0
    for one in history.last(history.history_file(), arguments.last)[::-1]:
        print(time.strftime("%Y-%m-%d %H:%M", time.localtime(one.time)), one.text, sep="  ")
    return 0


def _listen(arguments: argparse.Namespace) -> int:
    # What makes no sense is told now, and not at the first key.
    _settings(arguments)
    _dictation(arguments)
    from transcriber.dictation import hot_key  # noqa: PLC0415  D-Bus, which no other action needs
    from transcriber.dictation.listener import Listener  # noqa: PLC0415

    key = hot_key.grab(arguments.hot_key)
    # Nothing is cut short: a dictation that runs is finished first.
    with contextlib.suppress(Interrupted):
        print(f"waiting for {arguments.hot_key}; Ctrl-C ends it", file=sys.stderr, flush=True)
        Listener(key, _words(arguments), hold=arguments.hold).run()
    return 0


def _start(arguments: argparse.Namespace) -> int:
    settings, dictation = _settings(arguments), _dictation(arguments)
    return told(settings, lambda reporter: _dictate(settings, dictation, arguments, reporter))


def _dictate(
    settings: RunSettings,
    dictation: DictationSettings,
    arguments: argparse.Namespace,
    reporter: Reporter,
) -> int:
    session = Session(dictation, reporter.note)
    view = Terminal(quiet=settings.quiet)
    with contextlib.ExitStack() as stack:
        stack.callback(Control(session.answer).close)
        stack.callback(session.close)
        announce(settings, reporter)
        if dictation.paste != "no":
            _ask_for_keys()
        if dictation.chimes:
            # Before it listens, or it would hear it.
            chimes.play("start")
        sound = stack.enter_context(open_input(arguments.input, settings))
        stack.enter_context(stopped_by_signals(session.stop))
        session.begin(sound)
        view.ready(sound.name)
        # While somebody speaks already.
        decoder = make_decoder(settings, reporter)
        pieces = make_pieces(arguments, settings, _LEAST)

        def show(event: Event) -> None:
            if isinstance(event, Heard):
                view.show(event)

        try:
            text = session.run(pieces, decoder, show)
        finally:
            view.end(sound.spool.seconds)
            # Whatever becomes of the clipboard, it is not lost.
            if session.text:
                print(session.text, flush=True)
    if not text:
        reporter.note("nothing was said")
    return 0


def _ask_for_keys() -> None:
    """Have the desktop ask now whether keys may be pressed, and not when the text is there."""
    if os.environ.get("WAYLAND_DISPLAY") and not shutil.which("wtype"):
        from transcriber.dictation import remote_desktop  # noqa: PLC0415  D-Bus

        # There may be another way, which pasting tries then.
        with contextlib.suppress(DesktopError):
            remote_desktop.prepare()


def _settings(arguments: argparse.Namespace) -> RunSettings:
    settings = live_settings(arguments.options, "dictate")
    decoding = settings.decoding
    if arguments.prompt_file is not None:
        decoding = dataclasses.replace(decoding, initial_prompt=read_prompt(arguments.prompt_file))
    if arguments.hotwords_file is not None:
        decoding = dataclasses.replace(decoding, hotwords=read_hotwords(arguments.hotwords_file))
    return dataclasses.replace(settings, decoding=decoding)


def _dictation(arguments: argparse.Namespace) -> DictationSettings:
    corrections = arguments.corrections
    return DictationSettings(
        paste=arguments.paste,
        terminal=arguments.terminal,
        secret=not arguments.keep_clipboard,
        chimes=not arguments.no_chimes,
        corrections=() if corrections is None else read_corrections(corrections),
        spoken_commands=arguments.spoken_commands,
        history=arguments.history,
    )


def _words(arguments: argparse.Namespace) -> list[str]:
    """Return the options that a dictation is started with, as they were given."""
    parser = argparse.ArgumentParser()
    _add_dictating(parser)
    words = []
    for name, default in vars(parser.parse_args([])).items():
        value = getattr(arguments, name)
        if value != default:
            words.append(f"--{name}" if value is True else f"--{name}={value}")
    # Behind a -- there may be something at the end of those.
    return [*words, *arguments.options]


_ACTIONS: Mapping[str, Callable[[argparse.Namespace], int]] = {
    "start": _start,
    "stop": _stop,
    "toggle": _toggle,
    "status": _status,
    "listen": _listen,
    "history": _history,
}
"""What may stand behind `dictate`."""
