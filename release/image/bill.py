"""The bill of materials of an image: that of the program, and what the image adds to it."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from buildkit.components import Component, Subject
from buildkit.errors import InputError
from buildkit.sbom import make_sbom

_UNUSED = Subject(name="image", version="0", licence="MIT", summary="")

Bill = dict[str, Any]
"""A bill of materials: CycloneDX's JSON."""


def bill_with(path: Path, added: Sequence[Component]) -> Bill:
    """Return the program's bill of materials with further components.

    Parameters
    ----------
    path : Path
        The program's own.
    added : sequence of Component
        What the image has beside the program.

    Raises
    ------
    InputError
        When `path` is no bill of materials.
    """
    described: Bill = json.loads(make_sbom(tuple(added), _UNUSED, {}))["components"]
    try:
        bill: Bill = json.loads(path.read_bytes())
        subject = bill["metadata"]["component"]
        subject["type"] = "container"
        [licence] = subject["licenses"]
        parts = licence["expression"].split(" AND ")
        new = [one.licence for one in added if one.licence not in parts]
        licence["expression"] = " AND ".join([*parts, *new])
        bill["components"] = sorted([*bill["components"], *described], key=_reference)
        references = [_reference(component) for component in bill["components"]]
        bill["dependencies"] = [
            {"ref": _reference(subject), "dependsOn": references},
            *({"ref": reference} for reference in references),
        ]
        # Derived from the content, as the program's own.
        own = uuid.UUID(bill.pop("serialNumber"))
        serial = uuid.uuid5(own, json.dumps(bill, sort_keys=True))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{path} is no bill of materials: {error}", "build the program again: make native"
        ) from error
    return {**bill, "serialNumber": f"urn:uuid:{serial}"}


def licence_of(bill: Bill) -> str:
    """Return the SPDX expression of all that is in the image."""
    return str(bill["metadata"]["component"]["licenses"][0]["expression"])


def bill_bytes(bill: Bill) -> bytes:
    """Return the file that a bill is written as."""
    return (json.dumps(bill, indent=1, ensure_ascii=False) + "\n").encode()


def _reference(entry: Bill) -> str:
    return str(entry["bom-ref"])
