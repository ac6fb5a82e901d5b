"""What `doctor` looks up, section by section.

Nothing here loads PyTorch, NumPy or Whisper into this process.
"""

from __future__ import annotations

import os
import platform
import re
import shutil
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from transcriber import __version__
from transcriber.audio.ffmpeg import find_ffmpeg
from transcriber.beside import appimage_file, native_executable
from transcriber.choosing.device import choose_device
from transcriber.cuda.search import find_addon, in_words
from transcriber.doctor.finding import Finding, failed_finding, in_one_line, look_up, size_in_words
from transcriber.machine.control_groups import memory_limit, processor_quota
from transcriber.machine.nvidia import CUDA_LIBRARIES, find_driver, find_library, list_gpus
from transcriber.machine.packages import REQUIRED_PACKAGES, package_version, torch_cuda_version
from transcriber.machine.processor import (
    allowed_processors,
    physical_cores,
    processor_features,
    processor_model,
)
from transcriber.machine.system_files import read_text
from transcriber.machine.threads import plan_threads
from transcriber.models.preference import remembered_model
from transcriber.models.readiness import is_whole, readiness
from transcriber.models.store import canonical_name, stored_models
from transcriber.models.stored import StoredModel
from transcriber.options.defaults import default_of, network_defaults, own_defaults
from transcriber.paths import program_cache
from transcriber.settings import DEFAULT_MODEL

RELEVANT_VARIABLES = re.compile(
    r"(TRANSCRIBER|OMP|GOMP|KMP|MKL|OPENBLAS|CUDA|NVIDIA|PYTORCH|TORCH|LD|XDG|SSL)_.*"
    r"|(https?|all|no)_proxy|PYTHON[A-Z]+|TMPDIR|LANG|LC_ALL",
    re.IGNORECASE,
)
"""Environment variables that change what the program does."""

_ROOT = Path("/")


def program_findings() -> list[Finding]:
    """Describe the program, its Python and the system."""
    return [
        look_up("version", lambda: __version__),
        look_up(
            "python",
            lambda: f"{platform.python_version()} ({native_executable() or sys.executable})",
        ),
        look_up("frozen", lambda: native_executable() is not None),
        look_up("AppImage", _appimage),
        look_up("system", lambda: platform.freedesktop_os_release()["PRETTY_NAME"]),
        look_up("kernel", lambda: f"{platform.release()} {platform.machine()}"),
        look_up("libc", lambda: os.confstr("CS_GNU_LIBC_VERSION")),
        look_up("own defaults", own_defaults),
    ]


def _appimage() -> str | None:
    """Tell which file the program was started from, and how its files were made accessible."""
    path, folder = appimage_file(), os.environ.get("APPDIR", "")
    if path is None:
        return None
    return f"{path}, {'mounted' if os.path.ismount(folder) else 'unpacked'} in {folder}"


def processor_findings(root: Path = _ROOT) -> list[Finding]:
    """Describe the processor, the part of it that this process may use, and its load."""
    return [
        look_up("model", lambda: processor_model(root)),
        look_up("features", lambda: list(processor_features(root)), in_one_line),
        look_up("logical processors", os.cpu_count),
        look_up("allowed processors", lambda: len(allowed_processors())),
        look_up("physical cores", lambda: physical_cores(allowed_processors(), root)),
        look_up("control group's quota", lambda: processor_quota(root)),
        look_up("load average", lambda: _load_averages(root), in_one_line),
        look_up("waiting for a processor", lambda: _pressure(root), lambda share: f"{share} %"),
    ]


def thread_findings(root: Path = _ROOT) -> list[Finding]:
    """Describe how many threads a transcription would take now, and why."""
    plan = plan_threads(root=root)
    return [
        look_up("threads", lambda: plan.threads),
        look_up("reason", lambda: plan.reason),
        look_up(
            "environment",
            # What the user has set stays, so that is what counts.
            lambda: {name: os.environ.get(name, value) for name, value in plan.environment.items()},
        ),
    ]


def memory_findings(root: Path = _ROOT) -> list[Finding]:
    """Describe the memory of the machine and of the process's control group."""
    return [
        look_up("total", lambda: _memory("MemTotal", root), size_in_words),
        look_up("available", lambda: _memory("MemAvailable", root), size_in_words),
        look_up("control group's limit", lambda: memory_limit(root), size_in_words),
    ]


def ffmpeg_findings(configured: str | None) -> list[Finding]:
    """Describe the ffmpeg that decodes the recordings."""

    def find() -> dict[str, str]:
        found = find_ffmpeg(configured)
        return {"path": str(found.path), "version": found.version, "origin": found.origin}

    return [look_up("ffmpeg", find, required=True)]


