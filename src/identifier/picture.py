"""An uploaded picture → the picture for the model: pixels only, upright, no larger than asked.

Anybody can upload a file, and decoders have had security holes. So a separate process decodes it, with little time,
little memory and no variables of this process: no credentials.
"""

import hashlib
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from typing import Literal

from identifier.errors import Unusable
from identifier.limits import DECODE_WAIT_SECONDS, LONGEST_EDGE, MB, UPLOAD_BYTES

Format = Literal["jpeg", "png", "gif", "webp", "bmp", "tiff", "heif", "avif", "pdf"]

REFUSED = 2
"""The decoding process's exit code when it gives a reason."""

_SIGNATURES: tuple[tuple[bytes, Format], ...] = (
    (b"\xff\xd8\xff", "jpeg"),
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"GIF87a", "gif"),
    (b"GIF89a", "gif"),
    (b"II*\x00", "tiff"),
    (b"MM\x00*", "tiff"),
    (b"BM", "bmp"),
    (b"%PDF-", "pdf"),
)
_AVIF, _HEIF = (b"avif", b"avis"), (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
"""Brands of the container that both have (ISO/IEC 23008-12; AV1 Image File Format)."""
_TAKEN = "JPEG, PNG, GIF, WebP, HEIC, AVIF, TIFF, BMP and PDF can be used"


@dataclass(frozen=True, slots=True)
class Picture:
    """The picture that the model gets.

    `kind` and `format` are those of `data`, which is always a file made anew: a JPEG in sRGB without metadata, or a
    PDF of the same pages. `width` and `height` are pixels, or points of a PDF's first page (1/72 inch); `sha256` is
    that of the file as it arrived.
    """

    kind: Literal["image", "document"]
    format: Literal["jpeg", "pdf"]
    data: bytes
    width: int
    height: int
    sha256: str


def prepare_picture(data: bytes, longest_edge: int = LONGEST_EDGE) -> Picture:
    """Prepare the file for a model: its longer side at most `longest_edge` pixels, never enlarged.

    The same file always gives the same bytes. Raises `Unusable`, within 10 s, for whatever cannot be shown.
    """
    check_size(len(data))
    kind = sniff(data)
    head, _, body = _decode(data, kind, longest_edge).partition(b"\n")
    size = json.loads(head)
    return Picture(
        kind="document" if kind == "pdf" else "image",
        format="pdf" if kind == "pdf" else "jpeg",
        data=body,
        width=size["width"],
        height=size["height"],
        sha256=hashlib.sha256(data).hexdigest(),
    )


def check_size(size: int) -> None:
    """Raises `Unusable` for a file size outside the limits; the file need not be read."""
    if not size:
        raise Unusable("empty", "the file is empty")
    if size > UPLOAD_BYTES:
        raise Unusable("too_large", f"the file has {size} bytes; the limit is {UPLOAD_BYTES // MB} MB")


def sniff(data: bytes) -> Format:
    """The file's type by its content; names and declared types do not count. Raises `Unusable`."""
    kind = next((kind for signature, kind in _SIGNATURES if data.startswith(signature)), None)
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        kind = "webp"
    if data[4:8] == b"ftyp":
        kind = _container(data)
    if kind is None:
        raise Unusable("wrong_type", f"it is no picture of a known type, by its content; {_TAKEN}")
    # Other programs would read another file in it. No camera makes such files.
    if kind != "pdf" and b"%PDF-" in data[:1024]:
        raise Unusable("ambiguous", f"it is {kind.upper()} and PDF at once")
    if _ends_as_zip(data):
        raise Unusable("ambiguous", f"it is {kind.upper()} and a ZIP archive at once")
    return kind


def _container(data: bytes) -> Format | None:
    """By the brands in the first box: the major one, then the compatible ones."""
    size = min(int.from_bytes(data[:4], "big"), 256)
    brands = [data[at : at + 4] for at in (8, *range(16, size, 4))]
    if any(brand in _AVIF for brand in brands):
        return "avif"
    return "heif" if any(brand in _HEIF for brand in brands) else None


def _ends_as_zip(data: bytes) -> bool:
    """Whether it ends in ZIP's end of central directory: 22 bytes and a comment of the length given in the last two."""
    at = data.rfind(b"PK\x05\x06", -(22 + 0xFFFF))
    return at >= 0 and at + 22 + int.from_bytes(data[at + 20 : at + 22], "little") == len(data)


def _decode(data: bytes, kind: Format, longest_edge: int) -> bytes:
    # LD_LIBRARY_PATH is how Lambda's Python finds its own library.
    environment = {name: os.environ[name] for name in ("LD_LIBRARY_PATH",) if name in os.environ}
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-m", "identifier.decode", kind, str(longest_edge)],
            input=data,
            capture_output=True,
            timeout=DECODE_WAIT_SECONDS,
            env=environment | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise Unusable("too_complex", f"it takes more than {DECODE_WAIT_SECONDS} s to decode") from None
    if done.returncode == REFUSED:
        raise Unusable(*json.loads(done.stdout))
    if done.returncode < 0:  # killed: out of time, out of memory, or the decoder broke
        raise Unusable("too_complex", f"decoding it was stopped (signal {-done.returncode})")
    if done.returncode:
        raise RuntimeError(f"the decoding process failed: {done.stderr.decode(errors='replace')[-2_000:]}")
    return done.stdout
