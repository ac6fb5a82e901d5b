"""The options that a service was started with, as words that each job begins with."""

from __future__ import annotations

from collections.abc import Sequence

from transcriber.errors import UsageError
from transcriber.options.parser import make_parser, with_truth
from transcriber.service.job_options import settings_of
from transcriber.settings import RunSettings

_MEANINGLESS = frozenset(
    {
        *("output_dir", "output_format", "skip_existing", "verbose", "quiet", "progress", "queue"),
    }
)
"""Options of a transcription that are about its files or its terminal."""


def base_words(given: Sequence[str]) -> tuple[tuple[str, ...], RunSettings]:
    """Return the words of each job, one for each option, and what they mean.

    Parameters
    ----------
    given : sequence of str
        What the command line says beside the service's own options.

    Raises
    ------
    UsageError
        When it makes no sense, or not for a service.

    Examples
    --------
    >>> base_words(["--no_defaults", "--language", "de"])[0]
    ('--no_defaults', '--language=de')
    """
    parser = make_parser()
    words = []
    rest = iter(with_truth(given, parser))
    for word in rest:
        if not word.startswith("-") or word == "-":
            raise UsageError(f"{word}: a service is given its recordings later", "leave it out")
        name, equals, value = word.partition("=")
        option = parser.option_meant(name)
        if option is None:
            raise UsageError(f"there is no option {name}", "see --help, and transcriber --help-all")
        if option.dest in _MEANINGLESS:
            raise UsageError(f"{name} means nothing to a service", "leave it out")
        whole = option.option_strings[0]
        if option.nargs is None and not equals:
            value, equals = next(rest, ""), "="
        words.append(f"{whole}{equals}{value}")
    # A client that waits cannot be asked, and only the user's own defaults are still to come.
    return tuple(words), settings_of(words)
