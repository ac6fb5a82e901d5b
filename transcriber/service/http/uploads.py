"""Receiving forms and files: straight to the disk, whatever their size."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from transcriber.service.http.errors import HttpError
from transcriber.service.http.limits import KIB
from transcriber.service.http.parts import Parts, UploadedFile
from transcriber.service.http.request import Request
from transcriber.service.http.storing import KEEP_FREE, Room, StoredFile, free_bytes

if TYPE_CHECKING:
    from types import TracebackType

_EPILOGUE_BYTES = 64 * KIB
"""Behind the last boundary, where nothing but a line break is of use."""


class Form:
    """The fields and files of a form. Files that nobody takes are removed by `close`.

    Parameters
    ----------
    fields : Mapping[str, tuple[str, ...]]
        The fields, each with all its values.
    files : Sequence[UploadedFile]
        The files, in the order in which they came.
    """

    def __init__(
        self, fields: Mapping[str, tuple[str, ...]], files: Sequence[UploadedFile]
    ) -> None:
        self.fields = fields
        self.files = tuple(files)
        self._left = {file.name: file.path for file in files}

    def __enter__(self) -> Form:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def take(self, name: str) -> Path:
        """Return the path of the file with the random `name`, which is the caller's from now on.

        Raises
        ------
        KeyError
            When there is none, or it was taken.
        """
        return self._left.pop(name)

    def close(self) -> None:
        """Remove the files that nobody has taken."""
        while self._left:
            with contextlib.suppress(OSError):
                self._left.popitem()[1].unlink()


def receive_form(
    request: Request,
    folder: Path,
    *,
    file_fields: Sequence[str] = ("file",),
    keep_free: int = KEEP_FREE,
    free: Callable[[Path], int] = free_bytes,
) -> Form:
    """Receive a form, its files straight into `folder`.

    Parameters
    ----------
    request : Request
        Its body is multipart/form-data (RFC 7578).
    folder : Path
        An existing folder.
    file_fields : Sequence[str], optional
        The fields that hold files, with or without a name for them.
    keep_free : int, optional
        Bytes of the disk that stay free. There is no other limit on files.
    free : Callable[[Path], int], optional
        Knows the bytes that are free below a folder; for tests.

    Raises
    ------
    HttpError
        400 for a form that is damaged, not whole, or has a file in another field; 408 when
        nothing comes; 413 for too many or too long fields; 415 for what is no form; 507 when
        the disk has no room. Nothing is left in `folder` then.
    """
    media_type, options = parse_options_header(request.headers.get("content-type"))
    if media_type != b"multipart/form-data":
        raise HttpError(415, "this address takes multipart/form-data")
    boundary = options.get(b"boundary", b"")
    room = Room(folder, request.body.length, keep_free, free)
    parts = Parts(folder, file_fields, room)
    try:
        if not boundary:
            raise HttpError(400, "the form has no boundary")
        parser = MultipartParser(boundary, parts.callbacks())
        # It would report what clients send wrongly on standard error.
        parser.logger.disabled = True
        epilogue = 0
        for piece in request.body:
            if parts.whole:
                epilogue += len(piece)
            if epilogue > _EPILOGUE_BYTES:
                raise HttpError(400, "something follows the form")
            parser.write(piece)
        if not parts.whole:
            raise HttpError(400, "the form ends early")
    except FormParserError:
        parts.discard()
        raise HttpError(400, "the form is damaged") from None
    except BaseException:
        parts.discard()
        raise
    return Form(parts.fields(), parts.files)


def receive_raw(
    request: Request,
    path: Path,
    *,
    keep_free: int = KEEP_FREE,
    free: Callable[[Path], int] = free_bytes,
) -> int:
    """Receive a body as it is into the new file `path`, and return its size in bytes.

    Parameters and errors are those of `receive_form`.
    """
    file = StoredFile(path, Room(path.parent, request.body.length, keep_free, free))
    try:
        for piece in request.body:
            file.write(piece)
        file.close()
    except BaseException:
        file.discard()
        raise
    return file.size
