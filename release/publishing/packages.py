"""Make every other way to get the program of what ``make appimages`` has built."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from buildkit.commands import say
from buildkit.errors import InputError
from buildkit.files import make_directory
from buildkit.places import CHECKOUT, build_cache
from buildkit.stages import stage
from native_build.editions import CUDA, EDITIONS, ULTRA_LEAN
from native_build.program_parts import pack_tools
from native_build.workshop import prepare_workshop
from release.archives.snap import make_snap, make_snapcraft
from release.archives.tarball import make_tarball
from release.common.artefacts import Artefact, read_artefact
from release.common.description import Description
from release.common.template import web_address
from release.debian.package import make_deb
from release.image.image import make_image
from release.publishing.notes import CHANGELOG
from release.recipes.arch import make_pkgbuild
from release.recipes.flatpak import application_id, make_flatpak
from release.recipes.homebrew import make_formula
from release.recipes.install_script import make_install_script
from release.recipes.nix import make_nix
from release.wheels.program import make_program_wheel
from scripts.layout import DISTRIBUTION
from transcriber.signatures.checking import LIST
from transcriber.signatures.digest_list import read_digests

PROGRAMS = CHECKOUT / "build/native/program"
"""Where the recipe of the native program leaves a folder for each edition."""

RECIPES: tuple[Callable[..., Path], ...] = (
    make_formula,
    make_pkgbuild,
    make_nix,
    make_flatpak,
    make_snapcraft,
)
"""What is only text: each is made of the archive's digest and address."""


def make_packages(output: Path, *, description: Description) -> list[Path]:
    """Make all packages of the smallest edition, an image of each, and the recipes.

    Parameters
    ----------
    output : Path
        The folder for them; what it held is removed.
    description : Description
        What they say. Without an address, there are no recipes, which is told.

    Returns
    -------
    list of Path
        What was made.

    Raises
    ------
    InputError
        When the program has not been built.
    BuildError
        When a package cannot be made.
    """
    if description.address:
        # What would fit no recipe is known before anything is made.
        web_address(description, "")
        application_id(description)
    program = PROGRAMS / ULTRA_LEAN.name
    if not program.is_dir():
        raise InputError(f"there is no {program}", "build it: make appimages")
    shutil.rmtree(output, ignore_errors=True)
    make_directory(output)
    shop = prepare_workshop(CHECKOUT / "build/native", build_cache())
    mksquashfs = pack_tools(shop, shop.work / "appimage-packages").mksquashfs
    for edition in _with_image():
        with stage(f"packages: image, {edition}"):
            make_image(
                PROGRAMS / edition,
                output,
                description=description,
                edition=edition,
                system=shop.tools.sysroot.root,
            )
    with stage("packages: deb"):
        make_deb(program, output, description=description, changelog=CHECKOUT / CHANGELOG)
    with stage("packages: wheel"):
        make_program_wheel(CHECKOUT, output, description=description)
    with stage("packages: snap"):
        make_snap(program, output, description=description, mksquashfs=mksquashfs)
    with stage("packages: archive"):
        tarball = read_artefact(make_tarball(program, output, description=description))
    if description.address:
        with stage("packages: recipes"):
            _make_recipes(tarball, output, description)
    else:
        say("no UPDATE_ADDRESS: no install.sh, and no recipe of Homebrew, Arch, Nix, Flatpak, snap")
    return sorted(path for path in output.iterdir() if path.is_file())


def given_away(distribution: Path, packages: Path) -> list[Path]:
    """Return what a release consists of: what the recipes of both builds made, and all packages.

    Parameters
    ----------
    distribution, packages : Path
        The folders of both. The list of digests in the first names what was built last; what else
        is there may be of an earlier revision.

    Raises
    ------
    InputError
        When there is no such list.
    """
    files = [distribution / name for name in _listed(distribution)]
    return sorted([*files, *(path for path in packages.iterdir() if path.is_file())])


def _listed(distribution: Path) -> list[str]:
    path = distribution / LIST
    try:
        return list(read_digests(path.read_bytes()))
    except (OSError, ValueError) as error:
        raise InputError(f"cannot use {path}: {error}", "build again: make appimages") from error


def _with_image() -> list[str]:
    # The one with the CUDA add-on is only built where somebody names it.
    listed = _listed(DISTRIBUTION)
    return [one.name for one in (ULTRA_LEAN, CUDA) if one.appimage in listed]


def _make_recipes(tarball: Artefact, output: Path, description: Description) -> None:
    for make in RECIPES:
        make(tarball, output, description=description)
    appimages = [read_artefact(DISTRIBUTION / one.appimage) for one in EDITIONS.values()]
    make_install_script(appimages, output, description=description)
