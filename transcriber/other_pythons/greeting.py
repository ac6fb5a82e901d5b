"""What a child tells of its Python before anything is asked of it.

Other Pythons run this module: it keeps to what Python 3.8 knows.
"""

from __future__ import annotations

import platform
import re
from typing import Any

from transcriber.other_pythons import framing
from transcriber.other_pythons.error_data import reason

OLDEST_TORCH = (1, 13)
"""The first PyTorch that reads a checkpoint without running what may hide in it."""


def hello(gpu: int | None) -> dict[str, Any]:
    """Tell what this Python has.

    Parameters
    ----------
    gpu : int or None
        The number of the GPU to try, if one is wanted.

    Returns
    -------
    dict
        ``protocol``, ``python``, ``torch`` and ``numpy``, their versions; ``problem``, why it
        cannot be used, or nothing; and of a tried GPU what `device_probe` says of it.
    """
    found: dict[str, Any] = {
        "protocol": framing.VERSION,
        "python": platform.python_version(),
        "torch": "",
        "numpy": "",
        "problem": "",
        "gpu": None,
    }
    try:
        import torch  # noqa: PLC0415

        found["torch"] = str(torch.__version__)
        import numpy as np  # noqa: PLC0415

        found["numpy"] = np.__version__
        # A PyTorch that was built for NumPy 1 says only here that it cannot work with NumPy 2.
        torch.from_numpy(np.zeros(1, np.float32)).numpy()
    except Exception as error:
        missing = {"torch": "PyTorch", "numpy": "NumPy"}.get(getattr(error, "name", None) or "")
        absent = missing is not None and isinstance(error, ModuleNotFoundError)
        found["problem"] = (
            f"it has no {missing}" if absent else f"it does not load: {reason(error)}"
        )
        return found
    version = tuple(int(part) for part in re.findall(r"\d+", found["torch"])[:2])
    if version < OLDEST_TORCH:
        oldest = ".".join(map(str, OLDEST_TORCH))
        found["problem"] = f"its PyTorch {found['torch']} is older than {oldest}"
    elif gpu is not None:
        from transcriber.machine.device_probe import probe  # noqa: PLC0415

        found["gpu"] = probe(gpu)
    return found
