"""What this build of PyTorch leaves out, and how it says so.

An attribute that is missing raises `AbsentAttributeError`, an `AttributeError`, so that
``hasattr`` and ``getattr`` with a default still probe for features; a missing module raises
`AbsentModuleError`, a `ModuleNotFoundError`; a function that upstream's modules look up while
they are imported becomes a `Placeholder`, whose call raises `AbsentFunctionError`.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any, NoReturn


class AbsentAttributeError(AttributeError):
    """An attribute of PyTorch that this build leaves out."""


class AbsentModuleError(ModuleNotFoundError):
    """A module of PyTorch that this build leaves out.

    Parameters
    ----------
    absent : str
        Its full name. It is not in ``name``, because ``from torch import x`` drops an error that
        names ``torch.x`` there for one that tells less.
    """

    def __init__(self, absent: str) -> None:
        super().__init__(message(absent))
        self.absent = absent


class AbsentFunctionError(NotImplementedError):
    """The call of a function of PyTorch that this build leaves out."""


def message(name: str) -> str:
    """Return what a program reads that asks for the thing with this full name.

    Parameters
    ----------
    name : str
        Such as ``torch.nn.Conv3d``.
    """
    return (
        f"{name} is not in this build of PyTorch, which holds only what Whisper uses: "
        "if the program needs it, call it in a case of torch-build/torch_build/trace, "
        'then run "make trace" and "make torch"'
    )


class Placeholder:
    """Stands where upstream's modules look up a function, and says at the call that it is absent.

    Parameters
    ----------
    name : str
        The function's full name.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.__name__ = name.rpartition(".")[2]
        self.__doc__ = message(name)

    def __call__(self, *args: Any, **keywords: Any) -> NoReturn:
        """Raise `AbsentFunctionError`."""
        raise AbsentFunctionError(message(self.name))

    def __repr__(self) -> str:
        return f"<{self.name}, absent from this build>"


_allowing = 0


@contextmanager
def placeholders() -> Iterator[None]:
    """Let missing attributes of modules be placeholders, for modules that only name them."""
    global _allowing  # noqa: PLW0603 - one import at a time, under Python's import lock
    _allowing += 1
    try:
        yield
    finally:
        _allowing -= 1


def missing(name: str) -> Placeholder:
    """Return a placeholder where those are let, else raise `AbsentAttributeError`."""
    if _allowing:
        return Placeholder(name)
    raise AbsentAttributeError(message(name))


def rename_placeholders(module: ModuleType) -> None:
    """Name each placeholder in a module as a program reaches it there."""
    for name, value in vars(module).items():
        if isinstance(value, Placeholder):
            value.name = f"{module.__name__}.{name}"
            value.__doc__ = message(value.name)


def is_special(name: str) -> bool:
    """Tell whether Python or a library probes an object by this name, not for PyTorch's sake."""
    return (name.startswith("__") and name.endswith("__")) or name.startswith(
        ("_repr_", "_ipython_")
    )


def module_getattr(module: str, lazy: dict[str, str] | None = None) -> Callable[[str], Any]:
    """Return the ``__getattr__`` of a module.

    Parameters
    ----------
    module : str
        The module's full name.
    lazy : dict of str to str, optional
        Attributes that another module has, which is imported at their first use.

    Returns
    -------
    callable
        Finds the lazy attributes, then the modules inside this one, and says of all other names
        that they are absent.
    """
    lazy = lazy or {}
    namespace = vars(sys.modules[module])

    def find(name: str) -> Any:
        if is_special(name):
            raise AttributeError(f"module {module!r} has no attribute {name!r}", name=name)
        if name in lazy:
            with placeholders():
                value = getattr(importlib.import_module(lazy[name]), name)
            namespace[name] = value
            return value
        full = f"{module}.{name}"
        # A module that is being imported is in sys.modules, but not yet in its package.
        if full in sys.modules:
            return sys.modules[full]
        if "__path__" in namespace:
            try:
                return importlib.import_module(full)
            except AbsentModuleError as error:
                if error.absent != full:
                    raise
        try:
            return missing(full)
        except AbsentAttributeError as error:
            error.name, error.obj = name, sys.modules[module]
            raise

    return find


def absent_method(tensor: object, name: str) -> NoReturn:
    """Raise at a missing attribute of a tensor: ``torch.Tensor.__getattr__``."""
    kind = type(tensor).__name__
    if is_special(name):
        raise AttributeError(f"{kind!r} object has no attribute {name!r}", name=name, obj=tensor)
    error = AbsentAttributeError(message(f"torch.Tensor.{name}"))
    error.name, error.obj = name, tensor
    raise error


class AbsentModuleFinder:
    """The last finder of modules: a module of PyTorch that no other found is absent."""

    @staticmethod
    def find_spec(name: str, path: object = None, target: object = None) -> None:
        """Raise `AbsentModuleError` for a module of PyTorch, and leave all others alone."""
        if not name.startswith("torch."):
            return
        raise AbsentModuleError(name)
