"""Functions, methods, attributes and modules of torch that a block of Python code uses.

A `TorchFunctionMode` would miss what torch's own Python functions call, and changes the way they
take. Python's profiling hook sees each call of a function in C; attributes and the methods behind
Python's operators, which it does not see, are wrapped in the class `torch.Tensor`.
"""

from __future__ import annotations

import contextlib
import functools
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from types import CodeType, FrameType
from typing import Any

import torch

from torch_build.operators import BINDING_GROUPS

_NAMESPACES = {f"torch._C._{group}": group for group in BINDING_GROUPS} | {"torch": "torch"}
_CODE_OF_FUNCTION = 0x1
"""The flag CO_OPTIMIZED: not set for the body of a module or of a class."""
_DEFINED_IN_PYTHON = 1 << 9
"""The flag Py_TPFLAGS_HEAPTYPE; pybind11's types have it, too, but are found by another way."""


class Called:
    """Collects what runs inside `recording` blocks."""

    def __init__(self) -> None:
        self.bindings: dict[str, set[str]] = {}
        self.extension: set[str] = set()
        self.executed: set[str] = set()
        self.imported: set[str] = set()
        self._codes: dict[int, CodeType] = {}
        self._builtins: set[tuple[object, str]] = set()

    @contextlib.contextmanager
    def recording(self) -> Iterator[None]:
        """Note what the block uses, also in threads that it starts."""
        with self._wrapped_tensor():
            previous = sys.getprofile()
            threading.setprofile(self._notice)
            sys.setprofile(self._notice)
            try:
                yield
            finally:
                sys.setprofile(previous)
                threading.setprofile(None)

    def _notice(self, frame: FrameType, event: str, argument: Any) -> None:
        if event == "call":
            # The hash of a code object covers its content, which takes long.
            if id(frame.f_code) not in self._codes:
                self._codes[id(frame.f_code)] = frame.f_code
                self._python_function(frame)
        elif event == "c_call":
            owner = argument.__self__
            # The owner's type stands for a bound method, and the module for a function.
            place = argument.__module__ if owner is None or _is_module(owner) else type(owner)
            if (place, argument.__name__) not in self._builtins:
                self._builtins.add((place, argument.__name__))
                self._builtin(argument, place)

    def _python_function(self, frame: FrameType) -> None:
        module = frame.f_globals.get("__name__")
        if isinstance(module, str) and (module == "torch" or module.startswith("torch.")):
            function = frame.f_code.co_flags & _CODE_OF_FUNCTION
            (self.executed if function else self.imported).add(module)

    def _builtin(self, function: Any, place: object) -> None:
        name = function.__name__
        if isinstance(place, str):
            if place in _NAMESPACES:
                self._bound(_NAMESPACES[place], name)
            elif place.startswith("torch._C"):
                self.extension.add(f"{place}.{name}".removeprefix("torch._C."))
        elif isinstance(place, type) and place.__name__.startswith("pybind11"):
            self.extension.update(_pybind_names().get(id(function), ()))
        elif function.__qualname__.startswith("_VariableFunctions"):
            self._bound("torch", name)
        elif function.__qualname__.startswith("TensorBase."):
            # A static method, such as _make_subclass, has no owner.
            self._bound("Tensor", name)
        elif isinstance(place, type):
            # A method of a class belongs to the class, and not to the class's own class.
            owner = function.__self__ if isinstance(function.__self__, type) else place
            self._method_of(_defining_class(owner, name), name)

    def _method_of(self, owner: type, name: str) -> None:
        if hasattr(object, name):
            # Every object has it; what a tensor has instead is wrapped or written in Python.
            return
        if owner is not object and issubclass(torch.Tensor, owner):
            self._bound("Tensor", name)
        elif not owner.__flags__ & _DEFINED_IN_PYTHON and owner.__module__.startswith("torch"):
            self.extension.add(f"{owner.__name__}.{name}")

    def _bound(self, group: str, name: str) -> None:
        self.bindings.setdefault(group, set()).add(name)

    @contextlib.contextmanager
    def _wrapped_tensor(self) -> Iterator[None]:
        added = []
        for name, descriptor in vars(torch._C.TensorBase).items():
            if name in vars(torch.Tensor) or name == "__new__":
                continue
            kind = type(descriptor).__name__
            if kind == "getset_descriptor":
                setattr(torch.Tensor, name, self._attribute(name, descriptor))
            elif name.startswith("__") and kind in ("method_descriptor", "wrapper_descriptor"):
                setattr(torch.Tensor, name, self._method(name, descriptor))
            else:
                continue
            added.append(name)
        try:
            yield
        finally:
            for name in added:
                delattr(torch.Tensor, name)

    def _attribute(self, name: str, descriptor: Any) -> property:
        def read(tensor: torch.Tensor) -> Any:
            self._bound("Tensor", name)
            return descriptor.__get__(tensor)

        def write(tensor: torch.Tensor, value: Any) -> None:
            self._bound("Tensor", name)
            descriptor.__set__(tensor, value)

        def delete(tensor: torch.Tensor) -> None:
            self._bound("Tensor", name)
            descriptor.__delete__(tensor)

        return property(read, write, delete)

    def _method(self, name: str, descriptor: Any) -> Callable[..., Any]:
        def call(tensor: torch.Tensor, *arguments: Any) -> Any:
            self._bound("Tensor", name)
            return descriptor(tensor, *arguments)

        return call


def _defining_class(owner: type, name: str) -> type:
    return next((base for base in owner.__mro__ if name in vars(base)), object)


@functools.cache
def _pybind_names() -> Mapping[int, tuple[str, ...]]:
    """Return the names of the methods of types in ``torch._C`` by their functions.

    The functions that pybind11 makes don't know their class.
    """
    names: dict[int, tuple[str, ...]] = {}
    for owner in (value for value in vars(torch._C).values() if isinstance(value, type)):
        for name, method in vars(owner).items():
            function = id(getattr(method, "__func__", method))
            names[function] = (*names.get(function, ()), f"{owner.__name__}.{name}")
    return names


def _is_module(owner: object) -> bool:
    return type(owner) is type(sys)
