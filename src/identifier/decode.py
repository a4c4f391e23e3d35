"""The process that decodes one picture: `python -m identifier.decode KIND LONGEST_EDGE`, the file on standard input.

Writes a line of JSON with the size, then the new file; or, with exit code 2, a list of reason and detail.
"""

import contextlib
import json
import math
import resource
import sys
import warnings
from collections.abc import Callable
from io import BytesIO
from typing import cast

from PIL import Image, ImageCms, UnidentifiedImageError

from identifier import limits
from identifier.errors import Unusable
from identifier.picture import REFUSED

QUALITY = 90
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""The turn that makes a picture upright, by EXIF orientation (EXIF 2.3, tag 274)."""
ORIENTATION = 274


def main() -> int:
    """Decode standard input; returns the exit code."""
    _limit()
    kind, longest_edge = sys.argv[1], int(sys.argv[2])
    make, data = _maker(kind), sys.stdin.buffer.read()
    warnings.simplefilter("ignore")
    Image.MAX_IMAGE_PIXELS = None  # `image` has limits of its own
    try:
        width, height, made = make(data, longest_edge)
    except Unusable as refusal:
        return _refuse(refusal.reason, refusal.detail)
    except MemoryError:
        return _refuse("too_complex", f"decoding it takes more than {limits.DECODE_BYTES // limits.MB} MB")
    except UnidentifiedImageError:
        return _refuse("unreadable", f"it begins like {kind.upper()} but is none")
    except Exception as error:  # a decoder may raise anything for a broken file
        return _refuse("unreadable", f"it is damaged, not complete, or too large to decode: {error}"[:300])
    sys.stdout.buffer.write(json.dumps({"width": width, "height": height}).encode() + b"\n" + made)
    return 0


def _maker(kind: str) -> Callable[[bytes, int], tuple[int, int, bytes]]:
    if kind != "pdf":
        return lambda data, longest_edge: image(data, kind, longest_edge)
    from identifier.pdf import document  # pdfium is not loaded for pictures

    return lambda data, _: document(data)


def _limit() -> None:
    for what, most in (
        (resource.RLIMIT_AS, limits.DECODE_BYTES),
        (resource.RLIMIT_CPU, limits.DECODE_SECONDS),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        # Some systems have no limit of memory; Linux, so also Lambda, has one.
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(what, (most, most))


def _refuse(reason: str, detail: str) -> int:
    print(json.dumps([reason, detail]))
    return REFUSED


def image(data: bytes, kind: str, longest_edge: int) -> tuple[int, int, bytes]:
    """Width, height, JPEG: the first shown frame, upright, in sRGB, on white where it is transparent."""
    most = limits.PIXELS[kind]
    _prepare_decoder(kind)
    with Image.open(BytesIO(data), formats=[kind.upper()]) as source:
        if source.width * source.height > most:
            raise Unusable(
                "too_large", f"it has {source.width} × {source.height} pixels; the limit is {most // 10**6} million"
            )
        turn = TURNS.get(_orientation(source))
        profile = source.info.get("icc_profile")
        _to_first_shown(source)
        shown = _scaled(source, _edge(source.size, longest_edge))
    shown = _flat(_srgb(shown, profile))
    if turn is not None:
        shown = shown.transpose(turn)
    if min(shown.size) < limits.SHORTEST_EDGE:
        raise Unusable("too_small", f"{shown.width} × {shown.height} pixels would be sent, which shows nothing")
    # Copy only pixels: an image that is changed in place keeps the file's EXIF and comments.
    clean = Image.new("RGB", shown.size)
    clean.paste(shown)
    return _fitting(clean)


def _prepare_decoder(kind: str) -> None:
    """HEIC's decoder is loaded for HEIC alone. One thread each: a thread takes memory, and the limit is small."""
    if kind == "heif":
        import pi_heif

        pi_heif.options.DECODE_THREADS = 1
        pi_heif.register_heif_opener(thumbnails=False)
    elif kind == "avif":
        from PIL import AvifImagePlugin

        AvifImagePlugin.DEFAULT_MAX_THREADS = 1


