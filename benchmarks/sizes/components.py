"""Which component of the program a file, an object file or a Python module belongs to.

The components are those that budgets name. They are of the artefacts that are given away; the
size report of the wheel divides PyTorch itself.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Iterable

from torch_build.size_components import OTHER, Rule, component_of

TORCH = "torch"
PYTHON = "Python runtime"
NUMPY = "numpy"
TOKENIZER = "tokenizer"
SPEECH_DETECTOR = "speech detector"
FFMPEG = "ffmpeg"
TLS = "TLS"
APPLICATION = "application"
APPIMAGE_RUNTIME = "AppImage runtime"
LICENCES = "licences"

COMPONENTS = (
    TORCH,
    PYTHON,
    NUMPY,
    TOKENIZER,
    SPEECH_DETECTOR,
    FFMPEG,
    TLS,
    APPLICATION,
    APPIMAGE_RUNTIME,
    LICENCES,
    OTHER,
)
"""All of them, in the order in which they are shown.

`OTHER` is what belongs to none alone: padding, the linker's tables, strings that it merged, what
a wheel says of itself.
"""

FILE_RULES: tuple[Rule, ...] = (
    # The texts, and the bills of materials, which say what they are of.
    Rule(component=LICENCES, pattern=r"(^|/)licen[cs]es/|\.cdx\.json$"),
    Rule(component=TOKENIZER, pattern=r"^whisper/assets/[^/]+\.tiktoken$|^tiktoken"),
    # Its weights; what runs it is a part of the operators, and of the application.
    Rule(component=SPEECH_DETECTOR, pattern=r"^transcriber/speech/detector\.bin$"),
    # The manual, and the scripts that complete command lines.
    Rule(component=APPLICATION, pattern=r"^terminal/"),
    # The log-mel filters and the names of languages; the program's engine reads them.
    Rule(component=APPLICATION, pattern=r"^(whisper|transcriber)/"),
    Rule(component=TORCH, pattern=r"^torch/"),
    Rule(component=NUMPY, pattern=r"^numpy/"),
    Rule(component=FFMPEG, pattern=r"^ffmpeg$"),
    Rule(component=TLS, pattern=r"^certificates\.(der|pem)$"),
    # The desktop entry, the icon and the description for software centres of an AppImage.
    Rule(component=APPLICATION, pattern=r"^usr/share/"),
)
"""Of the files in a wheel, the program's folder or an AppImage; the executable is divided."""

OBJECT_RULES: tuple[Rule, ...] = (
    Rule(component=TLS, pattern=r"^lib(ssl|crypto)\.a"),
    Rule(component=APPLICATION, pattern=r"^module\.transcriber\b"),
    Rule(component=TOKENIZER, pattern=r"^module\.tiktoken"),
    # Python's own, what its modules are linked with, and Nuitka's part of the interpreter.
    Rule(component=PYTHON, pattern=r"^lib(python[\d.]+|ffi|z)\.a|^static_src/|^__\w+\.o$"),
)
"""Of the object files of the executable, their paths shortened."""

_PACKAGES = {
    "numpy": NUMPY,
    "tiktoken": TOKENIZER,
    "tiktoken_ext": TOKENIZER,
    "torch": TORCH,
    "tqdm": APPLICATION,
    "transcriber": APPLICATION,
    # Of it runs the model and its decoding, beside the tokenizer.
    "whisper": APPLICATION,
    # Only PyTorch imports it.
    "typing_extensions": TORCH,
    # ffmpeg-python, which writes ffmpeg's command lines, and what it imports.
    "ffmpeg": FFMPEG,
    "future": FFMPEG,
    "past": FFMPEG,
}
"""By the names of top-level packages: which of them belong together no file says."""


def file_component(path: str) -> str:
    """Return the component of a file, by its path in the artefact."""
    return component_of(path, FILE_RULES)


def object_component(path: str) -> str:
    """Return the component of an object file of the executable, by its shortened path."""
    return component_of(path, OBJECT_RULES)


def module_component(path: str) -> str:
    """Return the component of a Python module, by its name or the path of its source file.

    Parameters
    ----------
    path : str
        ``torch.nn.functional`` or ``torch/nn/functional.py``.
    """
    names = re.split(r"[./]", path.removesuffix(".py"))
    if names[:2] == ["whisper", "tokenizer"]:
        return TOKENIZER
    if names[0] in sys.stdlib_module_names:
        return PYTHON
    return _PACKAGES.get(names[0], OTHER)


def component_totals(sizes: Iterable[tuple[str, int]]) -> dict[str, int]:
    """Return the bytes of each component that has some, in the order of `COMPONENTS`."""
    totals: Counter[str] = Counter()
    for name, size in sizes:
        totals[name] += size
    return {name: totals[name] for name in COMPONENTS if totals[name]}
