"""What sub-commands share that decode themselves: what is told before, and how it ends."""

from __future__ import annotations

from collections.abc import Callable

from transcriber.choosing.model import offer_stored
from transcriber.engine.abilities import check_official
from transcriber.errors import TranscriberError
from transcriber.interruption import Interrupted
from transcriber.models.obtain import has_to_be_fetched
from transcriber.progress.reporter import Reporter, make_reporter
from transcriber.settings import RunSettings


def told(settings: RunSettings, work: Callable[[Reporter], int]) -> int:
    """Do some work, and tell how it fails.

    Parameters
    ----------
    settings : RunSettings
        How much is told.
    work : callable
        Is given whom to tell, and returns an exit code.

    Returns
    -------
    int
        The exit code.
    """
    reporter = make_reporter(settings.progress, quiet=settings.quiet)
    try:
        return work(reporter)
    except TranscriberError as error:
        reporter.fail("", error)
        return error.exit_code
    except Interrupted as interruption:
        reporter.interrupted(interruption.message, interruption.exit_code)
        return interruption.exit_code
    finally:
        reporter.close()


def announce(settings: RunSettings, reporter: Reporter) -> bool:
    """Tell what there is to know before a model is loaded; return whether it must be fetched.

    Raises
    ------
    TranscriberError
        When the model cannot do what is wanted.
    """
    for note in settings.notes:
        reporter.note(note)
    check_official(settings.model, settings.decoding)
    is_missing = has_to_be_fetched(settings.model, settings.model_directory)
    if is_missing and (offer := offer_stored(settings)):
        reporter.note(offer)
    return is_missing
