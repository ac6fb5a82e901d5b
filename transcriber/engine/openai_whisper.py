"""The one place that loads torch and openai-whisper, or the part of it that needs no torch.

openai-whisper imports numba for two small functions of its word alignment. The program brings
its own for them, so a placeholder takes numba's name while the package is imported; nothing
calls it afterwards.
"""

from __future__ import annotations

import functools
import importlib
import importlib.util
import sys
import types
import warnings
from collections.abc import Callable
from typing import Any

from transcriber.errors import DependencyError
from transcriber.interruption import undisturbed


def _leave_as_is(*_: Any, **__: Any) -> Callable[[Any], Any]:
    return lambda function: function


def load() -> Any:
    """Import openai-whisper with our dynamic time warping in place of numba's.

    Returns
    -------
    module
        The package ``whisper``.

    Raises
    ------
    DependencyError
        When torch or openai-whisper is missing or does not load.
    """
    if "whisper" in sys.modules:
        return sys.modules["whisper"]
    placeholder = types.ModuleType("numba")
    placeholder.jit = _leave_as_is  # type: ignore[attr-defined]
    previous = sys.modules.get("numba")
    sys.modules["numba"] = placeholder
    try:
        with undisturbed():
            import whisper  # noqa: PLC0415
            import whisper.timing  # noqa: PLC0415
    except (ImportError, OSError) as error:
        # An OSError is a shared library of torch's that is missing or does not fit.
        raise DependencyError(
            f"openai-whisper or torch does not load: {error}", "install the program again"
        ) from error
    finally:
        del sys.modules["numba"]
        if previous is not None:
            sys.modules["numba"] = previous

    from transcriber.engine.dynamic_time_warping import warp  # noqa: PLC0415

    whisper.timing.dtw_cpu = warp
    # Where there is no Triton, openai-whisper says so in every window and goes on as we want.
    warnings.filterwarnings("ignore", message="Failed to launch Triton kernels")
    # The program has told of it in its own words.
    warnings.filterwarnings("ignore", message="ignoring invalid value for ATEN_CPU_CAPABILITY")
    return whisper


@functools.lru_cache(maxsize=1)
def load_utilities() -> Any:
    """Import openai-whisper's writers, without torch where nothing has loaded it yet.

    They need none of what the package loads: 50 MB of memory and half a second.

    Returns
    -------
    module
        The module ``whisper.utils``.

    Raises
    ------
    DependencyError
        When openai-whisper is missing.

    Examples
    --------
    >>> load_utilities().format_timestamp(61.5)
    '01:01.500'
    """
    package = "whisper"
    if package in sys.modules:
        return importlib.import_module("whisper.utils")
    spec = importlib.util.find_spec(package)
    if spec is None or spec.submodule_search_locations is None:
        raise DependencyError("openai-whisper is missing", "install the program again")
    # Stands for the package while its module is imported, so that the package itself is not.
    placeholder = types.ModuleType(package)
    placeholder.__path__ = list(spec.submodule_search_locations)
    sys.modules[package] = placeholder
    try:
        return importlib.import_module("whisper.utils")
    finally:
        # The package brings its own, should it be loaded later.
        for name in (package, "whisper.utils"):
            sys.modules.pop(name, None)
