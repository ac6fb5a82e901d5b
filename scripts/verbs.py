"""The verbs of the repository: ``setup``, ``torch``, ``transcribe``, ``test`` and so on.

Settings are environment variables or words ``NAME=value`` after the verb, as make has them.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence

from buildkit.commands import Command, ending_in_one_line, say
from buildkit.errors import UsageError
from buildkit.places import CHECKOUT
from scripts.browsers import provide_browsers
from scripts.desktops import provide_desktops
from scripts.detector_files import provide_detector
from scripts.environment import run_module
from scripts.layout import (
    CACHE,
    DETECTOR,
    DISTRIBUTION,
    ENVIRONMENT,
    MODELS,
    RECIPE,
    SPEECH,
    STOCK_PYTHON,
)
from scripts.native_program import (
    ALL_EDITIONS,
    EDITIONS,
    check_address,
    check_publishing,
    pack_addon,
    provide_appimages,
    provide_native_program,
    trace_modules,
)
from scripts.packagers import provide_packagers
from scripts.packaging_tools import provide_packaging_tools
from scripts.peers import provide_peers
from scripts.pins import read_pins
from scripts.releasing import make_packages, make_release, publish_tree
from scripts.speech import provide_speech
from scripts.testing import measure, run_tests
from scripts.torch_environments import (
    build_cuda_addon,
    provide_stock_torch,
    provide_stripped_torch,
)
from scripts.transcribing import provide_stock, transcribe, try_on_stock
from scripts.verify_release import verify_release
from scripts.weights import provide_test_models
from transcriber.errors import TranscriberError

USAGE = """\
make setup        make .venv and get all that the tests need
make torch        build the PyTorch that the program runs on: a wheel in dist/
make native       build the program that needs no Python, in build/native/program/
make appimages    build the AppImages and the wheel into dist/; also what make does by itself
                    EDITION=name        ultra-lean or lean (both), or cuda after make addon
                    UPDATE_ADDRESS=url  the web folder where newer versions will be
                    SIGN_KEY=name       the key that GnuPG signs with
                    MINISIGN_KEY=file   the key that minisign signs the digests with
make packages     build every other way to get it from that, into dist/packages/: an image for
                  containers, .deb, snap, wheel, archive; and the recipes of Homebrew, Arch,
                  Nix, Flatpak and install.sh, which need UPDATE_ADDRESS
                    EDITION=cuda        that edition and its image, too, after make addon
make publish-tree lay out in dist/tree/ what a web server needs for apt, pip and the rest
make release      all of that with digests, signatures and notes in dist/release/, and a tag
                    VERSION=1.2.3       is written into the sources and committed
                    DATE=2026-01-31     of the change log (today)
                    DRY_RUN=1           with the version that is there; no commit and no tag
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

PUBLISHING = ("UPDATE_ADDRESS", "SIGN_KEY", "MINISIGN_KEY")
"""Settings of who publishes, in the order that `check_publishing` takes them."""


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
    provide_browsers()
    provide_desktops()
    provide_packagers()
    provide_packaging_tools()
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
    _publishing(settings)
    provide_appimages([edition] if edition else EDITIONS)
    for path in sorted(DISTRIBUTION.iterdir()):
        print(f"{path.stat().st_size:>12,}  {path.relative_to(CHECKOUT)}")
    return 0


def _publishing(settings: Mapping[str, str]) -> None:
    # What is only needed at the end of half an hour is looked at now; the recipe reads it itself.
    publishing = {name: settings.get(name, "") for name in PUBLISHING}
    check_publishing(*publishing.values())
    os.environ.update(publishing)


def _packages(settings: Mapping[str, str]) -> int:
    _publishing(settings)
    return make_packages(settings.get("EDITION", ""))


def _publish_tree(settings: Mapping[str, str]) -> int:
    _publishing(settings)
    return publish_tree(settings.get("EDITION", ""))


def _release(settings: Mapping[str, str]) -> int:
    _publishing(settings)
    names = ("VERSION", "DATE", "DRY_RUN", "EDITION")
    return make_release(*(settings.get(name, "") for name in names))


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
    provide_stock(pins)
    provide_test_models(pins.weights)
    provide_speech(pins.speech)
    places: Command = ["--models", MODELS, "--speech", SPEECH]
    for output in (["operators.yaml"], ["cuda/operators.yaml", "--on-gpu"]):
        words: Command = [*places, "--output", RECIPE / output[0], *output[1:]]
        if code := run_module("scripts.operator_trace", *words, python=STOCK_PYTHON):
            return code
    return 0


def _modules(_: Mapping[str, str]) -> int:
    _setup({})
    return trace_modules()


def _test(settings: Mapping[str, str]) -> int:
    return run_tests(lambda: _setup({}), lambda: _appimages({**settings, "EDITION": ""}))


def _bench(settings: Mapping[str, str]) -> int:
    _setup({})
    _appimages({**settings, "EDITION": ""})
    provide_peers()
    return measure()


def _bench_quick(settings: Mapping[str, str]) -> int:
    _setup({})
    _appimages({**settings, "EDITION": ""})
    return measure("--quick")


def _check_pins(_: Mapping[str, str]) -> int:
    # By this Python: nothing need be set up for it.
    return run_module("scripts.check_pins", python=sys.executable)


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
    "packages": _packages,
    "publish-tree": _publish_tree,
    "release": _release,
    "verify-release": _verify_release,
    "cuda": _cuda,
    "addon": _addon,
    "trace": _trace,
    "modules": _modules,
    "try": try_on_stock,
    "transcribe": transcribe,
    "test": _test,
    "bench": _bench,
    "bench-quick": _bench_quick,
    "bench-accept": lambda _: measure("--accept"),
    "bench-ratchet": lambda _: measure("--ratchet"),
    "check-pins": _check_pins,
    "clean": _clean,
}
