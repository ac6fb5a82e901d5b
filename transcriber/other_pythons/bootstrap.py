"""What a Python of the system is started with: it takes all other sources from its input.

The native program has no file with a module's source, and another Python could not see into it.
So this text is the child's ``-c`` option, and the first line of its standard input brings the
modules by name. Nothing is written to a disk, and nothing of ours is left behind.

It runs on Python 3.8.
"""

from __future__ import annotations

import sys

if sys.path and not sys.path[0]:
    # A file named torch.py in the current folder must not be loaded.
    del sys.path[0]

import importlib.abc
import importlib.util
import json
import os
from typing import Any


class Sources(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds and runs the modules that came in.

    Parameters
    ----------
    sources : dict
        Of a module's name, the place that it claims to lie at, and its text. That of a package
        ends in ``__init__.py``.
    """

    def __init__(self, sources: Any) -> None:
        self._sources = sources

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        """Find a module that came in."""
        if name not in self._sources:
            return None
        place = self._sources[name][0]
        package = os.path.basename(place) == "__init__.py"  # noqa: PTH119
        return importlib.util.spec_from_loader(name, self, origin=place, is_package=package)

    def exec_module(self, module: Any) -> None:
        """Run a module that came in."""
        place, text = self._sources[module.__name__]
        # openai-whisper finds its vocabularies beside it.
        module.__file__ = place
        exec(compile(text, place, "exec"), module.__dict__)  # noqa: S102


def main() -> int:
    """Take in the sources and hand over to the one that they name."""
    # Libraries are free to read and print: their streams are not those of the protocol.
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    start = json.loads(requests.readline())
    sys.meta_path.insert(0, Sources(start["sources"]))
    worker = importlib.import_module(start["main"])
    code: int = worker.main(requests, answers)
    return code


if __name__ == "__main__":
    sys.exit(main())
