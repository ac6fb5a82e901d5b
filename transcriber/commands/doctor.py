"""The sub-command ``doctor``: what was found on this machine, and whether it suffices."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator
from pathlib import Path

from transcriber.audio.ffmpeg import find_ffmpeg
from transcriber.audio.sandbox_state import in_words
from transcriber.choosing.device import check_requested
from transcriber.doctor.desktop import desktop_findings
from transcriber.doctor.finding import Finding, Value, failed_finding, look_up
from transcriber.doctor.machine import (
    device_findings,
    environment_findings,
    ffmpeg_findings,
    folder_findings,
    gpu_findings,
    memory_findings,
    model_findings,
    package_findings,
    processor_findings,
    program_findings,
    thread_findings,
)
from transcriber.errors import DependencyError, TranscriberError
from transcriber.paths import model_directory
from transcriber.settings import BACKENDS, COMPUTE_TYPES


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``doctor`` to `parser`."""
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument(
        "--model_dir",
        "--model-dir",
        type=Path,
        default=model_directory(),
        metavar="DIR",
        help="folder of the models (%(default)s)",
    )
    parser.add_argument("--ffmpeg", metavar="PATH", help="the ffmpeg to use")
    parser.add_argument(
        "--device", default="auto", help="device to try: auto, cpu, cuda or cuda:N (%(default)s)"
    )
    parser.add_argument(
        "--backend",
        default="auto",
        choices=BACKENDS,
        help="whose PyTorch to try: system tries the best of the other Pythons (%(default)s)",
    )
    parser.add_argument("--python", metavar="PATH", help="the other Python to try")
    parser.add_argument(
        "--compute_type",
        "--compute-type",
        default="auto",
        choices=COMPUTE_TYPES,
        help="what the processor is to compute in (%(default)s)",
    )


def run(arguments: argparse.Namespace) -> int:
    """Print what was found.

    Returns
    -------
    int
        0 when the program can transcribe, the exit code of `DependencyError` when something that
        it needs is missing; the last line then names it.

    Raises
    ------
    UsageError
        When the device is none that exists.
    """
    check_requested(arguments.device)
    report: dict[str, object] = {}
    missing, caveats = list[str](), list[str]()
    for title, findings in _sections(arguments):
        missing += [finding.name for finding in findings if finding.missing]
        caveats += [finding.caveat for finding in findings if finding.caveat]
        if arguments.json:
            report[title] = {finding.name: _json_value(finding) for finding in findings}
        else:
            # Section by section, because trying a GPU may take a while.
            print(_as_text(title, findings), flush=True)
    if arguments.json:
        print(json.dumps({**report, "missing": missing}, indent=1))
    elif missing:
        print("; ".join([f"Cannot transcribe: {', '.join(missing)} missing", *caveats]) + ".")
    else:
        print("; ".join(["Ready to transcribe", *caveats]) + ".")
    return DependencyError.exit_code if missing else 0


def _sections(arguments: argparse.Namespace) -> Iterator[tuple[str, list[Finding]]]:
    sections: dict[str, Callable[[], list[Finding]]] = {
        "program": program_findings,
        "processor": processor_findings,
        "threads": thread_findings,
        "memory": memory_findings,
        "ffmpeg": lambda: ffmpeg_findings(arguments.ffmpeg) + _sandbox(arguments.ffmpeg),
        "packages": package_findings,
        "gpu": gpu_findings,
        "device": lambda: device_findings(arguments.device),
        "engine": lambda: _engine(arguments),
        "pythons": lambda: _pythons(arguments),
        "models": lambda: model_findings(arguments.model_dir),
        "folders": lambda: folder_findings(arguments.model_dir),
        "desktop": desktop_findings,
        "environment": environment_findings,
    }
    for title, find in sections.items():
        try:
            findings = find()
        except Exception as error:
            findings = [failed_finding(title, error)]
        yield title, findings


def _sandbox(configured: str | None) -> list[Finding]:
    try:
        found = find_ffmpeg(configured)
    except TranscriberError:
        # The finding before this one tells why.
        return []
    return [look_up("sandbox", lambda: in_words(found.sandbox))]


def _engine(arguments: argparse.Namespace) -> list[Finding]:
    from transcriber.doctor.engine import engine_findings  # noqa: PLC0415  loads torch

    return engine_findings(arguments.compute_type)


def _pythons(arguments: argparse.Namespace) -> list[Finding]:
    from transcriber.doctor.other_pythons import python_findings  # noqa: PLC0415  brings the engine

    return python_findings(arguments.backend, arguments.device, arguments.python)


def _as_text(title: str, findings: list[Finding]) -> str:
    """Return a section as lines, the names in one column and the values in another."""
    width = max((len(finding.name) for finding in findings), default=0)
    lines = [title.upper() if title == "gpu" else title.capitalize()]
    for finding in findings:
        first, *rest = finding.text.splitlines() or [""]
        lines.append(f"  {finding.name:{width}}  {first}")
        lines += [f"  {'':{width}}  {line}" for line in rest]
    if not findings:
        lines.append("  none")
    return "\n".join(lines) + "\n"


def _json_value(finding: Finding) -> Value:
    return {"unknown": finding.error} if finding.error else finding.value
