"""An image as one file: the layout of the Open Container Initiative, in a tar archive.

``podman load``, ``skopeo`` and containerd read the index; ``docker load`` reads a list of its own
beside it, which refers to the same blobs.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from buildkit.archive import Members, make_tar
from buildkit.files import atomic_writer
from release.image.layers import Layer, digest

CONFIGURATION = "application/vnd.oci.image.config.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"

_NAME = "org.opencontainers.image.ref.name"


@dataclass(frozen=True, kw_only=True)
class Image:
    """An image before it is written.

    Attributes
    ----------
    name : str
        With its tag, as the reader will type it.
    configuration : mapping
        What runs in it and how, by OCI's names, without the layers.
    layers : sequence of Layer
        The lowest first.
    """

    name: str
    configuration: Mapping[str, Any]
    layers: Sequence[Layer]


def layout(image: Image) -> Members:
    """Return the files of the layout, by their paths."""
    blobs: dict[str, bytes] = {}
    layers = [_store(blobs, layer.media_type, layer.blob) for layer in image.layers]
    configuration = _json(
        {
            "architecture": "amd64",
            "os": "linux",
            "config": image.configuration,
            "rootfs": {"type": "layers", "diff_ids": [layer.diff_id for layer in image.layers]},
        }
    )
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": _store(blobs, CONFIGURATION, configuration),
        "layers": layers,
    }
    entry = {
        **_store(blobs, MANIFEST, _json(manifest)),
        "platform": {"architecture": "amd64", "os": "linux"},
        "annotations": {_NAME: image.name},
    }
    index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": [entry]}
    for_docker = {
        "Config": _path(digest(configuration)),
        "RepoTags": [image.name],
        "Layers": [_path(layer["digest"]) for layer in layers],
    }
    return {
        "oci-layout": _json({"imageLayoutVersion": "1.0.0"}),
        "index.json": _json(index),
        "manifest.json": _json([for_docker]),
        **blobs,
    }


def write_layout(image: Image, path: Path) -> None:
    """Write the layout of `image` as the tar archive `path`.

    Raises
    ------
    StorageError
        When it cannot be written.
    """
    with atomic_writer(path) as stream:
        stream.write(make_tar(layout(image)))
    path.chmod(0o644)


def _store(blobs: dict[str, bytes], media_type: str, content: bytes) -> dict[str, Any]:
    """Add a blob and return the words by which others refer to it."""
    name = digest(content)
    blobs[_path(name)] = content
    return {"mediaType": media_type, "digest": name, "size": len(content)}


def _path(name: str) -> str:
    return f"blobs/{name.replace(':', '/')}"


def _json(content: object) -> bytes:
    return json.dumps(content, separators=(",", ":"), ensure_ascii=False).encode()
