"""Which files of a folder are recordings: by what they end in, or by how they begin."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

_ENDINGS = {
    "wav": "wav wave bwf",
    "w64": "w64",
    "aiff": "aif aiff aifc",
    "caf": "caf",
    "au": "au snd",
    "iff": "8svx",
    "voc": "voc",
    "sox": "sox",
    "ircam": "",
    "avr": "avr",
    "pvf": "pvf",
    "paf": "paf",
    "epaf": "",
    "nistsphere": "sph nist",
    "nsp": "",
    "wve": "wve",
    "mp3": "mp3 mp2 mp1 mpa mpga m2a",
    "aac": "aac adts",
    "loas": "loas latm",
    "ac3": "ac3",
    "eac3": "eac3 ec3",
    "dts": "dts",
    "dtshd": "dtshd",
    "mlp": "mlp",
    "truehd": "thd truehd",
    "sbc": "sbc",
    "lc3": "lc3",
    "flac": "flac",
    "ape": "ape",
    "wv": "wv",
    "tta": "tta",
    "tak": "tak",
    "shn": "shn",
    "mpc": "mpc",
    "mpc8": "",
    "oma": "oma aa3",
    "aea": "aea",
    "vqf": "vqf",
    "xwma": "xwma",
    "dsf": "dsf",
    "iamf": "iamf",
    "qoa": "qoa",
    "amr": "amr",
    "amrnb": "",
    "amrwb": "awb",
    "g722": "g722",
    "g723_1": "g723",
    "g729": "g729",
    "gsm": "gsm",
    "ilbc": "lbc ilbc",
    "sln": "sln",
    "codec2": "c2",
    "qcp": "qcp",
    "act": "",
    "dss": "dss ds2",
    "aa": "aa aax",
    "mov": "mp4 m4a m4b m4r m4v mov qt mqv 3gp 3gpp 3g2 3gp2 3gpp2 3ga f4v f4a insv 360 ismv isma",
    "matroska": "mkv mka mk3d webm weba",
    "ogg": "ogg oga ogv ogx ogm opus spx",
    "asf": "asf wma wmv",
    "asf_o": "",
    "avi": "avi divx",
    "flv": "flv",
    "rm": "rm ra rv rmvb",
    "ivr": "ivr",
    "nut": "nut",
    "nsv": "nsv",
    "wtv": "wtv dvr-ms",
    "mpegts": "ts m2ts mts m2t trp tod",
    "mpeg": "mpg mpeg mpe m2p vob evo",
    "mxf": "mxf",
    "gxf": "gxf",
    "dv": "dv dif",
    "dhav": "dav",
    "pva": "pva",
    "ty": "",
    "swf": "",
    "live_flv": "",
}
"""The endings that each of `transcriber.audio.command.DEMUXERS` is for.

None where a file of that ending mostly is something else (``.act``, ``.sf``, ``.swf``), or where
another demuxer has the same: its recordings are known by how they begin.
"""

MEDIA_ENDINGS = frozenset(f".{ending}" for line in _ENDINGS.values() for ending in line.split())
"""What counts as a recording within a folder. A file that is named outright may end in anything."""

_NO_RECORDINGS = ".part .partial .crdownload .download .tmp .aria2 .ytdl .!qb .!ut .bak .lrv"
"""What begins like a recording and is none yet, or is a copy of one: a camera's small preview."""

_HEAD_BYTES = 1024

_PICTURES = rb"heic|heix|hevc|hevx|heim|heis|mif1|msf1|avif|avis|crx |jp2 |jpx |jpm "
"""Brands of pictures in the container of MP4."""

_BEGINNING = re.compile(
    rb"RIFF....(WAVE|AVI |QLCM|XWMA|CDXA)|(RF64|BW64|RIFX)....WAVE|riff\x2e\x91\xcf\x11"
    rb"|FORM....(AIF[FC]|8SVX)|caff\0|\.snd\0|Creative Voice File\x1a|NIST_1A\n|(\.SoX|XoS\.)"
    rb"|ID3[\x02-\x04]|\xff[\xfa\xfb\xf2\xf3][^\xf0-\xff]|\xff[\xf1\xf9][\x40-\xbf]"
    rb"|OggS\0|fLaC|\x1aE\xdf\xa3|wvpk|tBaK|qoaf|MPCKSH|MP\+[\x07\x17]|TTA1[\x01\x02]\0"
    rb"|MAC .[\x0e\x0f]|ajkg[\0-\x03]|DSD \x1c\0|TWIN97|\x7f\xfe\x80\x01|DTSHDHDR|#!AMR"
    rb"|\x1c\xcc\x12\0|[\x02\x03]ds[s2]"
    rb"|\0\0..ftyp(?!" + _PICTURES + rb")|\0...(moov|mdat|wide|pnot)"
    rb"|\x30\x26\xb2\x75\x8e\x66\xcf\x11|FLV\x01|\.RMF\0|\.ra\xfd|\.REC\0|NSV[fs]"
    rb"|nut/multimedia container|\xb7\xd8\x00\x20\x37\x49\xda\x11|\0\0\x01\xba"
    rb"|\x06\x0e\x2b\x34\x02\x05\x01\x01\x0d\x01\x02\x01\x01|\0\0\0\0\x01\xbc|\x1f\x07\0[\x3f\xbf]"
    rb"|DHAV[\xf0-\xfd]|AV[\x01\x02].\x55"
    # Packets of MPEG-TS, with and without a time before each.
    rb"|\x47.{187}\x47.{187}\x47|.{4}\x47.{191}\x47.{191}\x47",
    re.DOTALL,
)
"""How files begin that one of the demuxers reads, as the formats' specifications have it.

Enough of each that a text or any other file does not begin so.
"""


def is_recording(path: Path) -> bool:
    """Whether a file that lies in a folder counts as a recording.

    One with an ending of recordings does, whatever is in it: where it is damaged, that is told.
    """
    ending = path.suffix.lower()
    if ending in MEDIA_ENDINGS:
        return True
    return ending not in _NO_RECORDINGS.split() and _BEGINNING.match(_head(path)) is not None


def _head(path: Path) -> bytes:
    try:
        # To open a pipe or a device could wait for ever, or set something going.
        if not stat.S_ISREG(os.stat(path).st_mode):  # noqa: PTH116  a name may be too long
            return b""
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(descriptor, "rb") as stream:
            return stream.read(_HEAD_BYTES)
    except (OSError, ValueError):
        return b""
