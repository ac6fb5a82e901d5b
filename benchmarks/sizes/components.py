"""Which component of the program a file, an object file or a Python module belongs to.

The components are those that budgets name. They are of the artefacts that are given away; the
size report of the wheel divides PyTorch itself.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable

from torch_build.size_components import OTHER, Rule, component_of

TORCH, PYTHON, NUMPY, TOKENIZER = "torch", "Python runtime", "numpy", "tokenizer"
SPEECH_DETECTOR, FFMPEG, TLS = "speech detector", "ffmpeg", "TLS"
APPLICATION, PAGE, SERVICE = "application", "page", "service"
APPIMAGE_RUNTIME, LICENCES = "AppImage runtime", "licences"

COMPONENTS = (
    *(TORCH, PYTHON, NUMPY, TOKENIZER, SPEECH_DETECTOR, FFMPEG, TLS, APPLICATION),
    *(PAGE, SERVICE, APPIMAGE_RUNTIME, LICENCES, OTHER),
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
    Rule(component=PAGE, pattern=r"^transcriber/page/"),
    # The manual and completions, filters and names of languages, and what shows it on a desktop.
    Rule(component=APPLICATION, pattern=r"^(terminal|whisper|transcriber|usr/share)/"),
    Rule(component=TORCH, pattern=r"^torch/"),
    Rule(component=NUMPY, pattern=r"^numpy/"),
    Rule(component=FFMPEG, pattern=r"^ffmpeg$"),
    Rule(component=TLS, pattern=r"^certificates\.(der|pem)$"),
)
"""Of the files in a wheel, the program's folder or an AppImage; the executable is divided."""

OBJECT_RULES: tuple[Rule, ...] = (
    Rule(component=TLS, pattern=r"^lib(ssl|crypto)\.a"),
    Rule(component=APPLICATION, pattern=r"^module\.transcriber\b"),
    Rule(component=TOKENIZER, pattern=r"^module\.tiktoken"),
    # The database of its queue.
    Rule(component=SERVICE, pattern=r"^libsqlite3\.a"),
    # Python's own, what its modules are linked with, and Nuitka's part of the interpreter.
    Rule(component=PYTHON, pattern=r"^lib(python[\d.]+|ffi|z)\.a|^static_src/|^__\w+\.o$"),
)
"""Of the object files of the executable, their paths shortened."""

_MODULE_RULES = (
    Rule(component=TOKENIZER, pattern=r"^(whisper\.tokenizer|tiktoken|tiktoken_ext)(\.|$)"),
    # Of whisper, the model and its decoding run, beside the tokenizer; jeepney speaks to desktops.
    Rule(component=APPLICATION, pattern=r"^(transcriber|tqdm|whisper|jeepney)(\.|$)"),
    Rule(component=NUMPY, pattern=r"^numpy(\.|$)"),
    # Only PyTorch imports the second.
    Rule(component=TORCH, pattern=r"^(torch|typing_extensions)(\.|$)"),
    # The protocols; what answers is a part of the application.
    Rule(component=SERVICE, pattern=r"^(h11|wsproto|python_multipart)(\.|$)"),
    # ffmpeg-python, which writes ffmpeg's command lines, and what it imports.
    Rule(component=FFMPEG, pattern=r"^(ffmpeg|future|past)(\.|$)"),
)
"""Of the Python modules: which of them belong together no file says."""


def file_component(path: str) -> str:
    """Return the component of a file, by its path in the artefact."""
    return component_of(path, FILE_RULES)


def object_component(path: str) -> str:
    """Return the component of an object file of the executable, by its shortened path."""
    return component_of(path, OBJECT_RULES)


def module_component(path: str) -> str:
    """Return the component of ``torch.nn.functional`` or ``torch/nn/functional.py``."""
    name = path.removesuffix(".py").replace("/", ".")
    is_pythons = name.partition(".")[0] in sys.stdlib_module_names
    return PYTHON if is_pythons else component_of(name, _MODULE_RULES)


def component_totals(sizes: Iterable[tuple[str, int]]) -> dict[str, int]:
    """Return the bytes of each component that has some, in the order of `COMPONENTS`."""
    totals: Counter[str] = Counter()
    for name, size in sizes:
        totals[name] += size
    return {name: totals[name] for name in COMPONENTS if totals[name]}
