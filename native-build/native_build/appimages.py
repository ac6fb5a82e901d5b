"""Stage appimages: all that is given away of an edition, in one folder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from buildkit.files import atomic_writer, make_directory
from buildkit.places import build_cache
from native_build.app_dir import make_app_dir
from native_build.appimage_builder import run_builder
from native_build.contents import BILL
from native_build.editions import Edition
from native_build.minisign import provide_minisign, sign_file
from native_build.pack import join, write_digests
from native_build.signature import sign_text
from native_build.vex import ENDING as VEX_ENDING
from native_build.wheel_vex import vex_path
from native_build.zsync_file import write_zsync
from transcriber.signatures.checking import ENDING, LIST


@dataclass(frozen=True, kw_only=True)
class Publishing:
    """What only those know who publish; empty for everybody else.

    Attributes
    ----------
    update_address : str
        The web folder where newer versions will be.
    sign_key : str
        The key that GnuPG signs with.
    minisign_key : str
        The file of the key that minisign signs with.
    """

    update_address: str = ""
    sign_key: str = ""
    minisign_key: str = ""


@dataclass(frozen=True, kw_only=True)
class PackTools:
    """What AppImages are made with.

    Attributes
    ----------
    runtime, mksquashfs : Path
        From `build_runtime` and `build_mksquashfs`.
    packages : Path
        The folder like site-packages with appimage-builder.
    """

    runtime: Path
    mksquashfs: Path
    packages: Path


def make_appimage(
    program: Path,
    edition: Edition,
    output: Path,
    work: Path,
    *,
    tools: PackTools,
    publishing: Publishing,
) -> Path:
    """Make the AppImage of a program, its zsync file, its bill of materials and its VEX.

    Parameters
    ----------
    program : Path
        The folder of the native program; beside it lies the VEX.
    edition : Edition
        Which one it is.
    output : Path
        The folder for the four files.
    work : Path
        Folder for everything in between.

    Returns
    -------
    Path
        The AppImage.

    Raises
    ------
    BuildError
        When a tool fails or a file cannot be written.
    """
    make_directory(output)
    make_directory(work)
    appimage = output / edition.appimage
    app_dir = make_app_dir(program, work / "AppDir")
    built = run_builder(
        app_dir,
        tools.runtime,
        work / "builder",
        edition,
        packages=tools.packages,
        mksquashfs=tools.mksquashfs,
    )
    zsync = appimage.with_name(f"{appimage.name}.zsync")
    address = publishing.update_address.rstrip("/")
    join(
        tools.runtime,
        built,
        appimage,
        update_information=f"zsync|{address}/{zsync.name}" if address else "",
        sign_key=publishing.sign_key,
    )
    write_zsync(appimage, zsync)
    texts = {".cdx.json": program / BILL, VEX_ENDING: program.with_suffix(VEX_ENDING)}
    for ending, text in texts.items():
        with atomic_writer(appimage.with_suffix(ending)) as copy:
            copy.write(text.read_bytes())
    return appimage


def write_all_digests(appimages: Sequence[Path], output: Path, *, publishing: Publishing) -> Path:
    """Write the digests of what is given away, and sign them with the keys.

    Parameters
    ----------
    appimages : sequence of Path
        What `make_appimage` returned. Others in `output` may be of an earlier revision.
    output : Path
        The folder that they are in, beside the wheel.
    """
    files = [*appimages, *(path.with_name(f"{path.name}.zsync") for path in appimages)]
    files += [path.with_suffix(name) for path in appimages for name in (".cdx.json", VEX_ENDING)]
    for wheel in output.glob("*.whl"):
        # A wheel that was built alone has no answers beside it.
        files += [path for path in (wheel, vex_path(wheel, output)) if path.is_file()]
    # The CUDA add-on, where it was packed.
    files += output.glob("*.so.xz")
    digests = output / LIST
    write_digests(files, digests)
    sign_digests(digests, publishing)
    return digests


def sign_digests(digests: Path, publishing: Publishing) -> None:
    """Write the signatures of a list of digests beside it; those of keys not given are removed.

    Raises
    ------
    BuildError
        When a key cannot sign.
    """
    signature, minisignature = (digests.with_name(digests.name + end) for end in (".asc", ENDING))
    for path in (signature, minisignature):
        path.unlink(missing_ok=True)
    if publishing.sign_key:
        with atomic_writer(signature) as copy:
            copy.write(sign_text(digests.read_bytes(), publishing.sign_key))
    if publishing.minisign_key:
        signed = sign_file(digests, Path(publishing.minisign_key), provide_minisign(build_cache()))
        with atomic_writer(minisignature) as copy:
            copy.write(signed)
