"""The table of environment variables that the program reads, as help and manual show it.

What is only handed on, to PyTorch or to ffmpeg, is not in it.
"""

from __future__ import annotations

from collections.abc import Mapping

_PYTHONS = "where other Pythons are looked for"
_PROXIES = "the proxy of downloads, and what is fetched without it"
_DESKTOP = "where the desktop answers, as it sets them itself"
_MANAGER = "what systemd tells the service, as it sets them itself"
_INSIDE = "the AppImage and where its content is, as it sets them itself"

VARIABLES: Mapping[str, str] = {
    "TRANSCRIBER_OFFLINE": "1 forbids the network, as --offline does",
    "TRANSCRIBER_MODEL_MIRROR": "addresses to fetch models from first, as --model_mirror",
    "TRANSCRIBER_CUDA_MIRROR": "addresses to fetch the CUDA add-on from first",
    "TRANSCRIBER_FFMPEG": "the ffmpeg to read recordings with, as --ffmpeg",
    "TRANSCRIBER_PYTHON": "the system's Python to use, as --python",
    "TRANSCRIBER_SANDBOX": "off lets ffmpeg see files and network",
    "TRANSCRIBER_PROBE_TIMEOUT": "seconds that the trial of a GPU or a Python may take",
    "TRANSCRIBER_API_KEY": "the key of `serve`, which programs and `jobs` give",
    "TRANSCRIBER_DEBUG": "1 shows where in the program a failure arose",
    "OMP_NUM_THREADS": "how many threads decode, where --threads is not given",
    "OMP_WAIT_POLICY": "whether threads that wait keep their processors busy (PASSIVE)",
    "ATEN_CPU_CAPABILITY": "the best instruction set to use",
    "CUDA_VISIBLE_DEVICES": "the GPUs that may be used",
    "CUDA_DEVICE_ORDER": "how the GPUs are numbered",
    "TORCH_CUDA_ADDON": "the file of the CUDA add-on to use",
    "SSL_CERT_FILE": "the authorities that downloads trust",
    "SSL_CERT_DIR": "the authorities that downloads trust",
    "http_proxy": _PROXIES,
    "https_proxy": _PROXIES,
    "no_proxy": _PROXIES,
    "XDG_CACHE_HOME": "the folder of models and of what was found out (~/.cache)",
    "XDG_CONFIG_HOME": "the folder of your own defaults (~/.config)",
    "XDG_DATA_HOME": "the folder of jobs (~/.local/share), and where other Pythons are",
    "HOME": "your folder; that of your account where it is not set",
    "TMPDIR": "the folder of temporary files (/tmp)",
    "PATH": "where ffmpeg and other Pythons are looked for",
    "VIRTUAL_ENV": _PYTHONS,
    "CONDA_PREFIX": _PYTHONS,
    "CONDA_EXE": _PYTHONS,
    "MAMBA_ROOT_PREFIX": _PYTHONS,
    "PIPX_HOME": _PYTHONS,
    "PYENV_ROOT": _PYTHONS,
    "UV_PYTHON_INSTALL_DIR": _PYTHONS,
    "UV_TOOL_DIR": _PYTHONS,
    "WORKON_HOME": _PYTHONS,
    "PYTHONUSERBASE": "where another Python has the packages of a user",
    "PYTHONNOUSERSITE": "set to leave those packages out",
    "LD_LIBRARY_PATH": "where libraries are looked for before the system's own places",
    "LD_PRELOAD": "libraries to load first, also into ffmpeg",
    "DISPLAY": "the desktop: whom to ask, where to copy and to paste",
    "WAYLAND_DISPLAY": "the desktop: whom to ask, where to copy and to paste",
    "XAUTHORITY": "what the X server lets a program in by (~/.Xauthority)",
    "DBUS_SESSION_BUS_ADDRESS": _DESKTOP,
    "XDG_RUNTIME_DIR": _DESKTOP,
    "LISTEN_FDS": _MANAGER,
    "LISTEN_FDNAMES": _MANAGER,
    "LISTEN_PID": _MANAGER,
    "NOTIFY_SOCKET": _MANAGER,
    "APPIMAGE": _INSIDE,
    "APPDIR": _INSIDE,
}
"""What each is for. Of those with the same words, one stands beside the other."""


def variable_lines() -> list[tuple[str, str]]:
    """Return the variables with what they are for, those together that are for the same."""
    names: dict[str, list[str]] = {}
    for name, meaning in VARIABLES.items():
        names.setdefault(meaning, []).append(name)
    return [(", ".join(several), meaning) for meaning, several in names.items()]
