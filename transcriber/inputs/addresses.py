"""Inputs that are addresses, of which none is followed."""

from __future__ import annotations

import os
import re
import shlex
from urllib.parse import unquote

from transcriber.errors import InputError

# A single letter before the colon is a drive of Windows. `host:/path` is how scp names a file.
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]+:(/|\?)|www\.[^/]+\.", re.IGNORECASE)

_SITE = re.compile(
    r"(?:https?:/+)?(?:[a-z0-9-]+\.)*"
    r"(?:youtube\.com|youtu\.be|vimeo\.com|soundcloud\.com|twitch\.tv|tiktok\.com)/",
    re.IGNORECASE,
)
"""Pages with a recording in them: what lies at the address is no recording itself."""

_TOOLS = {"http": "curl -LO", "https": "curl -LO", "s3": "aws s3 cp", "gs": "gcloud storage cp"}
_TO_HERE = ("s3", "gs")


def is_address(given: str) -> bool:
    """Whether an input is the address of something elsewhere, and no file of that name is here."""
    return not os.path.lexists(given) and bool(_ADDRESS.match(given) or _SITE.match(given))


def address_failure(given: str) -> InputError:
    """Say that an address is not read, and how to get what lies there."""
    scheme = given.partition(":")[0].lower()
    quoted = shlex.quote(given)
    if _SITE.match(given):
        how = f"download it first, for example with: yt-dlp -x {quoted}"
    elif scheme == "file":
        path = unquote(re.sub("file:/*(localhost/)?", "/", given, count=1, flags=re.IGNORECASE))
        how = f"give its path: {shlex.quote(path)}"
    elif scheme in _TOOLS:
        how = f"download it first, for example with: {_TOOLS[scheme]} {quoted}"
        how += " ." if scheme in _TO_HERE else ""
    else:
        how = "download it first, and give the file"
    return InputError(f"{given} is an address, and only local files are read", how)