def package_findings() -> list[Finding]:
    """Describe the Python packages that a transcription needs, without importing them."""
    found = [
        look_up(distribution, partial(package_version, distribution, module), required=True)
        for distribution, module in REQUIRED_PACKAGES.items()
    ]
    return [*found, look_up("torch's CUDA", torch_cuda_version)]


def gpu_findings(root: Path = _ROOT) -> list[Finding]:
    """Describe the NVIDIA driver, the GPUs and the CUDA libraries."""
    driver = find_driver(root)
    library = f"{driver.library} ({driver.library_file})" if driver.library else None

    def paths(name: str) -> list[str]:
        return [str(path) for path in find_library(name, root)]

    return [
        look_up("kernel module", lambda: driver.version),
        look_up("driver library", lambda: library),
        look_up("device files", lambda: list(driver.nodes), in_one_line),
        look_up("GPUs", lambda: list_gpus(root)),
        look_up("CUDA add-on", lambda: in_words(find_addon())),
        *(look_up(name, partial(paths, name)) for name in CUDA_LIBRARIES),
    ]


def device_findings(requested: str) -> list[Finding]:
    """Describe the device that a transcription would use; a GPU is tried afresh."""
    device = choose_device(requested, fresh=True)
    return [
        look_up("device", lambda: device.torch_name),
        look_up("name", lambda: device.name),
        look_up("reason", lambda: device.reason),
    ]


def model_findings(directory: Path) -> list[Finding]:
    """Describe the stored models, and whether one can be used or fetched."""

    def describe(model: StoredModel) -> str:
        damaged = "" if is_whole(model) else ", damaged"
        return f"{size_in_words(model.size)}, {model.origin}{damaged} ({model.path})"

    chosen = canonical_name(default_of("model") or remembered_model() or DEFAULT_MODEL)
    return [
        look_up("chosen", lambda: chosen),
        look_up(
            "stored", lambda: {model.name: describe(model) for model in stored_models(directory)}
        ),
        _usable(chosen, directory),
    ]


def _usable(chosen: str, directory: Path) -> Finding:
    name = "usable model"
    try:
        offline, mirrors = network_defaults()
        found = readiness(chosen, directory, offline=offline, mirrors=mirrors)
    except Exception as error:
        return failed_finding(name, error, required=True)
    return Finding(
        name=name,
        value=found.text,
        text=found.text,
        missing=not found.ready,
        caveat="" if found.as_chosen else found.text,
    )


def folder_findings(model_directory: Path) -> list[Finding]:
    """Describe the folders that the program writes to."""
    return [
        look_up("models", lambda: _folder(model_directory)),
        look_up("cache", lambda: _folder(program_cache())),
        look_up("current folder", lambda: _folder(Path.cwd())),
    ]


def environment_findings(environment: Mapping[str, str] = os.environ) -> list[Finding]:
    """List the variables in the environment that change what the program does."""
    return [
        look_up(name, partial(_without_password, value))
        for name, value in sorted(environment.items())
        if RELEVANT_VARIABLES.fullmatch(name)
    ]


def _memory(key: str, root: Path) -> int:
    match = re.search(rf"^{key}:\s*(\d+) kB", read_text(root / "proc/meminfo"), re.MULTILINE)
    if match is None:
        raise LookupError(f"no {key} in /proc/meminfo")
    return int(match[1]) * 1024


def _load_averages(root: Path) -> list[str]:
    """Return the averages over 1, 5 and 15 minutes."""
    return (root / "proc/loadavg").read_text(encoding="utf-8").split()[:3]


def _pressure(root: Path) -> float:
    """Return the percentage of the last 10 s in which some task had no processor to run on."""
    text = (root / "proc/pressure/cpu").read_text(encoding="utf-8")
    return float(text.split("avg10=", 1)[1].split()[0])


def _folder(path: Path) -> str:
    existing = next(folder for folder in (path, *path.parents) if folder.exists())
    writable = os.access(existing, os.W_OK | os.X_OK) and existing.is_dir()
    return (
        f"{path} ({'writable' if writable else 'not writable'}"
        f"{'' if existing == path else ', does not exist yet'}, "
        f"{size_in_words(shutil.disk_usage(existing).free)} free)"
    )


def _without_password(value: str) -> str:
    """Hide what stands before the @ of an address: reports are shown to others."""
    return re.sub(r"(?<=://)[^/@\s]+@", "***@", value)
