"""Run appimage-builder on our recipe, offline and with our own tools.

It would download a runtime and compress with one fixed method. It takes both from us: the runtime
lies where it keeps its downloads, and the program that it calls by the name of mksquashfs passes
our options on.
"""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from pathlib import Path

from buildkit.capture import capture
from buildkit.commands import Command
from buildkit.errors import RecipeError
from buildkit.places import CHECKOUT
from native_build.editions import Edition
from native_build.file_order import write_order
from native_build.pack import image_command
from scripts.layout import NATIVE
from transcriber import __version__

RECIPE = CHECKOUT / "appimage-builder.yml"
REQUIREMENTS = NATIVE / "appimage-requirements.txt"
"""appimage-builder itself and what it imports."""


def run_builder(
    app_dir: Path,
    runtime: Path,
    work: Path,
    edition: Edition,
    *,
    packages: Path,
    mksquashfs: Path,
    recipe: Path = RECIPE,
) -> Path:
    """Have appimage-builder make an AppImage.

    Parameters
    ----------
    app_dir : Path
        From `app_dir.make_app_dir`.
    runtime : Path
        From `appimage_runtime.build_runtime`.
    work : Path
        Where it works; what it held is removed.
    edition : Edition
        Gives the name and the compression.
    packages : Path
        The folder like site-packages that has `REQUIREMENTS`.
    mksquashfs : Path
        From `mksquashfs.build_mksquashfs`.
    recipe : Path
        What it is told.

    Returns
    -------
    Path
        The AppImage in `work`: the runtime, sections still empty, and the image behind it.

    Raises
    ------
    RecipeError
        When it fails, or makes another file than expected.
    """
    shutil.rmtree(work, ignore_errors=True)
    programs, downloads = work / "bin", work / "prime"
    programs.mkdir(parents=True)
    downloads.mkdir()
    shutil.copyfile(runtime, downloads / "runtime-x86_64")
    write_order(app_dir, work / "order")
    _write_mksquashfs(programs / "mksquashfs", mksquashfs, edition, work / "order")
    environment = {
        "PATH": os.pathsep.join([str(programs), os.environ.get("PATH", os.defpath)]),
        "PYTHONPATH": str(packages),
        "PYTHONDONTWRITEBYTECODE": "1",
        "EDITION": edition.name,
        "VERSION": __version__,
    }
    places: Command = ["--recipe", recipe, "--appdir", app_dir, "--build-dir", work]
    # The folder is laid out already, and there is no Docker to test in: our own tests run it.
    skipped = ["--skip-script", "--skip-build", "--skip-tests"]
    capture(
        ["env", "-C", work, sys.executable, "-P", "-m", "appimagebuilder", *places, *skipped],
        environment=environment,
    )
    made = work / edition.appimage
    if not made.is_file():
        raise RecipeError(
            f"appimage-builder made no {edition.appimage}", f"look at file_name in {recipe.name}"
        )
    return made


def _write_mksquashfs(path: Path, mksquashfs: Path, edition: Edition, order: Path) -> None:
    """Write the program that takes the folder and the image of a call, and no option."""
    words = image_command(mksquashfs, "@folder@", "@image@", edition.compression, order=order)
    text = shlex.join(words).replace("@folder@", '"$1"').replace("@image@", '"$2"')
    path.write_text(f"#!/bin/sh\nexec {text}\n")
    path.chmod(0o755)
