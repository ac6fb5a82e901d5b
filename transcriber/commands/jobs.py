"""The sub-command ``jobs``: the queue of a running service, from the command line."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from transcriber.audio.failures import printable
from transcriber.commands.parts import parts_of
from transcriber.commands.serve import KEY_VARIABLE
from transcriber.errors import UsageError
from transcriber.files import atomic_writer
from transcriber.paths import program_data
from transcriber.service.base_words import base_words
from transcriber.service.job_options import given_options
from transcriber.service.own_client import OwnClient, own_service
from transcriber.settings import EVERY_FORMAT
from transcriber.streams import print_whole
from transcriber.times import clock

_CHANGES = {
    "cancel": "give jobs up",
    "pause": "put jobs aside; what is decoded is kept",
    "resume": "go on with jobs that were put aside, given up, or failed",
    "remove": "forget jobs with their recordings and transcripts",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the sub-commands and their options to `parser`."""
    add_part = parts_of(parser, "jobs")

    def command(name: str, description: str) -> argparse.ArgumentParser:
        added = add_part(name, description)
        added.add_argument(
            "--data_dir",
            type=Path,
            default=program_data(),
            metavar="DIR",
            help="folder of the jobs (%(default)s)",
        )
        return added

    listing = command("list", "show all jobs and how far they are")
    listing.add_argument("--json", action="store_true", help="print JSON")
    adding = command("add", "take in recordings; the options of a transcription hold for them")
    adding.add_argument("recordings", nargs="+", type=Path, metavar="RECORDING", help="a file")
    for name, description in _CHANGES.items():
        command(name, description).add_argument(
            "jobs", nargs="+", metavar="ID", help="as list shows it; its beginning will do"
        )
    exporting = command("export", "write the transcript of a job into the current folder")
    exporting.add_argument("job", metavar="ID", help="as list shows it; its beginning will do")
    exporting.add_argument(
        "--format", default="txt", choices=EVERY_FORMAT, help="of the file (%(default)s)"
    )


def run(arguments: argparse.Namespace) -> int:
    """Run the sub-command that `arguments` names.

    Returns
    -------
    int
        The exit code.

    Raises
    ------
    TranscriberError
        When no service runs, or it refuses.
    """
    name = arguments.jobs_command
    if arguments.options and name != "add":
        raise UsageError(f"unrecognized arguments: {' '.join(arguments.options)}")
    service = own_service(arguments.data_dir, os.environ.get(KEY_VARIABLE, ""))
    if name == "add":
        return _add(service, arguments.recordings, arguments.options)
    jobs = service.ask("GET", "/api/jobs")["jobs"]
    if name == "list":
        print_whole(json.dumps(jobs, indent=1) + "\n" if arguments.json else _table(jobs))
    elif name == "export":
        _export(service, _meant(jobs, arguments.job), arguments.format)
    else:
        for job in [_meant(jobs, word) for word in arguments.jobs]:
            path = f"/api/jobs/{job['id']}"
            if name == "remove":
                service.ask("DELETE", path)
            else:
                service.ask("POST", f"{path}/{name}")
    return 0


def _add(service: OwnClient, recordings: Sequence[Path], options: Sequence[str]) -> int:
    # Those about files and this terminal mean nothing here.
    base_words(options)
    fields = {"options": json.dumps(given_options([*options, "--", "recording"]))}
    for recording in recordings:
        (job,) = service.upload("/api/jobs", recording, fields)["jobs"]
        print(job["id"])
    return 0


def _meant(jobs: Sequence[Mapping[str, Any]], word: str) -> Mapping[str, Any]:
    """Return the job whose identifier begins so."""
    found = [job for job in jobs if job["id"].startswith(word)]
    if len(found) != 1:
        many = f"{len(found)} jobs begin" if found else "no job begins"
        raise UsageError(f"{many} with {word!r}", "see transcriber jobs list")
    return found[0]


def _table(jobs: Sequence[Mapping[str, Any]]) -> str:
    """Return a line for each job: identifier, state, how far it is, and its name."""
    rows = [(job["id"], _state(job), _course(job), printable(job["name"])) for job in jobs]
    widths = [max((len(row[column]) for row in rows), default=0) for column in range(3)]
    return "".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row[:3], widths, strict=True))
        + f"  {row[3]}\n"
        for row in rows
    )


def _state(job: Mapping[str, Any]) -> str:
    place = job["place"]
    return job["state"] if place is None else f"number {place + 1}"


def _course(job: Mapping[str, Any]) -> str:
    duration = job["duration"]
    return "" if duration is None else f"{clock(job['position'])} of {clock(duration)}"


def _export(service: OwnClient, job: Mapping[str, Any], file_format: str) -> None:
    if job["state"] != "done":
        raise UsageError(
            f"{job['id']} is {job['state']}, and has no whole transcript yet",
            "wait for it, or export what there is from the page",
        )
    content = service.get(f"/api/jobs/{job['id']}/export?format={file_format}")
    name = Path(job["name"]).stem or "transcript"
    path = Path(f"{name}.{file_format}")
    with atomic_writer(path) as stream:
        stream.write(content)
    print(f"{path}", file=sys.stderr)
