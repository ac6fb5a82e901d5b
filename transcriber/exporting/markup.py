"""What HTML and the XML of documents have in common."""

from __future__ import annotations

_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;"})


def escaped(text: str) -> str:
    """Return a text that stands for itself in HTML and XML, in attributes, too.

    Parameters
    ----------
    text : str
        Without controls, which XML has no way to write: see `transcriber.exporting.document.clean`.

    Examples
    --------
    >>> escaped("<R&D>")
    '&lt;R&amp;D&gt;'
    """
    return text.translate(_ESCAPES)
