"""What made an artefact larger or smaller: by component, file, section, object file and symbol."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from benchmarks.figures import ArtefactSizes
from benchmarks.report import quantities
from benchmarks.report.markup import Row, Table, with_rows
from benchmarks.sizes.components import COMPONENTS
from benchmarks.sizes.stored import DETAILS, by_file

_KINDS = {
    "components": "component",
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
    """Something that has another size than before.

    Attributes
    ----------
    kind : str
        ``component``, ``file``, ``section``, ``object file`` or ``symbol``.
    name : str
        Which one; with ``FILE: `` in front where it is a part of a file.
    before, now : int or None
        Bytes; None where it was not, or is no longer, there or among the largest.
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
    """How the size of an artefact changed.

    Attributes
    ----------
    artefact : str
        Its name.
    before, now : int
        Its bytes.
    changes : tuple of Change
        What changed in it, the largest change first.
    """

    artefact: str
    before: int
    now: int
    changes: tuple[Change, ...]

    @property
    def delta(self) -> int:
        """Bytes that it grew by."""
        return self.now - self.before


def compare(base: Mapping[str, ArtefactSizes], now: Mapping[str, ArtefactSizes]) -> list[Growth]:
    """Return the change of each artefact of `now`, in its order.

    One that `base` has not was empty. A symbol that only one of the two lists counts as new or
    gone when it is larger than the smallest of the other, because only the largest are listed.
    """
    growths = []
    for artefact, new in now.items():
        old = base.get(artefact) or ArtefactSizes(
            bytes=0, components={}, files={}, sections={}, objects={}, symbols={}
        )
        changes = [
            change
            for table, kind in _KINDS.items()
            for change in _changes(table, kind, old, new)
            if change.delta
        ]
        changes.sort(key=lambda change: (-abs(change.delta), change.kind, change.name))
        growths.append(
            Growth(artefact=artefact, before=old.bytes, now=new.bytes, changes=tuple(changes))
        )
    return growths


def explain(growth: Growth, rows: int = _ROWS) -> str:
    """Return a table of the largest changes in an artefact, for a screen of text.

    Parameters
    ----------
    growth : Growth
        From `compare`.
    rows : int
        Lines of each kind.
    """
    lines = [
        f"{growth.artefact}: {growth.before:,} -> {growth.now:,} bytes ({growth.delta:+,})",
    ]
    for kind in _KINDS.values():
        changes = [change for change in growth.changes if change.kind == kind]
        lines += [
            _shortened(f"{change.delta:>+12,}  {change.word:<6}  {kind:<11}  {change.name}")
            for change in changes[:rows]
        ]
        if len(changes) > rows:
            rest = sum(change.delta for change in changes[rows:])
            noun = kind if len(changes) == rows + 1 else f"{kind}s"
            lines.append(f"{rest:>+12,}  {len(changes) - rows} {noun} more")
    return "\n".join(lines)


def payment_tables(
    base: Mapping[str, ArtefactSizes], now: Mapping[str, ArtefactSizes]
) -> list[Table]:
    """Return what each artefact, and each component of it, would pay in bytes for a change."""
    growths = compare(base, now)
    artefacts = tuple(
        Row(cells=(one.artefact, f"{one.before:,}", f"{one.now:,}", f"{one.delta:+,}"))
        for one in growths
    )
    names = tuple(growth.artefact for growth in growths)
    components = []
    for component in COMPONENTS:
        cells = []
        for artefact in names:
            old = base[artefact].components if artefact in base else {}
            new = now[artefact].components
            there = component in old or component in new
            cells.append(f"{new.get(component, 0) - old.get(component, 0):+,}" if there else "")
        if any(cells):
            components.append(Row(cells=(component, *cells)))
    return with_rows(
        Table(
            title="Change of the artefacts",
            columns=("artefact", "before", "now", "change"),
            rows=artefacts,
        ),
        Table(
            title="Change of the components",
            columns=("component", *names),
            rows=tuple(components),
        ),
    )


def change_tables(
    base: Mapping[str, ArtefactSizes], now: Mapping[str, ArtefactSizes], rows: int = _LISTED
) -> list[Table]:
    """Return the largest changes of files, sections, object files and symbols of each artefact.

    Parameters
    ----------
    base, now : mapping of str to ArtefactSizes
        The sizes before and after.
    rows : int
        Lines of each kind; what more there is, is one line together.
    """
    tables = []
    for growth in compare(base, now):
        lines = []
        for kind in _KINDS.values():
            changes = [change for change in growth.changes if change.kind == kind]
            # `payment_tables` has all components.
            if kind == _KINDS["components"] or not changes:
                continue
            lines += [
                Row(
                    cells=(
                        change.name,
                        kind,
                        quantities.quantity(change.before, "bytes"),
                        quantities.quantity(change.now, "bytes"),
                        f"{change.delta:+,}",
                    )
                )
                for change in changes[:rows]
            ]
            if rest := changes[rows:]:
                total = f"{sum(change.delta for change in rest):+,}"
                lines.append(Row(cells=(f"{len(rest)} more", kind, "", "", total)))
        tables.append(
            Table(
                title=f"Largest changes in {growth.artefact}",
                columns=("what", "kind", "before", "now", "change"),
                numbers=frozenset({2, 3, 4}),
                rows=tuple(lines),
            )
        )
    return with_rows(*tables)


def _changes(table: str, kind: str, old: ArtefactSizes, new: ArtefactSizes) -> Iterator[Change]:
    before: Mapping[str, int] = getattr(old, table)
    after: Mapping[str, int] = getattr(new, table)
    if table not in DETAILS:
        for name in {**before, **after}:
            yield Change(kind=kind, name=name, before=before.get(name), now=after.get(name))
        return
    parts_before, parts_after = by_file(before), by_file(after)
    for file in {**parts_before, **parts_after}:
        entries_before, entries_after = parts_before.get(file, {}), parts_after.get(file, {})
        # Where one of them could not look into the file, there is nothing to compare.
        if (file in old.files and not entries_before) or (file in new.files and not entries_after):
            continue
        for name in {**entries_before, **entries_after}:
            change = Change(
                kind=kind,
                name=f"{file}: {name}",
                before=entries_before.get(name),
                now=entries_after.get(name),
            )
            if table != "symbols" or _is_certain(change, entries_before, entries_after):
                yield change


def _is_certain(change: Change, before: Mapping[str, int], after: Mapping[str, int]) -> bool:
    """Tell whether a symbol that one side does not list is known to have been smaller there."""
    if change.before is None:
        return (change.now or 0) > min(before.values(), default=0)
    if change.now is None:
        return change.before > min(after.values(), default=0)
    return True


def _shortened(line: str) -> str:
    return line if len(line) <= _WIDTH else f"{line[: _WIDTH - 3]}..."
