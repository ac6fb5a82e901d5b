"""Compare the digests of what was published with those of builds of one's own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What became of a file.

    Attributes
    ----------
    name : str
        The file's.
    same : bool
        Whether all builds gave what was published.
    text : str
        What is told of it.
    """

    name: str
    same: bool
    text: str


def compare(published: Mapping[str, str], builds: Sequence[Mapping[str, str]]) -> Iterator[Verdict]:
    """Yield a verdict for each file that was published, in the order of their names.

    Parameters
    ----------
    published : mapping of str to str
        Digests by the names of files.
    builds : sequence of mappings of str to str
        The same of each build.
    """
    for name, digest in sorted(published.items()):
        found = [build.get(name) for build in builds]
        if None in found:
            text = "was not built here"
        elif len(set(found)) > 1:
            text = "differs from build to build: " + ", ".join(map(str, found))
        elif found[0] != digest:
            text = f"has the digest {digest} in the list, and {found[0]} in every build"
        else:
            text = "is what this source gives"
        yield Verdict(name=name, same=set(found) == {digest}, text=text)


def unpublished(published: Mapping[str, str], builds: Sequence[Mapping[str, str]]) -> list[str]:
    """Return the names of what was built and is not in the list."""
    return sorted({name for build in builds for name in build} - set(published))
