"""What sound this machine can record from, as the tools of its sound system tell it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from transcriber.capture.level import RATE
from transcriber.errors import CaptureError

_PATIENCE = 5.0
"""Seconds for a tool to tell what there is; it takes some milliseconds."""

_LATENCY_MS = 50
"""What a tool may hold back."""

_MONITOR = ".monitor"
"""What PulseAudio puts behind the name of what plays, to name the sound that it plays."""

_ALSA = ("default", "sysdefault", "plughw", "pipewire", "pulse", "jack")
"""ALSA's kinds of devices that convert to what is asked for. It lists many more a card."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """Something to record from.

    Attributes
    ----------
    tool : str
        What records it: ``pw-record``, ``parec`` or ``arecord``.
    name : str
        What the tool, and the user, call it.
    description : str
        The same for people.
    is_system : bool
        Whether it is what the computer plays.
    follows : bool
        Whether that goes on where the computer plays through something else; PipeWire can do it.
    """

    tool: str
    name: str
    description: str
    is_system: bool = False
    follows: bool = False


def sources() -> tuple[Source, ...]:
    """Return what there is, as the first tool has it that finds anything: the defaults first."""
    for tool, (asked, find) in TOOLS.items():
        if shutil.which(tool) and shutil.which(asked) and (found := find()):
            return tuple(found)
    return ()


def find_source(wanted: str) -> Source:
    """Return what the user means.

    Parameters
    ----------
    wanted : str
        ``microphone``, ``system`` (what the computer plays), or a name or description, of which a
        part suffices where it is in one only.

    Raises
    ------
    CaptureError
        When there is no such source, or there are several.
    """
    found = sources()
    if not found:
        tools = [tool for tool in TOOLS if shutil.which(tool)]
        named = "" if wanted in ("microphone", "system") else f"{wanted!r} is no file, and "
        raise CaptureError(
            f"{named}there is nothing to record from",
            f"plug in a microphone, or see why {' and '.join(tools)} cannot reach a sound server"
            if tools
            else "install pipewire-bin, pulseaudio-utils or alsa-utils",
        )
    if wanted in ("microphone", "system"):
        is_system = wanted == "system"
        of_kind = [source for source in found if source.is_system == is_system]
        matching = [replace(source, follows=is_system) for source in of_kind[:1]]
    else:
        matching = _named(found, wanted)
    if len(matching) == 1:
        return matching[0]
    if wanted == "system" and found[0].tool == "arecord":
        raise CaptureError(
            "arecord cannot record what the computer plays",
            "install pipewire-bin or pulseaudio-utils",
        )
    names = ", ".join(f"{one.name!r} ({one.description})" for one in matching or found)
    problem = "more than one source is" if matching else "there is no"
    raise CaptureError(f"{problem} {wanted!r}", f"choose microphone, system or one of {names}")


def _named(found: Sequence[Source], wanted: str) -> list[Source]:
    part = wanted.casefold()
    tests: list[Callable[[Source], bool]] = [
        lambda source: source.name == wanted,
        lambda source: source.description == wanted,
        lambda source: part in f"{source.name}\n{source.description}".casefold(),
    ]
    return next((hits for test in tests if (hits := list(filter(test, found)))), [])


def record_command(source: Source) -> list[str]:
    """Return the command that writes the sound of `source` to its standard output, raw."""
    rate = str(RATE)
    if source.tool == "arecord":
        # It loses the last period when it is ended.
        period = f"--period-time={_LATENCY_MS * 1000}"
        shape = ("-t", "raw", "-f", "S16_LE", "-r", rate, "-c", "1")
        return ["arecord", "-q", *shape, period, "-D", source.name]
    if source.tool == "parec":
        return [
            *("parec", "--raw", "--format=s16le", f"--rate={rate}", "--channels=1"),
            *("--client-name=Transcriber", f"--latency-msec={_LATENCY_MS}"),
            f"--device={source.name}",
        ]
    # Version 1.0 writes no header there and knows no --raw; later ones write one without it.
    raw = ["--raw"] if "--raw" in _said("pw-record", "--help") else []
    about = "application.name = Transcriber"
    if source.is_system:
        about += " stream.capture.sink = true"
    else:
        # One that is unplugged is not to become another, which may be what the computer plays.
        about += " node.dont-reconnect = true"
    name = source.name.removesuffix(_MONITOR) if source.is_system else source.name
    target = [] if source.follows else ["--target", name]
    return [
        *("pw-record", *raw, "--format=s16", f"--rate={rate}", "--channels=1"),
        *("--latency", f"{_LATENCY_MS}ms", *target, "-P", f"{{ {about} }}", "-"),
    ]


def parse_pipewire(dump: str) -> list[Source]:
    """Return the sources of what ``pw-dump`` prints, the defaults first.

    Examples
    --------
    >>> parse_pipewire("[]")
    []
    """
    found: list[Source] = []
    defaults: set[str] = set()
    for thing in _objects(dump):
        for entry in thing.get("metadata") or ():
            if str(entry.get("key")).startswith("default.audio.s") and entry.get("value"):
                defaults.add(entry["value"].get("name", ""))
        about = (thing.get("info") or {}).get("props") or {}
        kind, name = str(about.get("media.class")), str(about.get("node.name"))
        if kind.startswith(("Audio/Source", "Audio/Duplex", "Audio/Sink")):
            is_system = kind == "Audio/Sink"
            text = str(about.get("node.description") or about.get("node.nick") or name)
            source = Source(
                tool="pw-record",
                name=name + _MONITOR * is_system,
                description=f"Monitor of {text}" if is_system else text,
                is_system=is_system,
            )
            found.append(source)
    return sorted(found, key=lambda one: one.name.removesuffix(_MONITOR) not in defaults)


def _objects(dump: str) -> list[dict[str, Any]]:
    try:
        things = json.loads(dump or "[]")
    except ValueError:
        return []
    return [thing for thing in things if isinstance(thing, dict)]


def parse_pulseaudio(listing: str, about: str) -> list[Source]:
    r"""Return the sources of what ``pactl list sources`` and ``pactl info`` print in English.

    Examples
    --------
    >>> parse_pulseaudio("Source #0\n\tName: a\n\tDescription: B\n", "")[0].description
    'B'
    """
    defaults = re.findall(r"(?m)^Default (?:Source|Sink): (.*)$", about)
    found = []
    for part in re.split(r"(?m)^Source #", listing)[1:]:
        fields: dict[str, str] = dict(
            re.findall(r"(?m)^\t(Name|Description|Monitor of Sink): (.*)$", part)
        )
        name = fields.get("Name", "")
        source = Source(
            tool="parec",
            name=name,
            description=fields.get("Description", name),
            is_system=fields.get("Monitor of Sink", "n/a") != "n/a",
        )
        found.append(source)
    return sorted(found, key=lambda one: one.name.removesuffix(_MONITOR) not in defaults)


def parse_alsa(listing: str) -> list[Source]:
    r"""Return the sources of what ``arecord -L`` prints.

    Examples
    --------
    >>> parse_alsa("null\n    Nothing\ndefault\n    The card\n    Its input\n")[0].description
    'The card, Its input'
    """
    found = []
    for name, text in re.findall(r"(?m)^(\S.*)\n((?:[ \t]+.*\n?)*)", listing):
        if name.split(":")[0] in _ALSA:
            description = ", ".join(line.strip() for line in text.splitlines()) or name
            found.append(Source(tool="arecord", name=name, description=description))
    return sorted(found, key=lambda one: one.name != "default")


def _said(*command: str) -> str:
    """Return what a tool prints, in English: nothing where it fails."""
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "LC_ALL": "C"},
            timeout=_PATIENCE,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return "" if done.returncode else done.stdout.decode(errors="replace")


TOOLS: dict[str, tuple[str, Callable[[], list[Source]]]] = {
    "pw-record": ("pw-dump", lambda: parse_pipewire(_said("pw-dump"))),
    "parec": (
        "pactl",
        lambda: parse_pulseaudio(_said("pactl", "list", "sources"), _said("pactl", "info")),
    ),
    "arecord": ("arecord", lambda: parse_alsa(_said("arecord", "-L"))),
}
"""What records, with what tells of what there is: the best first."""
