"""Build the native program and its AppImages: all stages, one after the other."""

from __future__ import annotations

import shutil
import sysconfig
from collections.abc import Sequence
from importlib.metadata import Distribution, distribution, distributions
from pathlib import Path

from buildkit.archive import read_folder
from buildkit.commands import say
from buildkit.places import CHECKOUT
from buildkit.sources import read_sources
from buildkit.stages import stage
from native_build.addon_parts import install_addon, read_parts
from native_build.advisories import read_advisories
from native_build.answers import answer_all
from native_build.appimage_builder import REQUIREMENTS
from native_build.appimages import Publishing, make_appimage, write_all_digests
from native_build.authorities import pack_authorities
from native_build.build_facts import gather_facts
from native_build.build_packages import install_packages
from native_build.contents import BILL, TextFolders, detector_source, write_contents
from native_build.editions import Edition
from native_build.module_list import FILES, MODULES, own_modules, read_list, with_parents
from native_build.page_pack import pack_page
from native_build.program_packages import gather_packages
from native_build.program_parts import (
    ffmpeg_part,
    frozen_part,
    numpy_part,
    pack_tools,
    python_part,
)
from native_build.prune import prune, write_report
from native_build.terminal_files import write_terminal_files
from native_build.vex import ENDING, make_vex
from native_build.wheel_vex import vex_path, wheel_vex
from native_build.workshop import Workshop
from scripts.pins import read_pins
from torch_build.recipe import SOURCES as TORCH_SOURCES
from transcriber.commands.terminal_files import FOLDER as TERMINAL
from transcriber.download.certificates import BUNDLED
from transcriber.other_pythons.worker_sources import BUNDLE as SOURCES
from transcriber.other_pythons.worker_sources import write_bundle

PROGRAM = CHECKOUT / "transcriber"
PROGRAM_REQUIREMENTS = CHECKOUT / "requirements/program.txt"

ADDON = CHECKOUT / "build/torch-cuda/addon"
"""Where PyTorch's recipe leaves the CUDA add-on."""

_OF_TOOLS = frozenset({"Nuitka", "certifi"})
"""What the build runs and of which something gets into the program."""


def build_program(shop: Workshop, torch: Path, edition: Edition) -> Path:
    """Build the native program.

    Parameters
    ----------
    shop : Workshop
        What it is built with.
    torch : Path
        The wheel of the stripped PyTorch.
    edition : Edition
        Which one.

    Returns
    -------
    Path
        The folder of the program, ready to be run or packed.

    Raises
    ------
    BuildError
        When a stage fails.
    """
    # What is only needed at the end is looked at now.
    addon = read_parts(ADDON) if edition.addon else None
    with stage("native: python"):
        python = python_part(shop)
    with stage("native: numpy"):
        numpy = numpy_part(shop)
    with stage(f"native: ffmpeg, {edition.selection}"):
        decoder = ffmpeg_part(shop, edition.selection)
    with stage("native: freeze"):
        site = gather_packages(
            PROGRAM_REQUIREMENTS,
            Path(sysconfig.get_paths()["purelib"]),
            torch,
            numpy,
            shop.work / "packages",
            strip=shop.tools.strip,
        )
        frozen = frozen_part(shop, PROGRAM, site, torch, PROGRAM_REQUIREMENTS)
    place = shop.work / "program" / edition.name
    program = place.with_name(f"{edition.name}.new")
    modules = with_parents([*read_list(MODULES), *own_modules(PROGRAM)])
    with stage("native: prune"):
        decisions = prune(frozen, program, modules=modules, files=read_list(FILES))
        write_report(place.with_suffix(".prune.json"), decisions)
        pack_page(program / "transcriber/page")
        shutil.copy(decoder / "ffmpeg", program / "ffmpeg")
        authorities = (shop.packages / "certifi/cacert.pem").read_text(encoding="utf-8")
        (program / BUNDLED).write_bytes(pack_authorities(authorities))
        if addon:
            install_addon(addon, torch, program)
        write_bundle(program / SOURCES, {"transcriber": PROGRAM, "whisper": site / "whisper"})
        write_terminal_files(program / TERMINAL)
        components = write_contents(
            program,
            archives=[*shop.sources.archives, detector_source(read_pins().detector.package)],
            torch_sources=read_sources(TORCH_SOURCES).all,
            packages=site,
            # Its scripts are a part of what it makes.
            others=[*_of_tools(shop.packages), distribution("shtab")],
            texts=TextFolders(trees=shop.trees, sysroot=shop.tools.sysroot.root),
            addon=addon,
        )
        facts = gather_facts(
            components,
            modules=modules,
            edits=shop.edits,
            python=python,
            decoder=decoder,
            nm=shop.tools.nm,
        )
        # Beside the program and not in it: answers change after it was given away.
        answers = answer_all(read_advisories(), facts)
        vex = make_vex(answers, (program / BILL).read_bytes())
        place.with_suffix(ENDING).write_bytes(vex)
        vex_path(torch, place.parent).write_bytes(wheel_vex(answers, torch))
        put_in_place(program, place)
    size = sum(path.stat().st_size for path in place.rglob("*") if path.is_file())
    say(f"native: {place.relative_to(shop.work)} has {size:,} bytes")
    return place


def put_in_place(new: Path, place: Path) -> None:
    """Put the folder `new` at `place`, unless the same is there: it may be in use."""
    if place.is_dir() and read_folder(new) == read_folder(place):
        shutil.rmtree(new)
        return
    shutil.rmtree(place, ignore_errors=True)
    new.rename(place)


def build_appimages(
    shop: Workshop,
    torch: Path,
    editions: Sequence[Edition],
    output: Path,
    *,
    publishing: Publishing,
) -> list[Path]:
    """Build the AppImages of `editions` and what is given away with them.

    Parameters
    ----------
    shop : Workshop
        What they are built with.
    torch : Path
        The wheel of the stripped PyTorch.
    editions : sequence of Edition
        Which ones.
    output : Path
        The folder for them.

    Returns
    -------
    list of Path
        The AppImages.

    Raises
    ------
    BuildError
        When a stage fails.
    """
    programs = [build_program(shop, torch, edition) for edition in editions]
    with stage("native: AppImage tools"):
        tools = pack_tools(
            shop,
            install_packages(shop.work / "appimage-packages", requirements=REQUIREMENTS),
        )
    made = []
    for edition, program in zip(editions, programs, strict=True):
        with stage(f"native: pack, {edition.name}"):
            work = shop.work / "appimage" / edition.name
            made.append(
                make_appimage(program, edition, output, work, tools=tools, publishing=publishing)
            )
        say(f"native: {made[-1].name} has {made[-1].stat().st_size:,} bytes")
    shutil.copyfile(vex_path(torch, programs[0].parent), vex_path(torch, output))
    write_all_digests(made, output, publishing=publishing)
    return made


def _of_tools(packages: Path) -> list[Distribution]:
    return [one for one in distributions(path=[str(packages)]) if one.name in _OF_TOOLS]
