"""Whatever is put into the bucket ends in a clear refusal, or as pixels, within 10 s and 512 MB."""

import io
import json
import os
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
from PIL import Image

from identifier import limits, picture
from identifier.errors import Unusable
from identifier.picture import prepare_picture
from tests.paths import ROOT
from tests.waiting import LONGEST_S

SECONDS, MEGABYTES = 10, 512


def encoded(image: Image.Image, form: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


def photo(form: str, **options: Any) -> bytes:
    return encoded(Image.linear_gradient("L").resize((400, 300)).convert("RGB"), form, **options)


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png(width: int, height: int, *chunks: bytes, rows: int = 0) -> bytes:
    """A grey PNG of so many rows of nothing, packed as tightly as zlib can, whatever its header says."""
    packer = zlib.compressobj(9)
    body = b"".join(packer.compress(bytes(width + 1)) for _ in range(rows)) + packer.flush()
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + b"".join(chunks) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def jpeg_of(width: int, height: int, *, progressive: bool = False) -> bytes:
    """A small JPEG whose header claims another size."""
    data = bytearray(photo("JPEG", progressive=progressive))
    at = data.index(b"\xff\xc2" if progressive else b"\xff\xc0") + 5
    data[at : at + 4] = struct.pack(">HH", height, width)
    return bytes(data)


def endless_scans(times: int) -> bytes:
    """A progressive JPEG whose last scan comes again and again: each goes over all pixels and takes few bytes."""
    data = encoded(Image.new("L", (8000, 8000), 128), "JPEG", progressive=True)
    last = data.rindex(b"\xff\xda")
    return data[:last] + data[last:-2] * times + data[-2:]


def pdf(*objects: bytes, trailer: bytes = b"") -> bytes:
    """A PDF with these objects, numbered from 1; the first is the catalogue."""
    data, places = b"%PDF-1.7\n", []
    for number, body in enumerate(objects, 1):
        places.append(len(data))
        data += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(data)
    data += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    data += b"".join(b"%010d 00000 n \n" % place for place in places)
    size = len(objects) + 1
    return data + b"trailer\n<</Root 1 0 R/Size %d%s>>\nstartxref\n%d\n%%%%EOF\n" % (size, trailer, start)


def pages(count: int, *, page: bytes = b"", catalogue: bytes = b"", trailer: bytes = b"", more: bytes = b"") -> bytes:
    kids = b" ".join(b"%d 0 R" % (number + 3) for number in range(count))
    one = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]%s>>" % page
    tree = b"<</Type/Pages/Count %d/Kids[%s]>>" % (count, kids)
    extra = [more] if more else []
    return pdf(b"<</Type/Catalog/Pages 2 0 R%s>>" % catalogue, tree, *[one] * count, *extra, trailer=trailer)


def stream(body: bytes, head: bytes = b"") -> bytes:
    return b"<<%s/Length %d>>\nstream\n%s\nendstream" % (head, len(body), body)


LOCK = b"<</Filter/Standard/V 1/R 2/P -4/O<" + b"41" * 32 + b">/U<" + b"42" * 32 + b">>>"


def packed(name: bytes) -> Callable[[], bytes]:
    """A PNG in which 64 MB of nothing are packed into 64 kB."""
    return lambda: png(100, 100, chunk(name, b"x\0\0" + zlib.compress(bytes(64 * limits.MB), 9)), rows=100)


