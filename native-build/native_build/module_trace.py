"""Find out what the program imports and opens: run it in all its ways and look.

``python -m native_build.module_trace --models DIR --checkpoints DIR --speech DIR`` writes the lists
that `freeze` and `prune` read. They are a reviewed part of the repository; tests fail when a
fresh trace finds other ones, and when the program imports what they lack.
"""

from __future__ import annotations

import argparse
import base64
import functools
import http.server
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from buildkit.errors import BuildError, ToolError
from native_build.module_list import FILES, MODULES, own_modules, write_list
from native_build.program_packages import LEFT_OUT
from transcriber.errors import TranscriberError
from transcriber.signatures.minisign import read_keys

RECORDER = Path(__file__).with_name("module_recorder")
PROGRAM = Path(__file__).resolve().parent.parent.parent / "transcriber"

NOT_THE_PROGRAMS = frozenset(
    {"__main__", "__mp_main__", "sitecustomize", "usercustomize", "site", "_distutils_hack"}
)
"""Modules of the traced process that a frozen program has no use for."""

RARE = (
    # http.client and urllib encode a host's name and a header with these, by name.
    "encodings.ascii",
    "encodings.idna",
    "encodings.latin_1",
    "stringprep",
    # zipfile decodes names without the UTF-8 mark with it.
    "encodings.cp437",
    # Of a terminal or a file system that is not set to UTF-8.
    "encodings.iso8859_1",
    "encodings.utf_8_sig",
    "encodings.utf_16",
    "encodings.utf_16_le",
    # Python itself when a warning or an uncaught error is shown.
    "linecache",
    "traceback",
    "tracemalloc",
    # Of a proxy with a password, and of an address with a number for a host.
    "base64",
    "getpass",
    "ipaddress",
    # Loaded when an error is worded, a date parsed or a closest name looked for.
    "_strptime",
    "difflib",
)
"""Modules that are imported where a trace does not get: each with when."""


@dataclass(frozen=True, kw_only=True)
class Material:
    """What the traced runs work on.

    Attributes
    ----------
    models : Path
        Folder with ``base.pt`` and ``tiny.en.pt``.
    checkpoints : Path
        Folder with ``base`` and ``tiny.en`` in CTranslate2's format.
    recordings : tuple of Path
        Speech, the shortest first.
    """

    models: Path
    checkpoints: Path
    recordings: tuple[Path, ...]


@dataclass(frozen=True, kw_only=True)
class Used:
    """What the program used, each in alphabetical order.

    Attributes
    ----------
    modules : tuple of str
        The modules that it imported, its own left out.
    files : tuple of str
        The data files of packages that it opened: paths below site-packages, or below the
        folder that holds the program's package.
    """

    modules: tuple[str, ...]
    files: tuple[str, ...]


def trace_program(python: Path, material: Material) -> Used:
    """Run the program in all its ways and return what it used.

    Parameters
    ----------
    python : Path
        The interpreter of the environment with the program's packages.

    Raises
    ------
    ToolError
        When a run ends with another exit code than it should.
    """
    with tempfile.TemporaryDirectory(prefix="modules-") as temporary:
        notes, scratch = Path(temporary, "notes"), Path(temporary, "scratch")
        notes.mkdir()
        scratch.mkdir()
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(RECORDER), str(PROGRAM.parent)]),
            "MODULE_RECORDER": str(notes),
            "XDG_CACHE_HOME": str(scratch / "cache"),
            "XDG_CONFIG_HOME": str(scratch / "config"),
            **dict.fromkeys(("DISPLAY", "WAYLAND_DISPLAY"), ""),
        }
        with served(material.models) as mirror:
            for code, arguments in _runs(material, scratch, mirror):
                command = [str(python), "-m", "transcriber", *arguments]
                done = subprocess.run(
                    command,
                    env=environment,
                    cwd=scratch,
                    stdin=subprocess.DEVNULL,
                    capture_output=True,
                    text=True,
                    check=False,
                )
                if done.returncode != code:
                    raise ToolError(
                        f"transcriber {' '.join(arguments)} ended with exit code "
                        f"{done.returncode} instead of {code}: {done.stderr.strip()[-300:]}"
                    )
        return Used(
            modules=_modules(_noted(notes, "modules")),
            files=_data_files(_noted(notes, "files"), python),
        )


