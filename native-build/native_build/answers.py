"""Answer every advisory for a program that was built; or see which ones a scanner has beside them.

``python -m native_build.answers REPORT...`` reads what a scanner wrote, in any form of text, and
names the advisories that the list lacks.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from buildkit.commands import ending_in_one_line
from buildkit.errors import InputError, RecipeError, ResultError
from native_build.advisories import IDENTIFIER, Advisory, AdvisoryList, read_advisories
from native_build.evidence import BuildFacts, prove

_REMEDY = "look for its advisories and name the version in native-build/advisories.toml"


@dataclass(frozen=True, kw_only=True)
class Answer:
    """An advisory, and what was found of it in a program.

    Attributes
    ----------
    advisory : Advisory
        As the list has it.
    version : str
        Of the component in the program.
    proof : str
        What was checked; empty where the answer rests on words.
    """

    advisory: Advisory
    version: str
    proof: str


def answer_all(considered: AdvisoryList, facts: BuildFacts) -> tuple[Answer, ...]:
    """Return the answers for a program, each checked.

    Parameters
    ----------
    considered : AdvisoryList
        The list.
    facts : BuildFacts
        The program. What the list has of parts that it does not have is left out.

    Raises
    ------
    BuildError
        When the program has a part, or a version of it, that nobody looked at; when a check
        fails; or when an advisory of weight is open.
    """
    for name, version in sorted(facts.versions.items()):
        if name not in considered.components:
            raise RecipeError(f"nobody looked for advisories of {name} {version}", _REMEDY)
        if considered.components[name] != version:
            raise RecipeError(
                f"the answers are for {name} {considered.components[name]}, "
                f"and {version} is in the program",
                _REMEDY,
            )
    answers = tuple(
        Answer(advisory=one, version=facts.versions[one.component], proof=prove(one, facts))
        for one in considered.advisories
        if one.component in facts.versions
    )
    for answer in answers:
        if answer.advisory.is_open and answer.advisory.weighs:
            raise ResultError(
                f"{answer.advisory.id} ({answer.advisory.component}) is open and "
                f"{answer.advisory.severity}",
                "mend it, or answer it in native-build/advisories.toml",
            )
    return answers


def unanswered(reports: Iterable[str], considered: AdvisoryList) -> list[str]:
    """Return the numbers in scanners' reports that the list lacks, sorted.

    Examples
    --------
    >>> unanswered(["CVE-1999-0001 in a"], AdvisoryList(components={}, advisories=()))
    ['CVE-1999-0001']
    """
    known = {one.id for one in considered.advisories}
    found = {number for text in reports for number in IDENTIFIER.findall(text)}
    return sorted(found - known)


def main() -> int:
    """Compare the list with scanners' reports.

    Returns
    -------
    int
        0 when the list has every advisory that they name, else 1.
    """
    parser = argparse.ArgumentParser(prog="native_build.answers", description=__doc__)
    parser.add_argument("reports", nargs="+", type=Path, metavar="REPORT")
    options = parser.parse_args()

    def work() -> int:
        considered = read_advisories()
        missing = unanswered(map(_text, options.reports), considered)
        for number in missing:
            print(f"not considered: {number}")
        print(f"{len(considered.advisories)} considered, {len(missing)} missing")
        return 1 if missing else 0

    return ending_in_one_line("answers", work)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}", "name a scanner's report") from error


if __name__ == "__main__":
    sys.exit(main())
