"""Stage ffmpeg: a program that turns recordings into samples, and does nothing else."""

from __future__ import annotations

import re
import shutil
import tomllib
from collections.abc import Mapping
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from buildkit.capture import capture
from buildkit.compiler_wrapper import HARDENED, NAME
from buildkit.errors import RecipeError
from buildkit.toolchain import Toolchain
from native_build.libraries import make, run_in
from transcriber.audio import command
from transcriber.audio.command import DEMUXERS

SELECTIONS = Path(__file__).resolve().parent.parent / "ffmpeg.toml"
WHITELIST = Path(command.__file__)
"""The file with the demuxers that the program allows."""

OBJECTS = "objects.txt"
"""List of the files that the program is linked of, beside it: what is not there is not in it."""

CONFIGURED = "configured.txt"
"""List of the parts that it was configured with, in the recipe's own words: COOK_DECODER."""

_ENABLED = re.compile(r"(?m)^#define CONFIG_(\w+) 1$")

_SOUND_SECTIONS = ("audio codecs", "PCM codecs", "DPCM codecs", "ADPCM codecs")
"""Headings of ffmpeg's own list of codecs below which decoders of sound stand."""

_LISTED_DECODER = re.compile(r"(?m)^extern const FFCodec ff_(\w+)_decoder;")

_DEMUXER = re.compile(r'FFInputFormat ff_(\w+)_demuxer = \{\s*\.p\.name\s*= "(\w+)",')
"""How ffmpeg's source defines a demuxer."""


def build_ffmpeg(
    tree: Path,
    work: Path,
    selection: str,
    *,
    tools: Toolchain,
    environment: Mapping[str, str],
) -> Path:
    """Compile ffmpeg.

    Parameters
    ----------
    tree : Path
        ffmpeg's unpacked source.
    work : Path
        Folder for what is compiled; what it held is removed.
    selection : str
        ``slim`` or ``wide``.
    tools : Toolchain
        For strip.
    environment : mapping of str to str
        From `wrap_compiler`.

    Returns
    -------
    Path
        A folder with the program ``ffmpeg``, and the lists `OBJECTS` and `CONFIGURED`.

    Raises
    ------
    RecipeError
        When its recipe fails, or the selection names what ffmpeg does not have.
    """
    objects, output = work / "objects", work / "program"
    shutil.rmtree(work, ignore_errors=True)
    for folder in (objects, output):
        folder.mkdir(parents=True)
    # The same path from every folder: ffmpeg tells how it was configured.
    (objects / "source").symlink_to(tree)
    options = ["--disable-everything", "--disable-autodetect", "--disable-network"]
    options += ["--disable-doc", "--disable-debug", "--disable-ffplay", "--disable-ffprobe"]
    options += ["--disable-avdevice", "--disable-swscale", "--enable-small", "--disable-stripping"]
    # Its recipe would look for another `nm` and `strip` beside a compiler called clang.
    options += [f"--cc={NAME}", "--x86asmexe=nasm", f"--extra-cflags={' '.join(HARDENED)}"]
    # In parts of the file: the configuration that it prints is the same on every machine.
    options += ["--extra-version=transcriber"]
    for kind, names in components(tree, selection).items():
        options += [f"--enable-{kind}={','.join(names)}"]
    run_in(objects, environment, "source/configure", *options)
    # Of two such options the last one counts.
    with (objects / "ffbuild/config.mak").open("a") as settings:
        settings.write(f"{' '.join(fast_objects(tree))}: CFLAGS += -O2\n")
    make(objects, environment, "ffmpeg")
    strip = (tools.strip, "--strip-all", "-o", output / "ffmpeg", objects / "ffmpeg")
    capture(strip, environment=tools.environment)
    write_lists(objects, output)
    return output


