"""The program as a snap, and the recipe by which snapcraft makes the same."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from buildkit.commands import last_line, run_quietly
from buildkit.errors import ToolError
from buildkit.files import atomic_writer, make_directory
from buildkit.places import CHECKOUT
from native_build.app_dir import DESKTOP, NAME
from release.common.artefacts import Artefact
from release.common.description import Description
from release.common.program_tree import lay_out, set_modes
from release.common.template import fill, quoted, web_address, write_text

_AS_SNAP_PACK = ("-noappend", "-comp", "xz", "-no-fragments", "-all-root", "-no-xattrs")
"""The store unpacks a snap, packs it with these options, and refuses it where other bytes come out.

So there are no blocks of 1 MiB and no filter for x86 code, which left 10.4 MB instead of 11.9.
"""

_TIMELESS = ("-all-time", "0", "-mkfs-time", "0", "-quiet", "-no-progress")


def make_snap(program: Path, output: Path, *, description: Description, mksquashfs: Path) -> Path:
    """Make the snap of the program.

    Parameters
    ----------
    program : Path
        The folder of the native program.
    output : Path
        The folder for the snap.
    description : Description
        What it says of itself.
    mksquashfs : Path
        The program that packs it; another version can give other bytes.

    Returns
    -------
    Path
        The snap.

    Raises
    ------
    ToolError
        When mksquashfs fails.
    StorageError
        When the snap cannot be written.
    """
    snap = output / f"{description.name}_{description.version}_amd64.snap"
    make_directory(output)
    with tempfile.TemporaryDirectory(prefix="snap-") as temporary:
        tree = lay_out(program, Path(temporary, "tree"))
        shutil.copyfile(CHECKOUT / "LICENSE", tree / "LICENSE")
        _write_meta(tree, description)
        set_modes(tree)
        image = Path(temporary, "image")
        # mksquashfs refuses to be told the time twice.
        clean = ("env", "-u", "SOURCE_DATE_EPOCH")
        code, said = run_quietly([*clean, mksquashfs, tree, image, *_AS_SNAP_PACK, *_TIMELESS])
        if code:
            raise ToolError(f"mksquashfs cannot make {snap.name}: {last_line(said)}")
        with image.open("rb") as stream, atomic_writer(snap) as copy:
            shutil.copyfileobj(stream, copy, 1 << 20)
    snap.chmod(0o644)
    return snap


def make_snapcraft(tarball: Artefact, output: Path, *, description: Description) -> Path:
    """Write ``snapcraft.yaml``, for those who build their snaps with snapcraft.

    Raises
    ------
    UsageError
        When the description has no address.
    StorageError
        When it cannot be written.
    """
    values = {
        **_values(description),
        "apps": _apps(f"    desktop: share/applications/{NAME}.desktop\n"),
        "source": quoted(web_address(description, tarball.name)),
        "sha256": tarball.sha256,
    }
    return write_text(output / "snapcraft.yaml", fill("snapcraft.yaml", values))


def _write_meta(tree: Path, description: Description) -> None:
    """Write what snapd reads: what the snap is, and its desktop entry."""
    text = fill("snap.yaml", {**_values(description), "apps": _apps("")})
    write_text(tree / "meta/snap.yaml", text)
    gui = tree / "meta/gui"
    gui.mkdir()
    shutil.copyfile(DESKTOP / f"{NAME}.svg", gui / "icon.svg")
    entry = (DESKTOP / f"{NAME}.desktop").read_text(encoding="utf-8")
    # snapd drops an entry that starts anything but a command of the snap's.
    entry = entry.replace("Exec=transcriber ", f"Exec={description.name}.transcriber ")
    entry = entry.replace(f"Icon={NAME}\n", "Icon=${SNAP}/meta/gui/icon.svg\n")
    write_text(gui / f"{NAME}.desktop", entry)


def _values(description: Description) -> dict[str, str]:
    return {
        "name": description.name,
        "title": quoted(description.title),
        "version": quoted(description.version),
        "summary": quoted(description.summary),
        "description": quoted("\n\n".join(description.paragraphs)),
        "licence": quoted(description.licence),
    }


def _apps(desktop: str) -> str:
    return fill("snap-apps.yaml", {"desktop": desktop}).rstrip("\n")
