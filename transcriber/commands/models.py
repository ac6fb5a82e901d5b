"""The sub-command ``models``: list, fetch, verify, import, remove and path."""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
from pathlib import Path

from transcriber.commands.parts import add_sources, parts_of
from transcriber.download.progress import LineReport, megabytes
from transcriber.download.sources import (
    MIRROR_VARIABLE,
    chosen_mirrors,
    offline_by_environment,
)
from transcriber.errors import ModelError
from transcriber.interruption import Interrupted
from transcriber.models.listing import model_rows
from transcriber.models.obtain import offline_error
from transcriber.models.packed import packed_files
from transcriber.models.registry import find_official, require_official
from transcriber.models.store import (
    expected_file,
    locate,
    remove,
    stored_models,
    verify,
)
from transcriber.models.stored import StoredModel
from transcriber.paths import model_directory


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the sub-commands and their options to `parser`."""
    add = parts_of(parser, "models")

    def command(name: str, description: str) -> argparse.ArgumentParser:
        added = add(name, description)
        added.add_argument(
            "--model_dir",
            type=Path,
            default=model_directory(),
            metavar="DIR",
            help="folder of the models (%(default)s)",
        )
        return added

    listing = command("list", "show the official models and what is stored")
    fetching = command("fetch", "fetch official models, or mend damaged ones")
    verifying = command("verify", "check the sha256 of stored models")
    importing = command("import", "convert a model from another format into the store")
    removing = command("remove", "delete stored models")
    locating = command("path", "print where a stored model lies")

    for reading in (listing, locating):
        reading.add_argument("--json", action="store_true", help="print JSON")
    for choosing in (fetching, removing):
        choosing.add_argument("names", nargs="+", metavar="NAME", help="name of a model")
    add_sources(fetching, "--model_mirror", "{name}, {file} or {sha256}", MIRROR_VARIABLE)
    verifying.add_argument("names", nargs="*", metavar="NAME", help="name of a model (all stored)")
    importing.add_argument(
        "source",
        type=Path,
        metavar="PATH",
        help="a .pt file, or a folder in the form of Hugging Face or CTranslate2",
    )
    importing.add_argument("--name", help="name in the store (what the model says, or the path)")
    locating.add_argument("name", metavar="NAME", help="name of a model")


def run(arguments: argparse.Namespace) -> int:
    """Run the sub-command that `arguments` names.

    Returns
    -------
    int
        The exit code.

    Raises
    ------
    TranscriberError
        When it fails.
    """
    return _COMMANDS[arguments.models_command](arguments)


def _list(arguments: argparse.Namespace) -> int:
    rows = model_rows(arguments.model_dir)
    if arguments.json:
        print(json.dumps(rows, indent=1))
        return 0
    names = max(len(row["name"]) for row in rows)
    print(f"{'NAME':{names}}  {'SIZE':>9}  {'LANGUAGES':<12}  {'ORIGIN':<12}  STORED")
    for row in rows:
        also = f"  (also {', '.join(row['aliases'])})" if row["aliases"] else ""
        packed = f", and {megabytes(row['packed'])} packed" if row["packed"] else ""
        print(
            f"{row['name']:{names}}  {megabytes(row['size']):>9}  {row['languages']:<12}  "
            f"{row['origin']:<12}  {row['stored']}{packed}{also}"
        )
    return 0


def _fetch(arguments: argparse.Namespace) -> int:
    from transcriber.models.fetch import fetch  # noqa: PLC0415 - no other command needs urllib
    from transcriber.progress.reporter import make_reporter  # noqa: PLC0415

    models = [require_official(name) for name in arguments.names]
    mirrors = chosen_mirrors(arguments.model_mirror)
    offline = arguments.offline or offline_by_environment()
    reporter = make_reporter("auto")
    report = reporter if sys.stderr.isatty() else LineReport()
    try:
        for model in models:
            stored = expected_file(model, arguments.model_dir)
            if offline and not stored.path.is_file():
                raise offline_error(model, arguments.model_dir)
            if offline:
                verify(stored)
            else:
                stored = fetch(model, directory=arguments.model_dir, mirrors=mirrors, report=report)
            print(f"{stored.name}: {stored.path}")
    except Interrupted as interruption:
        interruption.message = "interrupted; the same command resumes the download"
        raise
    finally:
        reporter.close()
    return 0


def _verify(arguments: argparse.Namespace) -> int:
    directory = arguments.model_dir
    stored = stored_models(directory)
    if arguments.names:
        wanted = {name: _named(stored, name) for name in arguments.names}
        missing = [name for name, found in wanted.items() if not found]
        if missing:
            raise _not_stored(missing[0], directory)
        stored = [model for found in wanted.values() for model in found]
    damaged = False
    for model in stored:
        try:
            # What was found at an earlier time is not what is asked for here.
            verify(model, remembered=False)
            print(f"{model.name}: right, {model.path}")
        except ModelError as error:
            damaged = True
            print(error)
        _verify_packed(model)
    if not stored:
        print(f"no model is stored in {directory}", file=sys.stderr)
    return ModelError.exit_code if damaged else 0


def _verify_packed(model: StoredModel) -> None:
    """Delete what is damaged of the packed weights, which are made again when they are needed."""
    from transcriber.engine.fused.packed_file import is_sound  # noqa: PLC0415

    for path in packed_files(model):
        if is_sound(path):
            print(f"{model.name}: right, {path}")
        else:
            with contextlib.suppress(OSError):
                path.unlink()
            print(f"{model.name}: {path} was damaged or outdated; it is made again when needed")


def _named(stored: list[StoredModel], name: str) -> list[StoredModel]:
    official = find_official(name)
    return [model for model in stored if model.name == (official.name if official else name)]


def _import(arguments: argparse.Namespace) -> int:
    from transcriber.models.importing import import_checkpoint  # noqa: PLC0415 - loads torch

    stored = import_checkpoint(arguments.source, name=arguments.name, directory=arguments.model_dir)
    print(f"{stored.name}: {stored.path}")
    return 0


def _remove(arguments: argparse.Namespace) -> int:
    for name in arguments.names:
        for path in remove(name, arguments.model_dir):
            print(f"removed {path}")
    return 0


def _path(arguments: argparse.Namespace) -> int:
    stored = locate(arguments.name, arguments.model_dir)
    if stored is None:
        raise _not_stored(arguments.name, arguments.model_dir)
    if arguments.json:
        fields = ("name", "sha256", "size", "origin")
        description = {field: getattr(stored, field) for field in fields}
        print(json.dumps({**description, "path": str(stored.path)}))
    else:
        print(stored.path)
    return 0


def _not_stored(name: str, directory: Path) -> ModelError:
    official = find_official(name)
    remedy = "see `transcriber models list`"
    if official is not None:
        remedy = f"fetch it with `transcriber models fetch {official.name}`"
    return ModelError(f"the model {name} is not stored in {directory}", remedy)


_COMMANDS = {
    "list": _list,
    "fetch": _fetch,
    "verify": _verify,
    "import": _import,
    "remove": _remove,
    "path": _path,
}