def write_lists(objects: Path, output: Path) -> None:
    """Write `OBJECTS` and `CONFIGURED`, on which answers to advisories rest.

    Parameters
    ----------
    objects : Path
        The folder that ffmpeg was compiled in.
    output : Path
        The folder for the lists.
    """
    made = sorted(path.relative_to(objects).as_posix() for path in objects.rglob("*.o"))
    headers = (objects / "config.h", objects / "config_components.h")
    enabled = sorted(name for path in headers for name in _ENABLED.findall(path.read_text()))
    (output / OBJECTS).write_text("".join(f"{name}\n" for name in made))
    (output / CONFIGURED).write_text("".join(f"{name}\n" for name in enabled))


def components(tree: Path, selection: str, selections: Path = SELECTIONS) -> dict[str, list[str]]:
    """Return what is enabled: ffmpeg's kinds of components, and names of each.

    Raises
    ------
    RecipeError
        When the selection names what ffmpeg does not have.
    """
    table: dict[str, Any] = tomllib.loads(selections.read_text())
    if selection not in table:
        raise RecipeError(f"{selections.name} has no selection {selection}", "name another")
    have = demuxers(tree)
    allowed = [name for name in DEMUXERS if name in have]
    chosen = table[selection]
    formats = _matching(chosen["demuxers"], allowed, selections)
    return {
        "demuxer": [have[name] for name in formats],
        "decoder": _matching(chosen["decoders"], sound_decoders(tree), selections),
        **{kind.removesuffix("s"): names for kind, names in table["common"].items()},
    }


def fast_objects(tree: Path, selections: Path = SELECTIONS) -> list[str]:
    """Return the objects that are compiled for speed, as ffmpeg's recipe names them.

    Raises
    ------
    RecipeError
        When ffmpeg has no such file.
    """
    files: list[str] = tomllib.loads(selections.read_text())["fast"]["files"]
    for name in files:
        if not (tree / f"{name}.c").is_file():
            raise RecipeError(f"ffmpeg has no file {name}.c", f"correct {selections.name}")
    return [f"{name}.o" for name in files]


def sound_decoders(tree: Path) -> list[str]:
    """Return ffmpeg's own decoders of sound, in the order of its list."""
    text = (tree / "libavcodec/allcodecs.c").read_text()
    sections = re.split(r"(?m)^/\* (.*?) \*/$", text)
    found = []
    # What comes before the first heading are pictures.
    for heading, body in zip(["", *sections[1::2]], sections[::2], strict=True):
        for name in _LISTED_DECODER.findall(body):
            kind = _kind(tree, name)
            # A few stand in the wrong part of the list.
            if kind == "AUDIO" or (kind is None and heading in _SOUND_SECTIONS):
                found.append(name)
    # Those of other libraries, and for processors without floating point.
    others = ("_at", "_mediacodec", "_fixed")
    return [name for name in found if not name.startswith("lib") and not name.endswith(others)]


def _kind(tree: Path, name: str) -> str | None:
    """Return what a decoder decodes, where the file that is named after it says so."""
    path = tree / f"libavcodec/{name}dec.c"
    text = path.read_text(errors="replace") if path.is_file() else ""
    defined = text.partition(f"const FFCodec ff_{name}_decoder = {{")[2].partition("};")[0]
    found = re.search(r"AVMEDIA_TYPE_(\w+)", defined)
    return found[1] if found else None


def _matching(patterns: list[str], names: list[str], selections: Path) -> list[str]:
    chosen = [name for name in names if any(fnmatch(name, pattern) for pattern in patterns)]
    lost = [one for one in patterns if not any(fnmatch(name, one) for name in names)]
    if lost:
        raise RecipeError(
            f"ffmpeg has no {', '.join(lost)}, or the program does not allow it",
            f"correct {selections.name}",
        )
    return chosen


def demuxers(tree: Path) -> dict[str, str]:
    """Return the demuxers' names in ffmpeg's recipe by those that the program uses.

    They differ for a few: what the recipe calls ``mpegps`` has the name ``mpeg``.
    """
    listed = capture(["env", "-C", tree, "./configure", "--list-demuxers"]).split()
    found = {name: name for name in listed}
    for path in sorted((tree / "libavformat").glob("*.c")):
        found |= {
            shown: component
            for component, shown in _DEMUXER.findall(path.read_text(errors="replace"))
            if component in listed
        }
    return found
