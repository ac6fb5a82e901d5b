"""Count the errors of the program with some options, and so what an option is worth.

``python benchmarks/option_errors.py SPEECH [OPTION ...]`` transcribes every recording of the folder
SPEECH in its language and prints the errors of each: of words, or of characters where these are
counted. SPEECH holds a ``manifest.tsv`` with the columns ``file``, ``language`` and ``reference``.
``--program FILE`` takes a built program in the place of the modules.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from benchmarks.error_rates import errors_of
from benchmarks.manifest import Speech, read_manifest
from buildkit.commands import ending_in_one_line, last_line, run_quietly
from buildkit.errors import ToolError


def main() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("speech", type=Path, metavar="SPEECH")
    parser.add_argument("--program", type=Path, metavar="FILE")
    given, options = parser.parse_known_args()
    program = [str(given.program)] if given.program else [sys.executable, "-m", "transcriber"]

    def work() -> int:
        said, wrong = count_errors([*program, *options], read_manifest(given.speech))
        for language in sorted(said):
            print(f"{language}: {wrong[language]} errors of {said[language]}")
        print(f"all: {wrong.total()} errors of {said.total()}")
        return 0

    return ending_in_one_line("option_errors", work)


def count_errors(
    command: Sequence[str], speech: Sequence[Speech]
) -> tuple[Counter[str], Counter[str]]:
    """Return by language how many words or characters were said, and how many are wrong.

    Raises
    ------
    ToolError
        When the command fails with a recording.
    """
    said: Counter[str] = Counter()
    wrong: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        for item in speech:
            written = ("--output_dir", folder, "--output_format", "txt")
            spoken = ("--language", item.language, str(item.path.absolute()))
            code, output = run_quietly([*command, *written, *spoken])
            if code:
                raise ToolError(f"{item.path.name} ended with {code}: {last_line(output)}")
            text = Path(folder, f"{item.path.stem}.txt").read_text("utf-8")
            words, errors = errors_of(item.language, item.transcript, text)
            said[item.language] += words
            wrong[item.language] += errors
    return said, wrong


if __name__ == "__main__":
    sys.exit(main())
