"""The sub-commands ``models`` and ``doctor``."""

from __future__ import annotations

from collections.abc import Sequence

from transcriber.options import Parser, with_underscores


def run_subcommand(name: str, arguments: Sequence[str]) -> int:
    """Run a sub-command.

    Parameters
    ----------
    name : str
        ``models`` or ``doctor``.
    arguments : sequence of str
        What follows it on the command line.

    Returns
    -------
    int
        The exit code.
    """
    if name == "models":
        from transcriber.models.command import add_arguments, run  # noqa: PLC0415

        description = "The models: what there is, what is stored, and getting them."
    else:
        from transcriber.doctor import add_arguments, run  # noqa: PLC0415

        description = "What was found on this machine, and what it means for transcribing."
    parser = Parser(prog=f"transcriber {name}", description=description)
    add_arguments(parser)
    return run(parser.parse_args(with_underscores(arguments)))
