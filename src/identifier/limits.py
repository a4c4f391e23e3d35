"""The limits of pictures and prompts in one place."""

MB = 1024 * 1024

UPLOAD_BYTES = 20 * MB
"""Bytes of an uploaded picture. The workflow has the same limit."""
PIXELS = {
    "jpeg": 220_000_000,
    "png": 36_000_000,
    "gif": 36_000_000,
    "bmp": 36_000_000,
    "tiff": 36_000_000,
    "heif": 25_000_000,
    "avif": 16_000_000,
    "webp": 16_000_000,
}
"""The largest photo of a phone, which is decoded at an eighth of its size; a page of A4 at 600 dots per inch; an
iPhone's photo of 24 million pixels; and what fits in `DECODE_BYTES` for AVIF and WebP, which need several copies."""
FRAMES = 20
"""How many frames of an animation are looked at for the first that shows something."""
SHORTEST_EDGE = 16
"""Pixels of what is sent; less shows nothing."""

IMAGE_BYTES = 3_750_000
"""Bedrock's limit for an image block in `Converse`. Its limit of 8,000 px a side is above `LARGEST_EDGE`."""
DOCUMENT_BYTES = 4_500_000
"""Bedrock's limit for a document block."""
DOCUMENT_PAGES = 10
"""Each page costs as much as a picture; a form has one or two."""

LONGEST_EDGE, LARGEST_EDGE = 1_568, 4_096
"""Pixels of the sent picture's longer side: the default, and the maximum. They decide the cost."""

PROMPT_BYTES = 64 * 1024
SCHEMA_BYTES = 8 * 1024
"""A schema is sent, and paid for, with every picture."""

DECODE_SECONDS, DECODE_WAIT_SECONDS = 6, 8
"""Seconds of processor time and of clock time for decoding a picture."""
DECODE_BYTES = 400 * MB
"""Bytes of memory for decoding; a picture of `PIXELS` needs 380 MB."""