def _to_first_shown(source: Image.Image) -> None:
    """Go to the first frame that shows something: not the still picture of an APNG, which only old viewers show, not a
    frame that is transparent everywhere, and, if another shows more, not one of a single colour."""
    frames = min(getattr(source, "n_frames", 1), limits.FRAMES)
    if frames < 2 or source.format not in ("GIF", "PNG", "WEBP"):
        return
    first = 1 if getattr(source, "default_image", False) else 0
    plain: int | None = None
    for number in range(first, frames):
        source.seek(number)
        *colours, alpha = cast(list[tuple[int, int]], source.convert("RGBA").getextrema())
        if any(low < high for low, high in colours) and alpha[1]:
            return
        if plain is None and alpha[1]:
            plain = number
    source.seek(first if plain is None else plain)


def _edge(size: tuple[int, int], longest_edge: int) -> int:
    """Pixels of the longer side. A panorama would lose its detail: it gets as many pixels as a picture of 4 by 3."""
    long, short = max(size), max(1, min(size))
    if long <= 2 * short:
        return longest_edge
    return min(limits.LARGEST_EDGE, round(math.sqrt(0.75 * longest_edge**2 * long / short)))


def _orientation(source: Image.Image) -> int:
    try:
        return int(source.getexif().get(ORIENTATION, 1))
    except Exception:  # broken metadata does not spoil the pixels
        return 1


def _scaled(source: Image.Image, longest_edge: int) -> Image.Image:
    """The first frame, no larger than asked, in a mode that can be scaled smoothly: L, LA, RGB, RGBA or CMYK."""
    if source.mode in ("P", "PA") or "transparency" in source.info:
        source = source.convert("RGBA")
    elif source.mode == "1":
        source = source.convert("L")
    elif source.mode.startswith(("I", "F")):
        source = _eight_bits(source)
    elif source.mode not in ("L", "LA", "RGB", "RGBA", "CMYK"):  # LAB, YCbCr, premultiplied alpha …
        source = source.convert("RGBA" if source.mode.endswith("a") else "RGB")
    source.thumbnail((longest_edge, longest_edge), Image.Resampling.LANCZOS, reducing_gap=2.0)
    source.load()  # a small picture is not decoded yet
    return source


def _eight_bits(source: Image.Image) -> Image.Image:
    """Grey of more than eight bits. Cameras and scanners store 10, 12 or 14 bits in 16: the largest value tells."""
    low, high = (float(value) for value in source.getextrema())  # type: ignore[arg-type] # one band
    if source.mode == "F":  # of any scale
        scale = 255 / (high - low) if high > low else 1.0
        return source.point(lambda value: value * scale - low * scale).convert("L")
    bits = next(bits for bits in (8, 10, 12, 14, 16, 32) if high < 2**bits)
    return source.point(lambda value: value * (1 / 2 ** (bits - 8))).convert("L")


def _srgb(shown: Image.Image, profile: bytes | None) -> Image.Image:
    """In sRGB, which models expect. A broken profile is ignored."""
    if not profile or shown.mode in ("LA", "RGBA"):
        return shown
    with contextlib.suppress(ImageCms.PyCMSError, OSError):
        space = ImageCms.ImageCmsProfile(BytesIO(profile))
        converted = ImageCms.profileToProfile(shown, space, ImageCms.createProfile("sRGB"), outputMode="RGB")
        return converted or shown
    return shown


def _flat(shown: Image.Image) -> Image.Image:
    if shown.mode not in ("LA", "RGBA"):
        return shown.convert("RGB")
    paper = Image.new("RGB", shown.size, "white")
    paper.paste(shown.convert("RGB"), mask=shown.getchannel("A"))
    return paper


def _fitting(clean: Image.Image) -> tuple[int, int, bytes]:
    """As JPEG, made smaller until it fits Bedrock's limit of bytes; only noise is over it."""
    while True:
        buffer = BytesIO()
        clean.save(buffer, "JPEG", quality=QUALITY, subsampling="4:4:4")  # coloured writing stays sharp
        if buffer.tell() <= limits.IMAGE_BYTES:
            return clean.width, clean.height, buffer.getvalue()
        scale = 0.95 * math.sqrt(limits.IMAGE_BYTES / buffer.tell())
        size = (round(clean.width * scale), round(clean.height * scale))
        clean = clean.resize(size, Image.Resampling.LANCZOS)


if __name__ == "__main__":
    sys.exit(main())
