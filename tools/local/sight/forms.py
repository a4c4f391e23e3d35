"""A market price report, read by RapidOCR: printed labels, and what stands beside or below them.

It reads Latin letters and digits. What it is not sure of, it leaves out and lists as unreadable.
"""

import re
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from functools import cache
from typing import Any

import numpy as np
from PIL import Image

from tools.local.sight.answers import nothing_known

NAME = "RapidOCR"
FIELDS = ("market", "commodity", "price_per_kilo", "date")
LABELS = {
    "market": r"(name of (the )?)?(market|mandi|apmc)( name| yard)?",
    "date": r"(report |price |market )?date( of (report|prices?))?|day",
    "commodity": r"(name of (the )?)?(commodity|crop|produce|item|product)( name)?",
    "price": r"((modal|average|avg|market|today'?s) )?(price|rate)\b.*",
}
UNREADABLE, CLEAR, CLEAR_DIGITS = 0.85, 0.9, 0.97
"""OCR's own certainty: what is below the first is left out; from the second on words are clear, and from the third on
digits, which nothing else confirms."""
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
UNITS = ((r"(?:quintal|qtl|100 ?kg)", 100), (r"(?:kg|kilo|kilogram)s?", 1))
"""Names of a unit, and its kilograms."""
NEARLY = 0.6
"""From this likeness on (difflib's ratio), a commodity that is not in the list is a misread one."""
PRICES = 100_000
"""Rupees for a kilogram: more is a misread price."""


@dataclass(frozen=True)
class Words:
    """A piece of text in the picture: its place in pixels, and OCR's certainty, 0 to 1."""

    text: str
    left: float
    top: float
    right: float
    bottom: float
    certainty: float

    @property
    def middle(self) -> float:
        """Height of its middle."""
        return (self.top + self.bottom) / 2


def can_answer(schema: dict[str, Any]) -> bool:
    """Whether the prompt asks for the fields of a price report."""
    return {"form", *FIELDS} <= set(schema.get("properties", {}))


def answer(picture: Image.Image, schema: dict[str, Any]) -> dict[str, Any]:
    """The prompt's answer."""
    return understood(read(picture), schema)


def understood(words: list[Words], schema: dict[str, Any]) -> dict[str, Any]:
    """The prompt's answer from the words in a picture."""
    said: dict[str, Any] = nothing_known(schema, f"{NAME} offline")
    labels = {name: found for name, pattern in LABELS.items() if (found := _label(words, pattern))}
    kind = "price_report" if "price" in labels and len(labels) > 2 else "other_form" if len(words) > 3 else "not_a_form"
    said["form"] = kind
    if kind != "price_report":
        return said | {"notes": f"{NAME} offline found {len(words)} pieces of text and no price report's labels"}
    values: dict[str, tuple[Any, float]] = {}
    for name, (label, rest) in labels.items():
        value = rest or _beside(words, label, [other for other, _ in labels.values()])
        if value:
            _understand(name, label.text, value, schema, values)
    clear = {name: value for name, (value, certainty) in values.items() if certainty >= UNREADABLE}
    missing = [name for name in FIELDS if name not in clear]
    sure = not missing and all(
        certainty >= (CLEAR_DIGITS if name in ("price_per_kilo", "date") else CLEAR)
        for name, (_, certainty) in values.items()
    )
    return said | clear | {
        "unreadable": missing,
        "confidence": "high" if sure else "low" if missing else "medium",
        "notes": f"{NAME} offline read the printed labels and what stands beside them",
    }  # fmt: skip


def _understand(
    name: str, label: str, value: Words, schema: dict[str, Any], values: dict[str, tuple[Any, float]]
) -> None:  # fmt: skip
    found: Any = None
    if name == "market":
        text = re.sub(r"\b(market|mandi|apmc)\b", "", value.text, flags=re.IGNORECASE).strip(" .,:;-")
        found = text[: schema["properties"]["market"].get("maxLength")] if re.search(r"[A-Za-z]{2}", text) else None
    elif name == "date":
        found = _date(value.text)
    elif name == "commodity":
        found = _commodity(value.text, schema["properties"]["commodity"]["enum"])
    else:
        name, found = "price_per_kilo", _price(label, value.text)
    if found is not None:
        values[name] = found, value.certainty


def _label(words: list[Words], pattern: str) -> tuple[Words, Words | None] | None:
    """The words that are the label, and what follows it in the same piece: `Market: Pune`."""
    for piece in words:
        text, colon, rest = piece.text.partition(":")
        if re.fullmatch(pattern, " ".join(text.split()).strip(" .-"), re.IGNORECASE):
            own = Words(rest.strip(), *_place(piece), piece.certainty) if colon and rest.strip() else None
            return piece, own
    return None


