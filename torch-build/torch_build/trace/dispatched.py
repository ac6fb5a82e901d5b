"""Operators that a block of code calls, with their overloads and the types of their tensors.

PyTorch's own execution trace is the source: it lists every call that goes through the dispatcher,
also those of one operator by another, which a `TorchDispatchMode` does not see.
"""

from __future__ import annotations

import contextlib
import re
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from torch_build.operators import DIRECT, NESTED, Operator

_SCALAR_TYPES = {
    "bool": "Bool",
    "unsigned char": "Byte",
    "signed char": "Char",
    "short int": "Short",
    "int": "Int",
    "long int": "Long",
    "c10::Half": "Half",
    "c10::BFloat16": "BFloat16",
    "float": "Float",
    "double": "Double",
    "c10::complex<c10::Half>": "ComplexHalf",
    "c10::complex<float>": "ComplexFloat",
    "c10::complex<double>": "ComplexDouble",
    "unsigned short int": "UInt16",
    "unsigned int": "UInt32",
    "unsigned long int": "UInt64",
}
"""The trace writes C++ types; torchgen and the dispatch macros have names of their own."""

_NODE = re.compile(r'"id": (\d+), "name": "((?:[^"\\]|\\.)*)", "ctrl_deps": (\d+)')
_TYPES = re.compile(r'"types": \[(.*)\], "strides"')
_TENSOR = re.compile(r"Tensor\(([^()]*)\)")
_SCHEMA = re.compile(r'"op_schema", "type": "string", "value": "([\w:]+(?:\.\w+)?)\(')
_SPARSE = re.compile(r'\[\d+,0,0,0,0,""\]')
"""What the trace writes of a tensor without storage: of a sparse one."""

_THREAD = "[pytorch|profiler|execution_trace|thread]"


class Dispatched:
    """Collects the operators that run inside `recording` blocks."""

    def __init__(self) -> None:
        self._dtypes: dict[str, set[str]] = {}
        self._direct: set[str] = set()
        self._sparse: set[str] = set()

    @contextlib.contextmanager
    def recording(self) -> Iterator[None]:
        """Note the operators that the block calls, in any thread."""
        # The PyTorch that is built has no profiler; there, a trace can still be read.
        from torch.profiler import ExecutionTraceObserver  # noqa: PLC0415

        with tempfile.TemporaryDirectory(prefix="operators-") as folder:
            path = Path(folder) / "trace.json"
            observer = ExecutionTraceObserver().register_callback(str(path))
            observer.start()
            try:
                yield
            finally:
                observer.stop()
                observer.unregister_callback()
            with path.open(encoding="utf-8", errors="replace") as lines:
                self.add(lines)

    def add(self, lines: Iterable[str]) -> None:
        """Read an execution trace.

        Line by line, because the values in it need not be valid JSON and a minute of decoding
        makes hundreds of megabytes.
        """
        threads: set[str] = set()
        parent, types, sparse = "", "", False
        for line in lines:
            if '"ctrl_deps"' in line:
                if node := _NODE.search(line):
                    if node[2] == _THREAD:
                        threads.add(node[1])
                    parent, types, sparse = node[3], "", False
            elif '"types"' in line:
                if found := _TYPES.search(line):
                    types += found[1]
                # A tensor that is not there has no storage, either.
                sparse = sparse or bool("nullptr" not in line and _SPARSE.search(line))
            elif '"op_schema"' in line and (schema := _SCHEMA.search(line)):
                name = schema[1]
                self._dtypes.setdefault(name, set()).update(_TENSOR.findall(types))
                if parent in threads:
                    self._direct.add(name)
                if sparse:
                    self._sparse.add(name)

    def operators(self) -> tuple[Operator, ...]:
        """Return what was found so far, sorted by name."""
        return tuple(
            Operator(
                name=name,
                dtypes=tuple(sorted(_SCALAR_TYPES[dtype] for dtype in self._dtypes[name])),
                call=DIRECT if name in self._direct else NESTED,
                sparse=name in self._sparse,
            )
            for name in sorted(self._dtypes)
        )
