"""What upstream's modules take from the compiler of TorchScript, which is not in this build."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

Function = TypeVar("Function", bound=Callable[..., Any])


class _AnyIndex:
    def __getitem__(self, index: object) -> None:
        return None


BroadcastingList1 = BroadcastingList2 = BroadcastingList3 = _AnyIndex()


def is_scripting() -> bool:
    """Return False: nothing is compiled here."""
    return False


def _overload(function: Function) -> Function:
    return function


def _copy_to_script_wrapper(function: Function) -> Function:
    return function


def boolean_dispatch(
    *,
    arg_name: str,
    arg_index: int,
    default: bool,
    if_true: Callable[..., Any],
    if_false: Callable[..., Any],
    module_name: str,
    func_name: str,
) -> Callable[..., Any]:
    """Return a function that calls one of two, as one of its arguments is true or false."""

    def choose(*args: Any, **keywords: Any) -> Any:
        flag = keywords.get(arg_name, args[arg_index] if arg_index < len(args) else default)
        return (if_true if flag else if_false)(*args, **keywords)

    choose.__module__, choose.__name__ = module_name, func_name
    choose.__doc__ = if_true.__doc__ or if_false.__doc__
    return choose
