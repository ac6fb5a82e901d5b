"""What made an artefact larger or smaller: by component, file, section, object file and symbol."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from benchmarks.figures import ArtefactSizes
from benchmarks.report import quantities
from benchmarks.report.markup import Row, Table, with_rows
from benchmarks.sizes.components import COMPONENTS
from benchmarks.sizes.stored import DETAILS, by_file

_COMPONENT = "component"
_KINDS = {
    "components": _COMPONENT,
    "files": "file",
    "sections": "section",
    "objects": "object file",
    "symbols": "symbol",
}
"""Of the tables to what one line of them is."""

_ROWS = 4
"""Lines of each kind in an explanation: all of them together fit on a screen."""

_LISTED = 10
"""Lines of each kind in a table of changes."""

_WIDTH = 100


@dataclass(frozen=True, kw_only=True)
class Change:
    """Something, as `_KINDS` has it, of another size than before.

    The name of a part of a file has ``FILE: `` in front. None stands for the bytes of what was
    not, or is no longer, there or among the largest.
    """

    kind: str
    name: str
    before: int | None
    now: int | None

    @property
    def delta(self) -> int:
        """Bytes that it grew by."""
        return (self.now or 0) - (self.before or 0)

    @property
    def word(self) -> str:
        """What happened to it: ``new``, ``gone``, ``grew`` or ``shrank``."""
        if self.before is None:
            return "new"
        if self.now is None:
            return "gone"
        return "grew" if self.delta > 0 else "shrank"


@dataclass(frozen=True, kw_only=True)
class Growth:
    """How the bytes of an artefact changed; the largest change in it comes first."""

    artefact: str
    before: int
    now: int
    changes: tuple[Change, ...]

    @property
    def delta(self) -> int:
        """Bytes that it grew by."""
        return self.now - self.before

    def by_kind(self, rows: int) -> Iterator[tuple[str, list[Change], list[Change]]]:
        """Yield each kind of change, the largest of it, and those beyond `rows`."""
        for kind in _KINDS.values():
            changes = [change for change in self.changes if change.kind == kind]
            yield kind, changes[:rows], changes[rows:]


def compare(base: Mapping[str, ArtefactSizes], now: Mapping[str, ArtefactSizes]) -> list[Growth]:
    """Return the change of each artefact of `now`, in its order.

    One that `base` has not was empty. A symbol that only one of the two lists counts as new or
    gone when it is larger than the smallest of the other, because only the largest are listed.
    """
    empty = ArtefactSizes(bytes=0, components={}, files={}, sections={}, objects={}, symbols={})
    growths = []
    for artefact, new in now.items():
        old = base.get(artefact, empty)
        changes = [
            change for table in _KINDS for change in _changes(table, old, new) if change.delta
        ]
        changes.sort(key=lambda change: (-abs(change.delta), change.kind, change.name))
        growths.append(
            Growth(artefact=artefact, before=old.bytes, now=new.bytes, changes=tuple(changes))
        )
    return growths


def _changes(table: str, old: ArtefactSizes, new: ArtefactSizes) -> Iterator[Change]:
    before: Mapping[str, int] = getattr(old, table)
    after: Mapping[str, int] = getattr(new, table)
    if table not in DETAILS:
        yield from _changes_of(table, "", before, after)
        return
    files_before, files_after = by_file(before), by_file(after)
    for file in {**files_before, **files_after}:
        parts_before, parts_after = files_before.get(file, {}), files_after.get(file, {})
        # Where one of them could not look into the file, there is nothing to compare.
        if (parts_before or file not in old.files) and (parts_after or file not in new.files):
            yield from _changes_of(table, f"{file}: ", parts_before, parts_after)


def _changes_of(
    table: str, prefix: str, before: Mapping[str, int], after: Mapping[str, int]
) -> Iterator[Change]:
    # Of the symbols that one side does not list, smaller ones may have been there.
    listed = table == "symbols"
    least_before = min(before.values(), default=0) if listed else -1
    least_after = min(after.values(), default=0) if listed else -1
    for name in {**before, **after}:
        old, new = before.get(name), after.get(name)
        is_certain = (old is not None or (new or 0) > least_before) and (
            new is not None or (old or 0) > least_after
        )
        if is_certain:
            yield Change(kind=_KINDS[table], name=prefix + name, before=old, now=new)


def explain(growth: Growth, rows: int = _ROWS) -> str:
    """Return the largest changes in an artefact for a screen, of each kind so many rows."""
    lines = [f"{growth.artefact}: {growth.before:,} -> {growth.now:,} bytes ({growth.delta:+,})"]
    for kind, largest, others in growth.by_kind(rows):
        for change in largest:
            line = f"{change.delta:>+12,}  {change.word:<6}  {kind:<11}  {change.name}"
            lines.append(line if len(line) <= _WIDTH else f"{line[: _WIDTH - 3]}...")
        if others:
            noun = kind if len(others) == 1 else f"{kind}s"
            lines.append(f"{_sum(others):>+12,}  {len(others)} {noun} more")
    return "\n".join(lines)


def _sum(changes: list[Change]) -> int:
    return sum(change.delta for change in changes)


def payment_tables(
    base: Mapping[str, ArtefactSizes], now: Mapping[str, ArtefactSizes]
) -> list[Table]:
    """Return what each artefact, and each component of it, would pay in bytes for a change."""
    growths = compare(base, now)
    artefacts = tuple(
        Row(cells=(one.artefact, f"{one.before:,}", f"{one.now:,}", f"{one.delta:+,}"))
        for one in growths
    )
    components = []
    for component in COMPONENTS:
        cells = []
        for artefact, one in now.items():
            old = base[artefact].components if artefact in base else {}
            there = component in old or component in one.components
            delta = one.components.get(component, 0) - old.get(component, 0)
            cells.append(f"{delta:+,}" if there else "")
        if any(cells):
            components.append(Row(cells=(component, *cells)))
    return with_rows(
        Table(
            title="Change of the artefacts",
            columns=("artefact", "before", "now", "change"),
            rows=artefacts,
        ),
        Table(title="Change of the components", columns=(_COMPONENT, *now), rows=tuple(components)),
    )


def change_tables(
    base: Mapping[str, ArtefactSizes], now: Mapping[str, ArtefactSizes], rows: int = _LISTED
) -> list[Table]:
    """Return the largest changes in each artefact; `payment_tables` has those of components.

    Of each kind there are `rows` lines, and one of all that there is more.
    """
    tables = []
    for growth in compare(base, now):
        lines = []
        for kind, largest, others in growth.by_kind(rows):
            if kind == _COMPONENT:
                continue
            for change in largest:
                sizes = (quantities.quantity(one, "bytes") for one in (change.before, change.now))
                lines.append(Row(cells=(change.name, kind, *sizes, f"{change.delta:+,}")))
            if others:
                cells = (f"{len(others)} more", kind, "", "", f"{_sum(others):+,}")
                lines.append(Row(cells=cells))
        tables.append(
            Table(
                title=f"Largest changes in {growth.artefact}",
                columns=("what", "kind", "before", "now", "change"),
                numbers=frozenset({2, 3, 4}),
                rows=tuple(lines),
            )
        )
    return with_rows(*tables)
