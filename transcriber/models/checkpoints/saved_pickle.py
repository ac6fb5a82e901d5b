"""The pickle of a checkpoint, read with stand-ins before torch reads it with tensors.

Only what is met in checkpoints of weights is known here: each opcode means the same to torch, and
whatever else torch would follow is refused. Sizes, offsets and strides are compared with the
records, so that no tensor of torch's reaches beyond its own.

Other Pythons run this module, too: it keeps to what Python 3.8 knows.

Source: the opcodes are documented in Python's ``pickletools``; what torch makes of them, in its
``_weights_only_unpickler.py``.
"""

from __future__ import annotations

import io
import math
import operator
import pickle
from collections import OrderedDict
from collections.abc import Callable, Mapping
from itertools import chain, islice
from typing import Any, ClassVar

from transcriber.models.bad_checkpoints import printable
from transcriber.models.checkpoints.saved_archive import UnsoundError

WEIGHTS = {"FloatStorage": 4, "HalfStorage": 2, "BFloat16Storage": 2}
"""torch's classes for the types of weights, and the bytes of an element."""

STORAGES = {
    **WEIGHTS,
    **{"DoubleStorage": 8, "LongStorage": 8, "IntStorage": 4, "ShortStorage": 2},
    **{"CharStorage": 1, "ByteStorage": 1, "BoolStorage": 1},
}
"""Also those of what training scripts keep beside the weights."""

_PROTOCOL = pickle.PROTO + b"\2"

_KNOWN = (
    *(pickle.GLOBAL, pickle.REDUCE, pickle.BUILD, pickle.BINPERSID, pickle.STOP),
    *(pickle.MARK, pickle.TUPLE, pickle.TUPLE1, pickle.TUPLE2, pickle.TUPLE3, pickle.EMPTY_TUPLE),
    *(pickle.EMPTY_DICT, pickle.SETITEM, pickle.SETITEMS),
    *(pickle.EMPTY_LIST, pickle.APPEND, pickle.APPENDS),
    *(pickle.NONE, pickle.NEWFALSE, pickle.NEWTRUE, pickle.BINFLOAT, pickle.BINUNICODE),
    *(pickle.BININT, pickle.BININT1, pickle.BININT2, pickle.LONG1),
    *(pickle.BINGET, pickle.LONG_BINGET, pickle.BINPUT, pickle.LONG_BINPUT),
)

_AXES = 32
"""Above a tensor's in any model."""

_COUNTS = 1 << 31
"""Above any count in a real model. Larger keys could all fall into one place of a dictionary, and
larger sizes overflow."""

_PARTS, _DEPTH = 10_000, 3
"""Numbers in the dimensions or among the alignment heads of a checkpoint, and how deep they lie."""


class ForeignError(UnsoundError):
    """A pickle refers to what is no part of a checkpoint of weights.

    Attributes
    ----------
    name : str
        The module and the name in it.
    """

    def __init__(self, name: str) -> None:
        self.name = printable(name[:100])
        super().__init__(f"it refers to {self.name}")


class _StorageType:
    def __init__(self, name: str) -> None:
        self.item_size = STORAGES[name]


class _Storage:
    def __init__(self, kind: _StorageType, count: int) -> None:
        self.kind, self.count = kind, count


class _Tensor:
    """Stands for a tensor, which is checked."""


def check_pickle(content: bytes, sizes: Mapping[str, int], storages: Mapping[str, int]) -> None:
    """Look at every tensor that a pickle describes.

    Parameters
    ----------
    content : bytes
        The record ``data.pkl``.
    sizes : mapping of str to int
        The records of the archive, and their bytes.
    storages : mapping of str to int
        The types that a tensor may have: `WEIGHTS` or `STORAGES`.

    Raises
    ------
    UnsoundError
        When a tensor does not fit its record, or the pickle does more than describe tensors.
    """
    if not content.startswith(_PROTOCOL):
        raise UnsoundError("its pickle is none of the second protocol")
    # Where torch meets another protocol, it warns on several lines.
    stream = io.BytesIO(content[len(_PROTOCOL) :])
    try:
        result = _Reader(stream, sizes, storages).load()
    except UnsoundError:
        raise
    # Python's unpickler documents no exceptions, and damage raises many kinds.
    except Exception as error:
        if isinstance(error, MemoryError):
            raise
        raise UnsoundError(f"its pickle is damaged: {type(error).__name__}") from error
    _check_content(result)


