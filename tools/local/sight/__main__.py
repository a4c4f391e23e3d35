"""The process that looks: a question a line on standard input, an answer a line on standard output, both JSON.

{"picture": "<base64>", "schema": {…}}  →  {"by": "RapidOCR", "answer": {…}}, or {} for a question of another kind
"""

import base64
import contextlib
import io
import json
import sys
from typing import Any

import pypdfium2
from PIL import Image

from tools.local.sight import animals, forms

EYES = (forms, animals)
PAGE_DPI = 150


def main() -> int:
    """Answer until the input ends."""
    answers, sys.stdout = sys.stdout, sys.stderr  # libraries may print
    for eye in EYES:  # loads what they need, so that the first question does not wait for it
        eye.warm_up()
    print(json.dumps({"ready": True}), file=answers, flush=True)
    for line in sys.stdin:
        print(json.dumps(_answered(json.loads(line))), file=answers, flush=True)
    return 0


def _answered(question: dict[str, Any]) -> dict[str, Any]:
    for eye in EYES:
        if eye.can_answer(question["schema"]):
            picture = _picture(base64.b64decode(question["picture"]))
            return {"by": f"{eye.NAME} (offline)", "answer": eye.answer(picture, question["schema"])}
    return {}


def _picture(data: bytes) -> Image.Image:
    """The picture, or a PDF's first page."""
    if data.startswith(b"%PDF-"):
        with contextlib.closing(pypdfium2.PdfDocument(data)) as document:
            page: Image.Image = document[0].render(scale=PAGE_DPI / 72).to_pil()
            return page
    return Image.open(io.BytesIO(data))


if __name__ == "__main__":
    sys.exit(main())