def _place(piece: Words) -> tuple[float, float, float, float]:
    return piece.left, piece.top, piece.right, piece.bottom


def _beside(words: list[Words], label: Words, labels: list[Words]) -> Words | None:
    """What stands right of the label on its line; several pieces are one value."""
    height = label.bottom - label.top
    right = [
        piece
        for piece in words
        if piece not in labels and piece.left >= label.right - height / 2 and abs(piece.middle - label.middle) < height
    ]
    if not right:
        return None
    right.sort(key=lambda piece: piece.left)
    return Words(
        " ".join(piece.text for piece in right),
        right[0].left,
        min(piece.top for piece in right),
        right[-1].right,
        max(piece.bottom for piece in right),
        min(piece.certainty for piece in right),
    )


def _date(text: str) -> str | None:
    """YYYY-MM-DD; the day stands before the month, as Indian forms write it."""
    plain = text.lower().replace(",", " ")
    if found := re.search(r"\b(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})\b", plain):
        year, month, day = map(int, found.groups())
    elif found := re.search(r"\b(\d{1,2})\s*[-/.]\s*(\d{1,2})\s*[-/.]\s*(\d{4}|\d{2})\b", plain):
        day, month, year = map(int, found.groups())
    elif found := re.search(rf"\b(\d{{1,2}})(?:st|nd|rd|th)?[\s-]*({'|'.join(MONTHS)})[a-z]*[\s-]*(\d{{4}})\b", plain):
        day, month, year = int(found[1]), MONTHS.index(found[2]) + 1, int(found[3])
    else:
        return None
    try:
        return date(year + (2000 if year < 100 else 0), month, day).isoformat()
    except ValueError:
        return None


def _commodity(text: str, values: list[str]) -> str | None:
    plain = re.sub(r"[^a-z]+", "_", text.lower()).strip("_")
    plain = {"tur": "pigeon_pea", "arhar": "pigeon_pea", "gram": "chickpea", "chana": "chickpea", "corn": "maize",
             "paddy": "rice", "chili": "chilli", "soyabean": "soybean"}.get(plain, plain)  # fmt: skip
    for name in (plain, plain.removesuffix("s"), plain.removesuffix("es")):
        if name in values:
            return name
    # A word that is nearly a known one was probably misread: it is no other crop.
    is_other = len(plain) > 2 and not get_close_matches(plain, values, 1, NEARLY)
    return "other" if is_other and "other" in values else None


def _price(label: str, value: str) -> float | None:
    """Rupees for a kilogram; None if the unit is not written, or the text is no single number."""
    unit = next((kilos for name, kilos in UNITS if re.search(name, f"{label} {value}", re.IGNORECASE)), None)
    plain = re.sub(
        r"(?i)\b(rs|inr|rupees?)\b\.?|₹|/-|(per|/)? *(100 ?kg|quintal|qtl|kilograms?|kilos?|kg)\b\.?", " ", value
    )
    found = re.fullmatch(r"(\d{1,3}(?:,\d{2,3})+|\d+)(\.\d+)?", plain.strip())
    if unit is None or not found:
        return None
    price = float(found[1].replace(",", "") + (found[2] or "")) / unit
    return None if price > PRICES else int(price) if price.is_integer() else round(price, 4)


def read(picture: Image.Image) -> list[Words]:
    """The pieces of text in a picture, from top to bottom."""
    found, _ = _engine()(np.asarray(picture.convert("RGB"))[:, :, ::-1], use_cls=False)
    words = []
    for corners, text, certainty in found or ():
        across, down = zip(*corners, strict=True)
        words.append(Words(text, min(across), min(down), max(across), max(down), float(certainty)))
    return sorted(words, key=lambda piece: (piece.middle, piece.left))


def warm_up() -> None:
    """Load the models."""
    read(Image.new("RGB", (320, 240), "white"))


@cache
def _engine() -> Any:
    from rapidocr_onnxruntime import RapidOCR

    # Threads mostly wait for each other, and lines that are read together are all made as long as the longest. One
    # thread and one line at a time take 0.8 s of a processor for the sample form. The defaults take 2.1 s for the same
    # words.
    return RapidOCR(
        det_limit_side_len=960, det_limit_type="max", use_cls=False,
        rec_batch_num=1, intra_op_num_threads=1, inter_op_num_threads=1,
    )  # fmt: skip
