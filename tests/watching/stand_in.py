"""``python stand_in.py FOLDER KEEP_ALIVE [OPTIONS]``: watches, and decodes nothing.

A recording is lines of text, each a command: ``say TEXT``, ``rest SECONDS``, ``fail TEXT``,
``await FILE``, which fails until there is one, ``die``, and ``stop`` for what no recording is to
blame for. The texts are written, with the number of the process in front. With ``--offline`` there
is no model.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

from transcriber.commands.watch import watch_settings
from transcriber.errors import DependencyError, InputError, StorageError, TranscriberError
from transcriber.inputs.recordings import Recording
from transcriber.interruption import Interrupted, end_at_signals
from transcriber.outputs import output_stem
from transcriber.progress.reporter import make_reporter
from transcriber.watching import retries
from transcriber.watching.decoder import Decoder
from transcriber.watching.feed import Feed
from transcriber.watching.watch import watch

SETTLE = 0.2


def main(folder: str, keep_alive: str, *options: str) -> int:
    """Watch until a signal."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        # What started the tests may have had some ignored, as nohup has.
        signal.signal(number, signal.SIG_DFL)
    end_at_signals()
    retries._FIRST = 0.5
    settings = watch_settings([folder, "--output_format", "txt", *options])
    reporter = make_reporter(settings.progress, quiet=settings.quiet)

    def work(recording: Recording) -> None:
        assert recording.path is not None
        text = [str(os.getpid())]
        for line in recording.path.read_text().splitlines():
            name, _, rest = line.partition(" ")
            if name == "say":
                text.append(rest)
            elif name == "rest":
                time.sleep(float(rest))
            elif name == "fail":
                raise InputError(rest)
            elif name == "await" and not Path(rest).exists():
                raise StorageError(f"there is no {rest}")
            elif name == "die":
                os.kill(os.getpid(), signal.SIGKILL)
            elif name == "stop":
                raise DependencyError("nothing decodes", "mend it")
        stem = output_stem(recording, settings)
        assert stem is not None
        stem.parent.mkdir(parents=True, exist_ok=True)
        stem.with_name(f"{stem.name}.txt").write_text("\n".join(text))
        reporter.note(f"{recording.label}: done")

    def decode(feed: Feed) -> None:
        if settings.offline:
            raise DependencyError("there is no model", "get it")
        feed.ready()
        while feed.await_recording():
            for recording in feed.recordings(lambda _: None):
                if recording is None:
                    break
                failure: TranscriberError | None = None
                try:
                    work(recording)
                except (InputError, StorageError) as error:
                    failure = error
                if feed.ended(recording, failure) and failure:
                    reporter.fail(recording.label, failure)

    try:
        return watch(
            [Path(folder)],
            settings,
            settle=SETTLE,
            decoder=Decoder(decode, reporter, keep_alive=float(keep_alive)),
            reporter=reporter,
            prepare=settings.offline,
        )
    except Interrupted as interruption:
        return interruption.exit_code
    except TranscriberError as error:
        reporter.fail("", error)
        return error.exit_code


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