ZIP = b"PK\x05\x06" + bytes(18)
ZIP_WITH_COMMENT = ZIP[:-2] + b"\x02\x00ab"
LOOP = pdf(b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Count 1/Kids[2 0 R]>>")
BRACKETS = b"%PDF-1.7\n1 0 obj\n" + b"[" * 1_000_000 + b"\nendobj\ntrailer\n<</Root 1 0 R>>\n%%EOF"
HUGE_GIF = b"GIF89a" + struct.pack("<HH", 50_000, 50_000) + photo("GIF")[10:]

HEIC = (ROOT / "tests" / "recordings" / "pictures" / "cat.heic").read_bytes()
LOOPING_TIFF = b"II*\x00\x08\x00\x00\x00" + bytes(2) + b"\x08\x00\x00\x00"
HEIC_SIZE = struct.pack(">II", 160, 106)


def tiff_of(width: int, height: int) -> bytes:
    """A small TIFF whose directory claims another size."""
    data = photo("TIFF")
    for tag, size in ((256, width), (257, height)):
        at = next(
            at
            for at in range(len(data))
            if data[at : at + 4] in (struct.pack("<HH", tag, 3), struct.pack("<HH", tag, 4))
        )
        data = data[: at + 2] + struct.pack("<HII", 4, 1, size) + data[at + 12 :]
    return data


def bmp_of(width: int, height: int) -> bytes:
    """A small BMP whose header claims another size."""
    data = photo("BMP")
    return data[:18] + struct.pack("<ii", width, height) + data[26:]


REFUSED: dict[str, tuple[Callable[[], bytes], str]] = {
    "nothing": (lambda: b"", "empty"),
    "a file over the limit": (lambda: b"\xff\xd8\xff" + bytes(limits.UPLOAD_BYTES), "too_large"),
    # not a picture, whatever its name says
    "a text as cow.jpg": (lambda: b"cow", "wrong_type"),
    "a page as cow.jpg": (lambda: b"<!doctype html><script>alert(1)</script>", "wrong_type"),
    "a program as cow.jpg": (lambda: b"\x7fELF" + bytes(100), "wrong_type"),
    "an archive as cow.jpg": (lambda: b"PK\x03\x04" + bytes(100), "wrong_type"),
    "a drawing as SVG": (lambda: b'<svg xmlns="http://www.w3.org/2000/svg"/>', "wrong_type"),
    "a film": (lambda: b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom" + bytes(100), "wrong_type"),
    "a box of the brand heic": (lambda: b"\x00\x00\x00\x18ftypheic" + bytes(100), "unreadable"),
    "a box of the brand avif": (lambda: b"\x00\x00\x00\x18ftypavif" + bytes(100), "unreadable"),
    "half a HEIC": (lambda: HEIC[: len(HEIC) // 2], "unreadable"),
    "a HEIC of 50,000 × 50,000": (lambda: HEIC.replace(HEIC_SIZE, struct.pack(">II", 50_000, 50_000)), "unreadable"),
    "a HEIC with damaged boxes": (lambda: HEIC.replace(b"iloc", b"ilox").replace(b"hvcC", b"hvcX"), "unreadable"),
    "half an AVIF": (lambda: photo("AVIF")[: len(photo("AVIF")) // 2], "unreadable"),
    "half a TIFF": (lambda: photo("TIFF")[: len(photo("TIFF")) // 2], "unreadable"),
    "a TIFF of 50,000 × 50,000": (lambda: tiff_of(50_000, 50_000), "too_large"),
    "a TIFF whose directory is itself": (lambda: LOOPING_TIFF, "unreadable"),
    "half a BMP": (lambda: photo("BMP")[: len(photo("BMP")) // 2], "unreadable"),
    "a BMP of 50,000 × 50,000": (lambda: bmp_of(50_000, 50_000), "too_large"),
    "a BMP and a ZIP archive": (lambda: photo("BMP") + ZIP, "ambiguous"),
    "a PDF behind other bytes": (lambda: b"\n\n" + pages(1), "wrong_type"),
    # not complete
    "a signature alone": (lambda: b"\xff\xd8\xff", "unreadable"),
    "a signature and rubbish": (lambda: b"\x89PNG\r\n\x1a\n" + b"rubbish" * 50, "unreadable"),
    "half a JPEG": (lambda: photo("JPEG")[:1_500], "unreadable"),
    "half a PNG": (lambda: photo("PNG")[: len(photo("PNG")) // 2], "unreadable"),
    "half a GIF": (lambda: photo("GIF")[: len(photo("GIF")) // 2], "unreadable"),
    "half a WebP": (lambda: photo("WEBP")[: len(photo("WEBP")) // 2], "unreadable"),
    "half a PDF": (lambda: pages(1)[:40], "unreadable"),
    "a PNG with a damaged chunk": (lambda: photo("PNG").replace(b"IDAT", b"IDAX", 1), "unreadable"),
    # more than it seems
    "a PNG of 50,000 × 50,000": (lambda: png(50_000, 50_000), "too_large"),
    "a JPEG of 50,000 × 50,000": (lambda: jpeg_of(50_000, 50_000), "too_large"),
    "a GIF of 50,000 × 50,000": (lambda: HUGE_GIF, "too_large"),
    "a PNG of 50,000 × 50,000 with all its rows": (lambda: png(50_000, 50_000, rows=500), "too_large"),
    "a WebP of 5,000 × 5,000": (lambda: encoded(Image.new("RGB", (5_000, 5_000)), "WEBP", method=0), "too_large"),
    "a progressive JPEG of 14,000 × 14,000": (lambda: jpeg_of(14_000, 14_000, progressive=True), "unreadable"),
    "a profile that unpacks to 64 MB": (packed(b"iCCP"), "unreadable"),
    "a comment that unpacks to 64 MB": (packed(b"zTXt"), "unreadable"),
    "a stripe of 40,000 × 1": (lambda: png(40_000, 1, rows=1), "too_small"),
    "a tracking pixel": (lambda: encoded(Image.new("P", (1, 1)), "GIF"), "too_small"),
    # two files at once
    "a JPEG and a ZIP archive": (lambda: photo("JPEG") + ZIP, "ambiguous"),
    "a PNG and a ZIP archive with a comment": (lambda: photo("PNG") + ZIP_WITH_COMMENT, "ambiguous"),
    "a GIF and a PDF": (lambda: photo("GIF")[:6] + b"%PDF-1.4\n" + photo("GIF")[6:], "ambiguous"),
    "a PDF and a ZIP archive": (lambda: pages(1) + ZIP, "ambiguous"),
    # PDF
    "a PDF of 11 pages": (lambda: pages(11), "too_large"),
    "a PDF without pages": (lambda: pages(0), "unreadable"),
    "a PDF of 5 MB": (lambda: pages(1) + b"%" * 5_000_000, "too_large"),
    "a PDF with a password": (lambda: pages(1, trailer=b"/Encrypt 4 0 R/ID[<41><41>]", more=LOCK), "unreadable"),
    "a PDF whose pages contain themselves": (lambda: LOOP, "unreadable"),
    "a PDF of brackets": (lambda: BRACKETS, "unreadable"),
}  # fmt: skip

SHOWN: dict[str, Callable[[], bytes]] = {
    "a PNG named cow.jpg": lambda: photo("PNG"),
    "a photo with a film behind it": lambda: photo("JPEG") + b"\x00\x00\x00\x18ftypmp42" + bytes(5_000),
    "a photo of 50 megapixels": lambda: encoded(Image.new("RGB", (8_160, 6_120)), "JPEG", progressive=True),
    "a scan of A4 at 600 dots per inch": lambda: encoded(Image.new("L", (4_960, 7_016)), "PNG", compress_level=1),
    "a transparent PNG of 36 megapixels": lambda: encoded(Image.new("RGBA", (6_000, 6_000)), "PNG", compress_level=1),
    "a WebP of 16 megapixels": lambda: encoded(Image.new("RGBA", (4_000, 4_000)), "WEBP", method=0),
    "a GIF of 3,000 frames": lambda: gif_of(3_000),
    "an iPhone's HEIC": lambda: HEIC,
    "an AVIF of 16 megapixels": lambda: encoded(Image.new("RGB", (4_000, 4_000)), "AVIF", speed=10),
    "a TIFF of 36 megapixels": lambda: encoded(Image.new("RGB", (6_000, 6_000)), "TIFF", compression="tiff_lzw"),
    "a BMP": lambda: photo("BMP"),
    "a PDF of 10 pages": lambda: pages(10),
}  # fmt: skip


def gif_of(frames: int) -> bytes:
    one = encoded(Image.new("P", (100, 100)), "GIF")
    start = one.index(b"\x2c")
    return one[:start] + one[start:-1] * frames + one[-1:]


WATCHER = """
import json, os, resource, sys
from pathlib import Path
import identifier.model  # as large as the worker is
from identifier.errors import Unusable
from identifier import picture
from identifier.picture import prepare_picture

picture.DECODE_WAIT_SECONDS = 300  # of the clock; measured is the processor's time

def own_megabytes():  # what getrusage says of a process begins with what its parent had
    return int(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0]) / 1024

def look(path):
    data = path.read_bytes()
    before = sum(os.times()[:4])
    try:
        seen = prepare_picture(data)
        outcome = "shown", f"{seen.format} {seen.width} x {seen.height}"
    except Unusable as refusal:
        outcome = refusal.reason, refusal.detail
    seconds = sum(os.times()[:4]) - before
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024 + own_megabytes()
    return [*outcome, seconds, peak]

for path in sorted(Path(sys.argv[1]).iterdir(), key=lambda path: int(path.name)):
    print(json.dumps(look(path)), flush=True)
"""


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[str, str, float, float]]:
    """What became of each file, in a process as large as the worker: reason, detail, a processor's seconds, peak memory
    so far in MB of the worker and its decoder together."""
    folder = tmp_path_factory.mktemp("pictures")
    made = {name: make for name, (make, _) in REFUSED.items()} | SHOWN
    for number, make in enumerate(made.values()):
        (folder / str(number)).write_bytes(make())
    done = subprocess.run(
        [sys.executable, "-c", WATCHER, str(folder)],
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT / "src"), *filter(None, sys.path)])},
        capture_output=True,
        check=True,
        timeout=2 * LONGEST_S,
    )
    return {name: tuple(json.loads(line)) for name, line in zip(made, done.stdout.splitlines(), strict=True)}


@pytest.mark.parametrize(("name", "reason"), [(name, reason) for name, (_, reason) in REFUSED.items()])
def test_what_cannot_be_shown_is_refused_with_a_reason(
    name: str, reason: str, outcomes: dict[str, tuple[str, str, float, float]]
) -> None:
    code, detail, _, _ = outcomes[name]
    assert code == reason, detail
    assert 10 < len(detail) < 400
    assert "0x" not in detail  # no address of an object in memory


@pytest.mark.parametrize("name", SHOWN)
def test_what_only_looks_dangerous_is_shown(name: str, outcomes: dict[str, tuple[str, str, float, float]]) -> None:
    assert outcomes[name][0] == "shown", outcomes[name]


def test_each_ends_in_time_and_within_the_memory(outcomes: dict[str, tuple[str, str, float, float]]) -> None:
    slowest = max(outcomes, key=lambda name: outcomes[name][2])
    assert outcomes[slowest][2] < SECONDS, slowest
    assert max(peak for *_, peak in outcomes.values()) < MEGABYTES


def test_a_picture_that_takes_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(picture, "DECODE_WAIT_SECONDS", 1)
    with pytest.raises(Unusable) as refusal:
        prepare_picture(endless_scans(3_000))
    assert refusal.value.reason == "too_complex"


@pytest.fixture
def other_decoder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[str], None]:
    """Puts other code in the place of the decoding process."""

    def place(code: str) -> None:
        (tmp_path / "identifier").mkdir()
        (tmp_path / "identifier" / "__init__.py").touch()
        (tmp_path / "identifier" / "decode.py").write_text(code)
        monkeypatch.syspath_prepend(tmp_path)

    return place


def test_the_decoder_has_no_credentials_of_the_worker(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, other_decoder: Callable[[str], None]
) -> None:
    seen = tmp_path / "seen"
    other_decoder(
        f"import os, pathlib\npathlib.Path({str(seen)!r}).write_text(repr(sorted(os.environ)))\n"
        'print(\'{"width": 1, "height": 1}\')'
    )
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    prepare_picture(b"\xff\xd8\xff")
    assert "PYTHONPATH" in seen.read_text()
    assert "AWS" not in seen.read_text()


def test_a_decoder_that_does_not_start_is_a_fault_and_not_the_picture_s(other_decoder: Callable[[str], None]) -> None:
    other_decoder("import a_library_that_is_missing")
    with pytest.raises(RuntimeError, match="a_library_that_is_missing"):
        prepare_picture(b"\xff\xd8\xff")


def test_a_decoder_that_breaks_is_the_picture_s_end_and_not_the_worker_s(other_decoder: Callable[[str], None]) -> None:
    other_decoder("import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)")
    with pytest.raises(Unusable, match="signal 11") as refusal:
        prepare_picture(b"\xff\xd8\xff")
    assert refusal.value.reason == "too_complex"


# What a PDF brings along


def test_a_pdf_keeps_its_pages_and_nothing_else() -> None:
    photo_inside = photo("JPEG", exif=exif_of("Pune 18.52N"))
    data = pdf(
        b"<</Type/Catalog/Pages 2 0 R/OpenAction<</S/JavaScript/JS(app.alert)>>/Metadata 6 0 R"
        b"/Names<</EmbeddedFiles<</Names[(virus.exe) 7 0 R]>>>>>>",
        b"<</Type/Pages/Count 1/Kids[3 0 R]>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</XObject<</photo 5 0 R>>>>>>",
        stream(b"q 400 0 0 300 0 0 cm /photo Do Q"),
        stream(
            photo_inside,
            b"/Type/XObject/Subtype/Image/Filter/DCTDecode/Width 400/Height 300/BitsPerComponent 8"
            b"/ColorSpace/DeviceRGB",
        ),
        stream(b"<x:xmpmeta>a person</x:xmpmeta>", b"/Type/Metadata/Subtype/XML"),
        b"<</Type/Filespec/F(virus.exe)/EF<</F 8 0 R>>>>",
        stream(b"MZ virus"),
        b"<</Author(a person)/Title(secret)>>",
        trailer=b"/Info 9 0 R",
    )
    made = prepare_picture(data)
    assert (made.kind, made.format, made.width, made.height) == ("document", "pdf", 595, 842)
    assert b"Pune" in photo_inside
    for trace in (b"Pune", b"JavaScript", b"virus", b"a person", b"secret", b"xmpmeta"):
        assert trace not in made.data, trace
    drawn = pypdfium2.PdfDocument(made.data)[0].render(scale=1).to_pil().convert("L")
    assert drawn.getpixel((50, 560)) < 128 < drawn.getpixel((50, 100))  # the photo's dark upper part, and the paper


def exif_of(place: str) -> Image.Exif:
    exif = Image.Exif()
    exif.get_ifd(0x8825)[1] = place
    return exif
