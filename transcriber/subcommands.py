"""The sub-commands ``models``, ``cuda`` and ``doctor``."""

from __future__ import annotations

import importlib
from collections.abc import Sequence

from transcriber.options import Parser, with_underscores

_SUBCOMMANDS = {
    "models": (
        "transcriber.models.command",
        "The models: what there is, what is stored, and getting them.",
    ),
    "cuda": (
        "transcriber.cuda.command",
        "The CUDA add-on, with which the program uses an NVIDIA GPU: getting it, and its state.",
    ),
    "doctor": (
        "transcriber.doctor",
        "What was found on this machine, and what it means for transcribing.",
    ),
}


def run_subcommand(name: str, arguments: Sequence[str]) -> int:
    """Run a sub-command.

    Parameters
    ----------
    name : str
        ``models``, ``cuda`` or ``doctor``.
    arguments : sequence of str
        What follows it on the command line.

    Returns
    -------
    int
        The exit code.
    """
    module_name, description = _SUBCOMMANDS[name]
    module = importlib.import_module(module_name)
    parser = Parser(prog=f"transcriber {name}", description=description)
    module.add_arguments(parser)
    code: int = module.run(parser.parse_args(with_underscores(arguments)))
    return code
