"""Stage unpack: source trees, each an archive, then Debian's patches, then our edits."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from buildkit.debian_patches import Patch, applied_of, check_series, content_digest, read_series
from buildkit.edits import Edit, apply, by_path, digests
from buildkit.errors import RecipeError, SourceError
from buildkit.fetch import archive_path
from buildkit.fetch_patches import patches_path
from buildkit.files import storage_error
from buildkit.patch_program import apply_patch
from buildkit.pinned_files import is_whole
from buildkit.sources import Archive
from buildkit.unpack import content_digest as archive_digest
from buildkit.unpack import extract, read_stamp, replaced, stamp_of, write_stamp


def provide_trees(
    archives: Iterable[Archive], folder: Path, destination: Path, edits: Iterable[Edit] = ()
) -> None:
    """Make the trees of `archives` from what `fetch` put into `folder`.

    Raises
    ------
    BuildError
        As from `provide_tree`.
    """
    changes = tuple(edits)
    for archive in archives:
        patches = patches_path(archive, folder)
        provide_tree(archive, archive_path(archive, folder), destination, changes, patches=patches)


def provide_tree(
    archive: Archive,
    path: Path,
    destination: Path,
    edits: Iterable[Edit] = (),
    *,
    patches: Path | None = None,
) -> Path:
    """Unpack the archive at `path`, apply its patches and make our edits.

    Nothing is done when the tree is there already. When only edits changed, only the files that
    they change are written again, so that the build repeats no more than it must.

    Parameters
    ----------
    archive : Archive
        What the archive is pinned as; tells what of it is unpacked, and which patches apply.
    path : Path
        The tar archive, with one folder at its top.
    destination : Path
        The folder for the trees; the archive goes to the folder of its name there.
    edits : iterable of Edit
        Edits of any source.
    patches : Path, optional
        The archive with Debian's patches, where any of them is applied.

    Returns
    -------
    Path
        The tree.

    Raises
    ------
    SourceError
        When an archive is damaged or does not have the pinned content.
    RecipeError
        When a patch or an edit does not fit, or the series has a patch that nobody decided on.
    StorageError
        When the tree cannot be written.
    """
    tree = destination / archive.name
    grouped = by_path(edits, archive.name)
    wanted = digests(grouped)
    stamp = stamp_of(tree)
    key = hashlib.sha256(json.dumps(archive.digests).encode()).hexdigest()
    made_from, before = read_stamp(stamp)
    changed = {name for name in {*before, *wanted} if before.get(name) != wanted.get(name)}
    try:
        if tree.is_dir() and made_from == key:
            if changed:
                series = _applied(archive, patches)
                _write_again(path, archive, tree, changed, series, grouped)
        else:
            # The archive's digest is quicker to check; that of its makers has another one.
            whole = is_whole(path, archive.sha256)
            if not whole and archive_digest(path, archive) != archive.content_sha256:
                raise SourceError(
                    f"{path} does not have the pinned content", "delete it and fetch it again"
                )
            series = _applied(archive, patches)
            _check_that_each_counts(archive, series)
            stamp.unlink(missing_ok=True)
            with replaced(tree) as incoming:
                extract(path, archive, incoming)
                _patch(incoming, series, archive.selects)
                _edit(incoming, grouped)
    except OSError as error:
        raise storage_error("unpack to", tree, error) from error
    write_stamp(stamp, key, wanted)
    return tree


def _applied(archive: Archive, path: Path | None) -> tuple[Patch, ...]:
    """Return the patches of `archive` that are applied, from the archive at `path`."""
    pin = archive.patches
    if pin is None or not pin.applied:
        return ()
    if path is None:
        raise SourceError(f"the patches of {archive.name} are missing", "run the stage fetch")
    series = read_series(path)
    # Another revision that has the same patches may have further ones.
    if is_whole(path, pin.sha256):
        check_series(series, archive)
    applied = applied_of(series, pin)
    if content_digest(applied) != pin.content_sha256:
        raise SourceError(
            f"{path} does not have the pinned patches", "delete it and fetch it again"
        )
    return applied


def _check_that_each_counts(archive: Archive, series: Iterable[Patch]) -> None:
    """See to it that the bill of materials names no patch of which nothing is unpacked."""
    for patch in series:
        if not patch.text_for(archive.selects):
            raise RecipeError(
                f"the patch {patch.name} of {archive.name} changes no file that is unpacked",
                "leave it out for this reason",
            )


def _patch(tree: Path, series: Iterable[Patch], chosen: Callable[[str], bool]) -> None:
    """Apply to `tree` what `series` changes in the files whose path is `chosen`."""
    for patch in series:
        if text := patch.text_for(chosen):
            apply_patch(text, tree, name=patch.name)


def _write_again(
    path: Path,
    archive: Archive,
    tree: Path,
    names: set[str],
    series: Sequence[Patch],
    edits: Mapping[str, Sequence[Edit]],
) -> None:
    """Write the files `names` of `tree` anew, as they are with `series` and `edits`."""
    with tempfile.TemporaryDirectory(prefix=".incoming-", dir=tree.parent) as temporary:
        # Beside the tree first: an edit that does not fit must leave the tree as it was.
        incoming = Path(temporary) / tree.name
        incoming.mkdir()
        extract(path, archive, incoming, only=names)
        _patch(incoming, series, lambda name: name in names and archive.selects(name))
        _edit(incoming, {name: group for name, group in edits.items() if name in names})
        for name in sorted(names):
            (incoming / name).replace(tree / name)


def _edit(tree: Path, edits: Mapping[str, Sequence[Edit]]) -> None:
    for name, group in edits.items():
        file = tree / name
        if not file.is_file():
            raise RecipeError(
                f"the edit of {tree.name}/{name} ({group[0].reason}) does not fit: "
                "there is no such file",
                "correct the path",
            )
        # Bytes that are no UTF-8, and line ends, come through unchanged.
        text = file.read_bytes().decode(errors="surrogateescape")
        file.write_bytes(apply(text, group).encode(errors="surrogateescape"))
