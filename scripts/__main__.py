"""The entry: ``python3 -m scripts VERB``, which ``make VERB`` calls.

It starts the right Python where the running one is another, so it is written for older ones too.
"""

from __future__ import annotations

import os
import sys

from scripts import interpreter


def main() -> int:
    """Run the verb on the command line with Python 3.11.

    Returns
    -------
    int
        The exit code.
    """
    if not interpreter.suits():
        path = interpreter.find_interpreter()
        if path is None:
            print(
                "set-up: Python 3.11 was not found: install it (the packages python3.11 and "
                "python3.11-venv, or pyenv install 3.11), then give the same command again",
                file=sys.stderr,
            )
            return 8
        if path != sys.executable:
            sys.stdout.flush()
            os.execv(path, [path, "-m", "scripts", *sys.argv[1:]])  # noqa: S606
    from scripts.verbs import run  # noqa: PLC0415 - an older Python cannot read it

    return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
