"""What upstream's modules ask of ``torch._C`` for parts of PyTorch that this build leaves out.

The native module holds what computes. What it lacks of the functions below answers as PyTorch
does when those parts (tracing, functorch, modes, other devices) are not in use.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any, BinaryIO, NoReturn

from torch import _C
from torch._absent import Placeholder, is_special, message, missing


def _add_docstr(thing: Any, text: str) -> Any:
    return thing


def _nothing(*arguments: object, **keywords: object) -> None:
    return None


def _no(*arguments: object) -> bool:
    return False


def _zero() -> int:
    return 0


def _no_metadata(tensor: object) -> dict[str, bool]:
    return {}


def _set_metadata(tensor: object, metadata: dict[str, bool]) -> None:
    raise NotImplementedError(message("torch._C._set_tensor_metadata"))


class ScriptMethod:
    """Upstream tells scripted methods from others by this class; there are none."""


class NoTarFile:
    """Takes the place of the module tarfile: PyTorch's oldest checkpoints were tar archives."""

    PAX_FORMAT = 1

    class TarError(Exception):
        """What is read is no such archive, so that it may be of the next format."""

    @staticmethod
    def open(fileobj: BinaryIO, mode: str, format: int) -> NoReturn:
        """Refuse a tar archive."""
        del mode, format
        # POSIX, IEEE Std 1003.1, "ustar Interchange Format".
        if fileobj.read(512)[257:262] == b"ustar":
            raise RuntimeError(
                "the file is a checkpoint in the tar format of 2017, which this build of PyTorch "
                "does not read: load it with another, and save it with torch.save"
            )
        raise NoTarFile.TarError


class DispatchKey:
    """A name for annotations; Python has no part in dispatching here."""


_functorch = ModuleType("torch._C._functorch")
_functorch.is_functorch_wrapped_tensor = _no  # type: ignore[attr-defined]

_STAND_INS: dict[str, Any] = {
    "_add_docstr": _add_docstr,
    "_log_api_usage_once": _nothing,
    "_log_api_usage_metadata": _nothing,
    "_get_tracing_state": _nothing,
    "_get_privateuse1_backend_name": lambda: "privateuseone",
    "_get_default_device": lambda: "cpu",
    "_get_tensor_metadata": _no_metadata,
    "_set_tensor_metadata": _set_metadata,
    "_functorch": _functorch,
    "_DisableFuncTorch": _nothing,
    "_is_torch_function_mode_enabled": _no,
    "_len_torch_function_stack": _zero,
    "ScriptMethod": ScriptMethod,
    "DispatchKey": DispatchKey,
    **{
        name: Placeholder(f"torch._C.{name}")
        for name in (
            "_get_function_stack_at",
            "_pop_torch_function_stack",
            "_push_on_torch_function_stack",
        )
    },
}


def complete_native_module() -> None:
    """Set on ``torch._C`` what it lacks of the above; ``torch._C._nn`` names what it lacks."""
    for name, value in _STAND_INS.items():
        if not hasattr(_C, name):
            setattr(_C, name, value)
    # "import torch._C._nn" and pickles look there.
    sys.modules.setdefault("torch._C._nn", _C._nn)

    def find(name: str) -> Any:
        if is_special(name):
            raise AttributeError(f"module 'torch._C._nn' has no attribute {name!r}")
        return missing(f"torch.nn.functional.{name}")

    _C._nn.__getattr__ = find


class _BaseMethods:
    """The methods of ``torch._C.TensorBase``, and placeholders for those that are absent."""

    def __getattr__(self, name: str) -> Any:
        return getattr(_C.TensorBase, name, None) or Placeholder(f"torch.Tensor.{name}")


class NativeModule:
    """``torch._C`` as upstream's ``_tensor`` sees it, which builds a class from methods there."""

    TensorBase = _BaseMethods()

    @property
    def _VariableFunctions(self) -> Any:  # noqa: N802 - upstream's name
        from torch import _VF  # noqa: PLC0415 - needs torch

        return _VF

    def __getattr__(self, name: str) -> Any:
        return getattr(_C, name)


for_tensor_class = NativeModule()