def _noted(notes: Path, kind: str) -> set[str]:
    return {line for note in notes.glob(f"*.{kind}") for line in note.read_text().splitlines()}


def _modules(seen: set[str]) -> tuple[str, ...]:
    without = {*own_modules(PROGRAM), *NOT_THE_PROGRAMS}
    kept = {
        name
        for name in seen - without
        if not name.startswith("__editable__") and name.partition(".")[0] not in LEFT_OUT
    }
    return tuple(sorted(kept | set(RARE)))


def _data_files(opened: set[str], python: Path) -> tuple[str, ...]:
    # Not resolved: the interpreter of a virtual environment is a link.
    (packages,) = python.parent.parent.glob("lib/python3*/site-packages")
    files = {
        str(path.relative_to(place))
        for path in map(Path, opened)
        for place, within in ((packages, packages), (PROGRAM.parent, PROGRAM))
        # A program is run, whoever looks into it before.
        if path.is_relative_to(within) and path.is_file() and not os.access(path, os.X_OK)
    }
    return tuple(sorted(name for name in files if _is_data(Path(name))))


def _is_data(path: Path) -> bool:
    """Whether the file at `path`, below site-packages, is neither code nor about a package."""
    about = path.parts[0].endswith((".dist-info", ".pth", ".egg-link"))
    return not about and path.suffix not in {".py", ".pyc", ".so"}


def _runs(material: Material, scratch: Path, mirror: str) -> Iterator[tuple[int, Sequence[str]]]:
    """Yield command lines with the exit codes that they end with."""
    recordings = [str(path) for path in material.recordings]
    copied = scratch / "models"
    copied.mkdir()
    shutil.copyfile(material.models / "tiny.en.pt", copied / "tiny.en.pt")
    damaged = scratch / "damaged.pt"
    damaged.write_bytes((material.models / "tiny.en.pt").read_bytes()[:100_000])
    # What a GPU computes with, too: openai-whisper's own modules.
    plain = scratch / "plain.pt"
    _write_unusual_model(plain)
    silent = scratch / "nothing.wav"
    silent.write_bytes(b"not a recording")
    common = ("--model_dir", str(material.models), "--device", "cpu", "--output_dir", str(scratch))
    english = (*common, "--model", "tiny.en")
    base = (*common, "--model", "base")
    yield 0, ["--version"]
    yield 0, ["--help"]
    yield 0, ["doctor", "--model_dir", str(material.models)]
    yield 0, [*english, "--word_timestamps", "True", "--highlight_words", "True", recordings[0]]
    yield 0, [*english, "--beam_size", "2", "--progress", "json", recordings[0], recordings[1]]
    yield 0, [*english, "--progress", "bar", "--skip_existing", *recordings[:2]]
    yield 0, [*english, "--temperature", "0.5", "--seed", "1", "--best_of", "2", recordings[0]]
    yield 0, [*english, "--logprob_threshold", "5", "--clip_timestamps", "0,3", recordings[0]]
    yield 0, [*english, "--output_dir", "-", "--output_format", "txt", recordings[0]]
    yield 0, [*common, "--device", "auto", "--model", "base", recordings[0]]
    yield 0, [*base, "--task", "translate", "--initial_prompt", "Sense", recordings[0]]
    yield 0, [*base, "--language", "German", "--hallucination_silence_threshold", "1",
              "--word_timestamps", "True", recordings[0]]  # fmt: skip
    once = (*common, "--model", str(plain), "--temperature_increment_on_fallback", "None")
    yield 0, [*once, "--beam_size", "2", "--word_timestamps", "True", recordings[0]]
    yield 0, [*once, "--best_of", "1", "--temperature", "0.5", recordings[0]]
    yield 2, ["--language", "Germn", recordings[0]]
    yield 2, ["--no_such_option"]
    # Neither a terminal nor a screen is there to ask on.
    yield 2, ["desktop"]
    yield 3, ["desktop", str(scratch / "missing.wav")]
    yield 3, [*english, str(silent)]
    yield 3, [*english, str(scratch / "missing.wav")]
    yield 4, [*common, "--model", str(damaged), recordings[0]]
    yield 4, [*common, "--model", "bse", recordings[0]]
    yield 6, [*english, "--model", "medium", "--offline", recordings[0]]
    yield from _stores(material, copied, mirror)
    yield from _verifications(silent, damaged)
    # Nothing is in the cache of this run.
    yield 8, ["cuda", "status", "--json"]
    yield 0, ["cuda", "remove"]


