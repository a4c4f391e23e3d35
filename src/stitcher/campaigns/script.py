"""The recording script: what staff record before a campaign, as a table (CSV) and as a page to print (HTML).

Its words come from other people's tables: everything is escaped, and no cell is a formula to a spreadsheet.
"""

import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from html import escape

CSV_NAME, HTML_NAME = "recording-script.csv", "recording-script.html"
EXAMPLE_CHARACTERS = 200
FILE_NAME_BYTES = 255
# Spreadsheets take a cell that begins so for a formula, some also when it is full-width or after white space.
_FORMULA = frozenset("=+-@＝＋－＠\t\r")
_NUMBER = re.compile(r"[+-]?[\d .,()/-]*")

# Windows takes neither these characters nor these names. Their wide forms are the same words.
_WIDE = str.maketrans({char: chr(ord(char) + 0xFEE0) for char in '<>:"/\\|?*'})
_DEVICES = frozenset({"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10))})

Span = tuple[int, int]
Example = tuple[tuple[str, bool], ...]
"""A message in pieces; those with True are the words in question."""


@dataclass(slots=True)
class ToRecord:
    """Words that no clip says: of which voice, a message with them, and how many messages need them."""

    words: str
    voice: str
    example: Example = ()
    messages: int = 0


@dataclass(frozen=True, slots=True)
class Session:
    """What one voice has to record, in order; the language is the voice's (BCP 47) or "" where it is not set."""

    voice: str
    language: str
    messages: int
    ready: int
    to_record: Sequence[ToRecord]


def file_name(words: str) -> str:
    """The file to record words as; "" where no file can be named so.

    >>> file_name("heavy rain")
    'heavy_rain.wav'
    """
    stem = words.replace(" ", "_").translate(_WIDE)
    before, at, take = stem.rpartition("@")
    if at and take in ("initial", "medial", "final"):  # that would be a take of another clip
        stem = f"{before}_@_{take}"
    if stem in _DEVICES:
        stem += "_"
    name = f"{stem}.wav"
    return name if len(name.encode()) <= FILE_NAME_BYTES else ""


def example(text: str, spans: Iterable[Span]) -> Example:
    """The message with these places marked; of a long one as much as stands around the first of them."""
    spans = sorted(spans)
    middle = sum(spans[0]) // 2 if spans else 0
    first = max(0, middle - EXAMPLE_CHARACTERS // 2)
    last = first + EXAMPLE_CHARACTERS
    if spans:
        first, last = min(first, spans[0][0]), max(last, spans[0][1])
    pieces: list[tuple[str, bool]] = [("…", False)] if first else []
    position = first
    for start, end in spans:
        if start >= position and end <= last:
            pieces += [(text[position:start], False), (text[start:end], True)]
            position = end
    pieces.append((text[position:last] + ("…" if last < len(text) else ""), False))
    # A sentence on one line, whatever was in the cells.
    flat = ((re.sub(r"[\s\x00-\x1f\x7f-\x9f]+", " ", piece), marked) for piece, marked in pieces)
    return tuple(piece for piece in flat if piece[0])


def script_csv(to_record: Iterable[ToRecord]) -> bytes:
    """The script as a table, in UTF-8 with the BOM that spreadsheets look for; the example has its words in `**`."""
    text = io.StringIO(newline="")
    table = csv.writer(text)
    table.writerow(["file", "words", "voice", "messages", "example"])
    for one in to_record:
        said = "".join(f"**{piece}**" if marked else piece for piece, marked in one.example)
        table.writerow([*map(guarded, (file_name(one.words), one.words, one.voice)), one.messages, guarded(said)])
    return text.getvalue().encode("utf-8-sig")


def guarded(cell: str) -> str:
    """The cell with an apostrophe before it where a spreadsheet would calculate it."""
    return f"'{cell}" if cell[:1] in _FORMULA or cell.lstrip()[:1] in _FORMULA else cell


def guarded_own(cell: str) -> str:
    """The same of a cell that a caller's table has: numbers, with signs or without, and telephone numbers stay.

    >>> [guarded_own(cell) for cell in ("+91 98-22", "-5", "=1+1", "+cmd|x!A0")]
    ['+91 98-22', '-5', "'=1+1", "'+cmd|x!A0"]
    """
    return cell if _NUMBER.fullmatch(cell) else guarded(cell)


def script_html(sessions: Iterable[Session], day: date) -> bytes:
    """The script as one page that needs nothing else; each voice begins on a sheet of its own."""
    return _PAGE.format(style=_STYLE, sections="\n".join(_section(session, day) for session in sessions)).encode()


def _section(session: Session, day: date) -> str:
    voice = f"<bdi>{escape(session.voice)}</bdi>" if session.voice else "default voice"
    words = len(session.to_record)
    facts = [f"{words:,} to record", f"{session.ready:,} of {session.messages:,} messages are ready", day.isoformat()]
    head = f"<header><h1>Recording script: {voice}</h1><p>{' · '.join(facts)}</p></header>"
    if not words:
        return f"<section>\n{head}\n<p>Everything can be said: nothing has to be recorded.</p>\n</section>"
    rows = "\n".join(_row(number, one, session.language) for number, one in enumerate(session.to_record, 1))
    return f"<section>\n{head}\n<table>\n{_COLUMNS}\n<tbody>\n{rows}\n</tbody>\n</table>\n</section>"


def _row(number: int, one: ToRecord, language: str) -> str:
    lang = f' lang="{escape(language)}"' if language else ""
    said = "".join(f"<mark>{escape(piece)}</mark>" if marked else escape(piece) for piece, marked in one.example)
    whole = "".join(piece for piece, _ in one.example)
    file = file_name(one.words)
    name = f'<code><bdi dir="ltr">{escape(file)}</bdi></code>' if file else "too long for the name of a file"
    return (
        f'<tr><td class="number">{number}</td>'
        f'<td><input type="checkbox" aria-label="recorded: {escape(one.words)}"></td>'
        f'<td class="words" dir="{direction(one.words)}"{lang}>{escape(one.words)}'
        f'<p dir="{direction(whole)}">{said}</p></td>'
        f'<td>{name}</td><td class="number">{one.messages:,}</td></tr>'
    )


def direction(text: str) -> str:
    """`rtl` where the first letter is of a script that is written from right to left, otherwise `ltr`."""
    strong = (unicodedata.bidirectional(char) for char in text)
    return "rtl" if next((kind for kind in strong if kind in ("L", "R", "AL")), "L") != "L" else "ltr"


_COLUMNS = (
    '<thead><tr><th scope="col" class="number">#</th><th scope="col">Done</th><th scope="col">Say</th>'
    '<th scope="col">Record as</th><th scope="col" class="number">Messages</th></tr></thead>'
)
_STYLE = """\
@page { margin: 15mm; }
body { font: 12pt/1.4 sans-serif; color: #000; background: #fff; margin: 2em auto; max-width: 60em; padding: 0 1em; }
section + section { break-before: page; margin-top: 3em; }
h1 { font-size: 20pt; margin: 0; }
header p { margin: .3em 0 1em; }
table { border-collapse: collapse; width: 100%; }
thead { display: table-header-group; }
tr { break-inside: avoid; }
th, td { border-bottom: 1px solid #999; padding: 6pt 8pt; text-align: start; vertical-align: top; }
th { border-bottom: 2px solid #000; }
.number { text-align: end; font-variant-numeric: tabular-nums; }
.words { font-size: 22pt; line-height: 1.5; overflow-wrap: anywhere; width: 60%; }
.words p { font-size: 12pt; margin: .2em 0 0; color: #333; }
mark { background: none; color: #000; font-weight: bold; text-decoration: underline; }
code { font-size: 11pt; overflow-wrap: anywhere; }
input { width: 1.5em; height: 1.5em; margin: .4em 0 0; }
@media print { body { margin: 0; max-width: none; padding: 0; } section + section { margin-top: 0; } }"""
_PAGE = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Recording script</title>
<style>
{style}
</style>
</head>
<body>
{sections}
</body>
</html>
"""
