"""Find ceilings that were raised or removed without a reason, by the earlier versions in git."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from benchmarks.judging.budgets import (
    BUDGETS,
    Budget,
    Budgets,
    raised_without_reason,
    read_budgets,
    removed_without_reason,
)
from benchmarks.judging.file_versions import last_versions
from buildkit.errors import BuildError

_VERSIONS = 20
"""How many versions of the budgets are looked back at: a change may be several commits."""


@dataclass(frozen=True, kw_only=True)
class SilentChanges:
    """The ceilings that were raised and removed without a word, and what hides others."""

    raised: tuple[Budget, ...] = ()
    removed: tuple[Budget, ...] = ()
    remarks: tuple[str, ...] = ()


def silent_changes(now: Budgets, checkout: Path, path: Path = BUDGETS) -> SilentChanges:
    """Compare budgets with the last versions that the commits of `checkout` have of their file."""
    try:
        versions = last_versions(checkout, path, _VERSIONS)
    except BuildError as error:
        return SilentChanges(remarks=(f"raised ceilings were not looked for: {error}",))
    raised, removed, remarks = {}, {}, []
    for text in versions:
        try:
            before = read_budgets(text)
        except BuildError as error:
            remarks.append(f"an earlier version of the budgets is not understood: {error}")
            continue
        # Against each of them: who forgot the reason can still give it.
        raised.update({one.figure: one for one in raised_without_reason(before, now)})
        removed.update({one.figure: one for one in removed_without_reason(before, now)})
    return SilentChanges(
        raised=tuple(raised.values()), removed=tuple(removed.values()), remarks=tuple(remarks)
    )
