"""Note what a Python process has imported and opened; Python itself runs this at its start."""

import atexit
import os
import sys

_opened: set[str] = set()


def _note(event: str, arguments: tuple[object, ...]) -> None:
    if event == "open" and isinstance(arguments[0], str):
        _opened.add(os.path.abspath(arguments[0]))  # noqa: PTH100 - pathlib would be imported


def _write() -> None:
    place = os.path.join(os.environ["MODULE_RECORDER"], str(os.getpid()))  # noqa: PTH118
    # Before the files of the notes themselves are opened.
    notes = {"modules": sorted(sys.modules), "files": sorted(_opened)}
    for kind, names in notes.items():
        with open(f"{place}.{kind}", "w", errors="surrogateescape") as stream:
            stream.write("".join(f"{name}\n" for name in names))


sys.addaudithook(_note)
atexit.register(_write)
