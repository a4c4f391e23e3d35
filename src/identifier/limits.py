"""The limits of pictures and prompts in one place."""

MB = 1024 * 1024

UPLOAD_BYTES = 20 * MB
"""A picture as it is put into the bucket. The rule that starts the workflow has the same limit."""
PIXELS = {"jpeg": 220_000_000, "png": 36_000_000, "gif": 36_000_000, "webp": 16_000_000}
"""The largest photo of a phone, which is decoded at an eighth of its size; a page of A4 at 600 dots per inch; and what
fits in `DECODE_BYTES` for WebP, which needs several copies."""
SHORTEST_EDGE = 16
"""Pixels of what is sent; less shows nothing."""

IMAGE_BYTES = 3_750_000
"""Bedrock's limit of an image block in `Converse`. Its limit of 8,000 px a side is above `LARGEST_EDGE`."""
DOCUMENT_BYTES = 4_500_000
"""Its limit of a document block."""
DOCUMENT_PAGES = 10
"""Each page costs as much as a picture; a form has one or two."""

LONGEST_EDGE, LARGEST_EDGE = 1_568, 4_096
"""Pixels of the longer side of what is sent: by default, and at most. It is what a picture costs."""

PROMPT_BYTES = 64 * 1024
SCHEMA_BYTES = 8 * 1024
"""A schema is sent, and paid for, with every picture."""

DECODE_SECONDS, DECODE_WAIT_SECONDS = 6, 8
"""What decoding a picture may take of a processor, and of the clock."""
DECODE_BYTES = 400 * MB
"""What it may take of memory; the largest of `PIXELS` need 380 MB."""
