"""What a run of the benchmarks found, as data: for the judge, the page, the history and for tools.

A figure's name is a path whose first part is its kind, such as ``size/ultra-lean AppImage/torch``
or ``speed/medium/greedy/all threads/native``. Budgets, tables and plots find figures by it:

``size/ARTEFACT`` and ``size/ARTEFACT/COMPONENT``
    Bytes.
``count/ARTEFACT/WHAT`` and ``count/--version/WHAT``
    Files, shared libraries, relocations; instructions, modules.
``start/ACTION/SUBJECT``
    Time of an action such as ``--version`` by that of the reference in the same round.
``memory/ACTION/SUBJECT``
    Peak resident memory, likewise.
``read/ACTION/SUBJECT``
    MiB read from the disk.
``faults/LENGTH/DECODING/THREADS``
    Page faults, as series.
``energy/LENGTH/DECODING/THREADS/SUBJECT``
    Energy that the machine used, likewise.
``speed/LENGTH/DECODING/THREADS/SUBJECT``
    Time of a whole run, likewise. THREADS may say, too, beside how many busy processes. LENGTH is
    ``many`` for many short recordings in one call.
``part/PART/THREADS/SUBJECT``
    Time of the encoder, of a decoder step, of the log-mel spectrogram, of loading; likewise.
``accuracy/SPEECH/DECODING/LANGUAGE WER`` (or ``CER``)
    Wrong words (characters) by those that were said.
``errors/LENGTH/DECODING/THREADS/SUBJECT``
    The word error rate of what was written in a measurement of speed.
``accuracy/SPEECH/DECODING/differing files``
    Output files that are not those of the reference, when ours computes in float32.
``accuracy/SPEECH/DECODING/against float32/LANGUAGE WER above it``, ``pooled errors above it``
    How much higher the error rate is than when ours computes in float32.
``accuracy/SPEECH/DECODING/against float32/differing tokens``, ``recordings that lost a sentence``
    A share, and a number, by what float32 writes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from buildkit.errors import InputError
from buildkit.files import atomic_writer


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A number that a budget can hold; less is better, whatever it is.

    Attributes
    ----------
    name : str
        Its path; see the module.
    unit : str
        ``bytes``, ``ratio``, ``errors`` (a fraction), ``MiB``, or empty for a count.
    low, high : float or None
        The ends of its confidence interval; None for what has no spread, such as bytes.
    rounds : int
        How many samples it is the median of.
    """

    name: str
    value: float
    unit: str = ""
    low: float | None = None
    high: float | None = None
    rounds: int = 1


@dataclass(frozen=True, kw_only=True)
class Series:
    """What one subject took in the rounds of one measurement.

    Attributes
    ----------
    measurement, subject : str
        A path without the subject, such as ``speed/medium/greedy/all threads``; and ``native``.
    unit : str
        ``s``, ``MiB``, or empty for counts.
    samples : tuple of float
        One for each round, the warming one left out.
    audio_seconds : float
        Length of the recording; 0 where there is none.
    """

    measurement: str
    subject: str
    unit: str
    samples: tuple[float, ...]
    audio_seconds: float = 0.0


@dataclass(frozen=True, kw_only=True)
class ArtefactSizes:
    """Where the bytes of an artefact are.

    Attributes
    ----------
    bytes : int
        Of the artefact as it is given away; of a folder, the sum of its files.
    components, files : mapping of str to int
        Bytes of each component, and of each file in it; each time they are all bytes together,
        compressed where the artefact is.
    sections, objects, symbols : mapping of str to int
        Bytes of each section as ``FILE: SECTION``, as they are loaded; those that each object file
        brought, as ``FILE: OBJECT``; those of the largest functions and variables.
    """

    bytes: int
    components: Mapping[str, int]
    files: Mapping[str, int]
    sections: Mapping[str, int]
    objects: Mapping[str, int]
    symbols: Mapping[str, int]


@dataclass(frozen=True, kw_only=True)
class Results:
    """All that one run found.

    Attributes
    ----------
    revision, date : str
        The commit and its date (ISO 8601). The revision ends with ``+`` when the checkout had
        changes that are in no commit.
    machine : mapping of str to str
        What it ran on: ``processor``, ``cores``, ``memory``, ``kernel``; and of which ``speech``.
    figures, series : tuple
        What budgets can hold, and the single rounds that ratios were made of.
    sizes : mapping of str to ArtefactSizes
        By the artefact's name.
    unmeasured : mapping of str to str
        Of the beginning of the names that are missing to why they are.
    """

    revision: str
    date: str
    machine: Mapping[str, str]
    figures: tuple[Figure, ...] = ()
    series: tuple[Series, ...] = ()
    sizes: Mapping[str, ArtefactSizes]
    unmeasured: Mapping[str, str]

    def figure(self, name: str) -> Figure | None:
        """Return the figure of that name, None where it was not measured."""
        return next((figure for figure in self.figures if figure.name == name), None)


def write_results(results: Results, path: Path) -> None:
    """Write `results` as JSON; a `StorageError` says why they cannot be written."""
    text = json.dumps(asdict(results), indent=1, ensure_ascii=False)
    with atomic_writer(path) as stream:
        stream.write(f"{text}\n".encode())


def read_results(path: Path) -> Results:
    """Read what `write_results` wrote; an `InputError` says why it is missing or no such file."""
    try:
        content: dict[str, Any] = json.loads(path.read_bytes())
        series = [{**item, "samples": tuple(item["samples"])} for item in content["series"]]
        return Results(
            **{name: content[name] for name in ("revision", "date", "machine", "unmeasured")},
            figures=tuple(Figure(**item) for item in content["figures"]),
            series=tuple(Series(**item) for item in series),
            sizes={name: ArtefactSizes(**item) for name, item in content["sizes"].items()},
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path} holds no results: {error}", "run make bench-quick") from error