def _stores(material: Material, folder: Path, mirror: str) -> Iterator[tuple[int, Sequence[str]]]:
    """Yield the command lines about models, with those in `folder`."""
    store = ("--model_dir", str(folder))
    yield 0, ["models", "list", *store]
    yield 0, ["models", "verify", *store, "tiny.en"]
    yield 0, ["models", "path", *store, "tiny.en"]
    yield 0, ["models", "remove", *store, "tiny.en"]
    yield 0, ["models", "fetch", *store, "--model_mirror", mirror, "tiny.en"]
    yield 0, ["models", "remove", *store, "tiny.en"]
    yield 0, ["models", "fetch", *store, "--model_mirror", material.models.as_uri(), "tiny.en"]
    yield 0, ["models", "import", *store, str(material.checkpoints / "base")]
    yield 5, ["models", "fetch", *store, "--model_mirror", f"{mirror}/missing", "small"]


def _verifications(signed: Path, unsigned: Path) -> Iterator[tuple[int, Sequence[str]]]:
    """Yield the command lines that check downloads; what is written beside one signs nothing."""
    # A key as it may be: there is a point of the curve with y = 3.
    key = base64.b64encode(b"Ed" + bytes(8) + (3).to_bytes(32, "little")).decode()
    signed.with_name(f"{signed.name}.minisig").write_bytes(b"not a signature")
    yield 12, ["verify", "--public_key", key, str(signed)]
    yield 3, ["verify", "--public_key", key, str(unsigned)]
    # The file with the keys of releases is opened, which has none yet.
    known = read_keys((PROGRAM / "signatures/release.pub").read_bytes())
    yield 12 if known else 2, ["verify", str(signed)]


def _write_unusual_model(path: Path) -> None:
    """Write a checkpoint of random numbers that the fused operators do not compute."""
    from transcriber.engine import openai_whisper  # noqa: PLC0415 - loads torch

    whisper: Any = openai_whisper.load().model
    import torch  # noqa: PLC0415

    # The operators are for heads of 64 channels, which all models of OpenAI's have.
    sizes = {"state": 64, "head": 2, "layer": 1}
    audio = {f"n_audio_{name}": size for name, size in sizes.items()}
    text = {f"n_text_{name}": size for name, size in sizes.items()}
    dimensions = {"n_mels": 80, "n_audio_ctx": 1500, "n_vocab": 51865, "n_text_ctx": 448}
    dimensions.update(audio, **text)
    torch.manual_seed(0)
    network = whisper.Whisper(whisper.ModelDimensions(**dimensions))
    # openai-whisper leaves these as the memory was, which may hold no numbers.
    torch.nn.init.normal_(network.decoder.positional_embedding)
    torch.save({"dims": dimensions, "model_state_dict": network.state_dict()}, path)


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve `folder` over HTTP on this machine, and give the address."""
    handler = functools.partial(_QuietHandler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


class _QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def main(words: Sequence[str] | None = None) -> int:
    """Trace, and write the list."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", type=Path, required=True)
    parser.add_argument("--checkpoints", type=Path, required=True)
    parser.add_argument("--speech", type=Path, required=True)
    given = parser.parse_args(words)
    recordings = sorted(given.speech.glob("*.wav"), key=lambda path: path.stat().st_size)
    material = Material(
        models=given.models.absolute(),
        checkpoints=given.checkpoints.absolute(),
        recordings=tuple(path.absolute() for path in recordings),
    )
    try:
        used = trace_program(Path(sys.executable), material)
        write_list(MODULES, used.modules)
        write_list(FILES, used.files)
    except (BuildError, TranscriberError) as error:
        print(f"native-build: {error}", file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
