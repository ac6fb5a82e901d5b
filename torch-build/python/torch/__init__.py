"""PyTorch with only what Whisper uses, on the processor.

Upstream's own modules, as far as they are needed, around a native module with the operators that
``torch-build/operators.yaml`` lists. Modules are imported when they are first used.
"""

from __future__ import annotations

import math as _math
import sys as _sys
from typing import Any as _Any

from torch import _C, _absent
from torch.version import __version__ as __version__

if not any(finder is _absent.AbsentModuleFinder for finder in _sys.meta_path):
    _sys.meta_path.append(_absent.AbsentModuleFinder)  # type: ignore[arg-type]

from torch import _stand_ins

_stand_ins.complete_native_module()


def _publish(native: _Any, names: list[str]) -> None:
    for name in names:
        value = globals()[name] = getattr(native, name)
        # Pickles and messages say torch.conv1d. The native classes are named so already, or keep
        # their names, as upstream's do.
        if not isinstance(value, type) and callable(value):
            value.__module__ = __name__


_publish(_C, [name for name in dir(_C) if name[0] != "_" and not name.endswith("Base")])


class SymInt:
    """Has no instances: sizes are numbers here."""


class SymFloat:
    """Has no instances: numbers are numbers here."""


class SymBool:
    """Has no instances: truth values are truth values here."""


def sym_int(value: float) -> int:
    """Return the number as an integer, rounded towards zero."""
    return int(value)


def sym_float(value: float) -> float:
    """Return the number as a floating-point number."""
    return float(value)


def sym_not(value: bool) -> bool:
    """Return the opposite."""
    return not value


sym_min, sym_max = min, max

inf = _math.inf
nan = _math.nan
pi = _math.pi
e = _math.e
newaxis = None

# Upstream's Python functions around native ones, some of the same names.
_IN_FUNCTIONAL = (
    "align_tensors",
    "atleast_1d",
    "atleast_2d",
    "atleast_3d",
    "block_diag",
    "broadcast_shapes",
    "broadcast_tensors",
    "cartesian_prod",
    "cdist",
    "chain_matmul",
    "einsum",
    "lu",
    "meshgrid",
    "norm",
    "pca_lowrank",
    "split",
    "stft",
    "svd_lowrank",
    "tensordot",
    "unique",
    "unique_consecutive",
    "unravel_index",
)

__getattr__ = _absent.module_getattr(
    __name__,
    {
        "load": "torch.serialization",
        "save": "torch.serialization",
        "set_printoptions": "torch._tensor_str",
        **dict.fromkeys(_IN_FUNCTIONAL, "torch.functional"),
    },
)

from torch._tensor import Tensor  # noqa: E402
from torch.storage import TypedStorage, UntypedStorage, _LegacyStorage  # noqa: E402

Tensor.__getattr__ = _absent.absent_method


def _make_storage_class(name: str, dtype: str) -> type:
    from torch._utils import classproperty  # noqa: PLC0415 - imported with torch.storage
    from torch.storage import _warn_typed_storage_removal  # noqa: PLC0415

    def quiet(cls: type) -> _Any:
        return globals()[dtype]

    def warning(cls: type) -> _Any:
        _warn_typed_storage_removal(stacklevel=3)
        return globals()[dtype]

    body = {"__module__": __name__, "dtype": classproperty(warning), "_dtype": classproperty(quiet)}
    return type(_LegacyStorage)(name, (_LegacyStorage,), body)


# Files that torch.save wrote refer to these by name.
_storage_classes = {TypedStorage, UntypedStorage}
for _name, _value in {
    "ByteStorage": "uint8",
    "DoubleStorage": "double",
    "FloatStorage": "float",
    "HalfStorage": "half",
    "LongStorage": "long",
    "IntStorage": "int",
    "ShortStorage": "short",
    "CharStorage": "int8",
    "BoolStorage": "bool",
    "BFloat16Storage": "bfloat16",
    "ComplexDoubleStorage": "cdouble",
    "ComplexFloatStorage": "cfloat",
    "QUInt8Storage": "quint8",
    "QInt8Storage": "qint8",
    "QInt32Storage": "qint32",
    "QUInt4x2Storage": "quint4x2",
    "QUInt2x4Storage": "quint2x4",
}.items():
    _class = globals()[_name] = _make_storage_class(_name, _value)
    _storage_classes.add(_class)
del _name, _value, _class
_tensor_classes: set[type] = set()

_C._initExtension(b"")

_publish(
    _C._VariableFunctions,
    [
        name
        for name in dir(_C._VariableFunctions)
        if not name.startswith("__") and name not in _IN_FUNCTIONAL
    ],
)

from torch.autograd.grad_mode import (  # noqa: E402
    enable_grad as enable_grad,
)
from torch.autograd.grad_mode import (  # noqa: E402
    inference_mode as inference_mode,
)
from torch.autograd.grad_mode import (  # noqa: E402
    no_grad as no_grad,
)
from torch.autograd.grad_mode import (  # noqa: E402
    set_grad_enabled as set_grad_enabled,
)
from torch.random import (  # noqa: E402
    get_rng_state as get_rng_state,
)
from torch.random import (  # noqa: E402
    initial_seed as initial_seed,
)
from torch.random import (  # noqa: E402
    manual_seed as manual_seed,
)
from torch.random import (  # noqa: E402
    seed as seed,
)
from torch.random import (  # noqa: E402
    set_rng_state as set_rng_state,
)


def is_tensor(value: object, /) -> bool:
    """Tell whether the value is a tensor."""
    return isinstance(value, Tensor)


def is_storage(value: object, /) -> bool:
    """Tell whether the value is a storage of a tensor."""
    return type(value) in _storage_classes


def typename(value: _Any, /) -> str:
    """Return the full name of the value's type, or of the value where it is a type."""
    if isinstance(value, Tensor):
        return str(value.type())
    named = value if hasattr(value, "__qualname__") else type(value)
    module = named.__module__ or ""
    prefix = "" if module in {"", "builtins"} else f"{module}."
    return f"{prefix}{named.__qualname__}"


def set_default_dtype(dtype: _Any, /) -> None:
    """Set the floating-point type of tensors that are made without a type."""
    _C._set_default_dtype(dtype)


def get_default_device() -> _Any:
    """Return the processor."""
    return device("cpu")  # noqa: F821 - from torch._C


def are_deterministic_algorithms_enabled() -> bool:
    """Return False: there is no switch for it, and no operator that would need one."""
    return False


def _running_with_deploy() -> bool:
    return False


def _is_functional_tensor(tensor: Tensor) -> bool:
    return False
