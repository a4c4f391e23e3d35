"""A PDF's pages in a new file, without the old file's metadata, scripts and attachments."""

import re
from io import BytesIO

import pypdfium2

from identifier import limits
from identifier.errors import Unusable

_CHANCE = re.compile(rb"(?<=/CreationDate\(D:)\d{14}|(?<=/ID\[)<[0-9A-F]{32}><[0-9A-F]{32}>")
"""Parts that differ when the same pages are saved again."""
_APP1 = re.compile(rb"\xff\xe1(..)(Exif\x00|http://ns\.adobe\.com/)", re.DOTALL)


def document(data: bytes) -> tuple[int, int, bytes]:
    """Width, height, PDF: the pages in a new file, without the old one's metadata, scripts and attachments."""
    if len(data) > limits.DOCUMENT_BYTES:
        raise Unusable("too_large", f"the PDF has {len(data)} bytes; the limit is {limits.DOCUMENT_BYTES}")
    try:
        source = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        locked = "password" in str(error).lower()
        raise Unusable("unreadable", "the PDF is locked with a password" if locked else "the PDF is damaged") from None
    if not 0 < len(source) <= limits.DOCUMENT_PAGES:
        raise Unusable("too_large", f"the PDF has {len(source)} pages; 1 to {limits.DOCUMENT_PAGES} can be used")
    width, height = source[0].get_size()
    pages, buffer = pypdfium2.PdfDocument.new(), BytesIO()
    pages.import_pages(source)
    pages.save(buffer)
    made = _CHANCE.sub(lambda found: re.sub(rb"\w", b"0", found[0]), _without_exif(buffer.getvalue()))
    if len(made) > limits.DOCUMENT_BYTES:
        raise Unusable("too_large", f"the PDF's pages have {len(made)} bytes; the limit is {limits.DOCUMENT_BYTES}")
    return round(width), round(height), made


def _without_exif(pdf: bytes) -> bytes:
    """A PDF holds photos as whole JPEGs with EXIF, also with GPS. EXIF is blanked, so that no byte moves."""
    made = bytearray(pdf)
    for found in _APP1.finditer(pdf):
        begin, end = found.start() + 4, min(len(pdf), found.start() + 2 + int.from_bytes(found[1], "big"))
        made[begin:end] = bytes(max(0, end - begin))
    return bytes(made)
