"""The source of a class, which torch.save of a whole model puts beside it."""

from __future__ import annotations

import inspect
from typing import Any


def get_source_lines_and_file(
    obj: Any, error_msg: str | None = None
) -> tuple[list[str], int, str | None]:
    """Return the lines of the object's source, the number of the first, and the file.

    Raises
    ------
    OSError
        When the source cannot be found.
    """
    try:
        lines, first = inspect.getsourcelines(obj)
        return lines, first, inspect.getsourcefile(obj)
    except OSError as error:
        raise OSError(error_msg or f"the source of {obj} cannot be found") from error