# That in C gives each number of its memo a place, and a number has four bytes.
class _Reader(pickle._Unpickler):
    dispatch: ClassVar[dict[int, Any]] = {
        code[0]: pickle._Unpickler.dispatch[code[0]] for code in _KNOWN
    }
    # Those of the base class, which no description of its types has.
    stack: list[Any]
    append: Callable[[Any], None]
    pop_mark: Callable[[], list[Any]]

    def __init__(
        self, stream: io.BytesIO, sizes: Mapping[str, int], storages: Mapping[str, int]
    ) -> None:
        super().__init__(stream)
        self._sizes = sizes
        self._loaded: dict[str, _Storage] = {}
        self._globals: dict[str, Any] = {
            "collections OrderedDict": _ordered_dictionary,
            "torch._utils _rebuild_tensor_v2": _tensor,
            "torch._utils _rebuild_parameter": _parameter,
            **{f"torch {name}": _StorageType(name) for name in storages},
        }

    def find_class(self, module: str, name: str) -> Any:
        try:
            return self._globals[f"{module} {name}"]
        except KeyError:
            raise ForeignError(f"{module} {name}") from None

    def persistent_load(self, pid: Any) -> _Storage:
        kind = pid[1] if type(pid) is tuple and len(pid) == 5 else None
        if not isinstance(kind, _StorageType) or pid[0] != "storage":
            raise UnsoundError("a storage is not described as torch describes it")
        _, _, key, place, count = pid
        if type(key) is not str or type(place) is not str or type(count) is not int:
            raise UnsoundError("a storage is not described as torch describes it")
        size = self._sizes.get(f"data/{key}")
        # In both directions: what is shorter than its record is no storage that torch saved.
        if size is None or count < 0 or count * kind.item_size != size:
            raise UnsoundError(f"a storage of {count} elements does not fit its record")
        storage = self._loaded.setdefault(key, _Storage(kind, count))
        # torch takes the first type for all that follows.
        if storage.kind is not kind:
            raise UnsoundError("a record has two types")
        return storage

    def load_reduce(self) -> None:
        arguments = self.stack.pop()
        function = self.stack.pop()
        # A long tuple could be given to a function again and again.
        if function not in _FUNCTIONS or type(arguments) is not tuple or len(arguments) > 6:
            raise UnsoundError("its pickle calls what is no function of a checkpoint")
        self.append(function(*arguments))

    dispatch[pickle.REDUCE[0]] = load_reduce

    def load_build(self) -> None:
        state = self.stack.pop()
        # Anything else would stand in the place of a method.
        if type(self.stack[-1]) is not OrderedDict or type(state) is not dict:
            raise UnsoundError("its pickle changes what is no dictionary")
        if state.keys() - {"_metadata"}:
            raise UnsoundError("its pickle changes what a dictionary does")

    dispatch[pickle.BUILD[0]] = load_build

    def load_setitem(self) -> None:
        value = self.stack.pop()
        self._put([self.stack.pop(), value])

    dispatch[pickle.SETITEM[0]] = load_setitem

    def load_setitems(self) -> None:
        self._put(self.pop_mark())

    dispatch[pickle.SETITEMS[0]] = load_setitems

    def _put(self, items: list[Any]) -> None:
        target = self.stack[-1]
        if type(target) not in (dict, OrderedDict) or len(items) % 2:
            raise UnsoundError("its pickle sets the items of what is no dictionary")
        # The hash of tuples in tuples takes the stack, which ends.
        if not all(type(key) is str or _is_count(key) for key in items[::2]):
            raise UnsoundError("a dictionary has keys that are no names")
        for place in range(0, len(items), 2):
            target[items[place]] = items[place + 1]


def _check_content(content: object) -> None:
    """Refuse what the program could not even look at."""
    parts: list[object] = []
    holders = [content]
    if isinstance(content, dict):
        # Of what is nested deep, or holds itself, neither a hash nor a text can be made.
        for key in ("dims", "alignment_heads"):
            if not _is_shallow(content.get(key)):
                raise UnsoundError(f"its {key} are no numbers")
        state = content.get("model_state_dict")
        holders.append(state)
        parts += state.values() if isinstance(state, dict) else ()
    # torch warns on several lines of whatever is done with a storage, and of a tensor's items.
    if any(isinstance(holder, (_Storage, _Tensor)) for holder in holders):
        raise UnsoundError("a tensor stands where a dictionary should")
    if any(isinstance(part, _Storage) for part in parts):
        raise UnsoundError("a storage stands where a tensor should")


def _is_shallow(value: object) -> bool:
    parts = [value]
    for _ in range(_DEPTH):
        if any(isinstance(part, (_Storage, _Tensor)) for part in parts):
            return False
        within = (
            part.values() if isinstance(part, dict) else part
            for part in parts
            if isinstance(part, (dict, list, tuple))
        )
        parts = list(islice(chain.from_iterable(within), _PARTS))
        if len(parts) == _PARTS:
            return False
    return not parts


def _is_count(value: object) -> bool:
    return type(value) is int and 0 <= value < _COUNTS


def _ordered_dictionary() -> OrderedDict[Any, Any]:
    return OrderedDict()


def _tensor(
    storage: Any, offset: Any, shape: Any, strides: Any, gradient: Any, hooks: Any
) -> _Tensor:
    if not isinstance(storage, _Storage) or type(gradient) is not bool or _is_hooked(hooks):
        raise UnsoundError("a tensor is not described as torch describes it")
    if type(shape) is not tuple or type(strides) is not tuple or len(shape) != len(strides):
        raise UnsoundError("a tensor's shape and strides do not fit together")
    if len(shape) > _AXES or not all(map(_is_count, (offset, *shape, *strides))):
        raise UnsoundError("a tensor's shape or place is not made of counts")
    steps = map(operator.mul, (size - 1 for size in shape), strides)
    # Without elements it may begin where its storage ends.
    if offset + (sum(steps) if all(shape) else -1) >= storage.count:
        raise UnsoundError("a tensor reaches beyond its record")
    # A stride of zero makes a large tensor of a few bytes; without elements, others may overflow.
    if math.prod(shape) > storage.count or math.prod(size or 1 for size in shape) >= _COUNTS:
        raise UnsoundError("a tensor is larger than its record")
    return _Tensor()


def _parameter(tensor: Any, gradient: Any, hooks: Any) -> _Tensor:
    if not isinstance(tensor, _Tensor) or type(gradient) is not bool or _is_hooked(hooks):
        raise UnsoundError("a parameter is not described as torch describes it")
    return tensor


def _is_hooked(hooks: object) -> bool:
    return type(hooks) is not OrderedDict or bool(hooks)


_FUNCTIONS: tuple[Callable[..., Any], ...] = (_ordered_dictionary, _tensor, _parameter)
