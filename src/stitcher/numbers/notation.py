"""How numbers are written: the patterns of a language's signs, for digits brought to one form.

Every pattern is anchored or of bounded length, so that reading a text takes time linear in its length.
"""

import re
import unicodedata
from collections.abc import Iterable

from stitcher.numbers.around import WordList
from stitcher.numbers.saying import Number
from stitcher.numbers.tables import Table

# Characters that mean the same as a plain one; all one code point long, so that positions stay.
ALIKE = str.maketrans(
    {
        **dict.fromkeys("\u2212\uff0d\u2010\u2011\ufe63", "-"),
        **dict.fromkeys("\u2009\u202f\u2007\u2008\u2002", "\u00a0"),  # thin and other narrow spaces group digits
        **dict.fromkeys("\uff1a\ua789", ":"),
        **dict.fromkeys("\uff05\u066a", "%"),
        "\uff0e": ".",
        "\uff0c": ",",
        "\uff0b": "+",
        "\uff0f": "/",
        "\u2044": "/",
        "\u066c": "\u00a0",  # Arabic thousands separator
        "\u2014": "\u2013",
    }
)
VULGAR = {char: unicodedata.normalize("NFKC", char).replace("\u2044", "/") for char in "½¼¾⅓⅔⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞⅐⅑⅒"}
"""Fractions that are one character."""
GROUPS = 6  # at most this many groups of digits: 10^21
# What a sign or a leading point does not follow: in "word-5" the hyphen is none.
INSIDE = r"[^\s(\[{\"'“‘«=<>≤≥~/|:;,¿¡–-]"
HOUR = r"(?P<hour>[0-9]{1,2})"
MARK = r"(?P<mark>[ap]\.?m\.?(?![^\W\d_]))"


def _any(signs: Iterable[str]) -> str:
    """A pattern of the signs, the longest first; one that matches nothing where there are none."""
    ordered = sorted(set(signs), key=lambda sign: (-len(sign), sign))
    return "|".join(re.escape(sign) for sign in ordered) or r"(?!)"


class Notation:
    """The compiled patterns of one language."""

    def __init__(self, table: Table) -> None:
        style = table.get("style", {})
        signs = table.get("signs", {})
        self.decimal = style.get("decimal", ".")
        self.currency = {sign: name for name, all_ in signs.get("currencies", {}).items() for sign in all_}
        units = {sign: name for name, all_ in signs.get("units", {}).items() for sign in all_}
        after_slash = {sign: name for name, all_ in signs.get("after_slash", {}).items() for sign in all_}
        self.unit_names = {**after_slash, **units}

        grouping = set(style.get("group", ",")) | {"\u00a0"}
        self._number = re.compile(f"(?P<sign>[-+])?(?:{self._digits(grouping)})")
        currencies = _any(self.currency)
        self.currency_before = re.compile(rf"(?P<sign>{currencies})[ \u00a0]?(?=[-+]?[.\d])")
        self.currency_after = re.compile(rf"[ \u00a0]?(?P<sign>{_any(s for s in self.currency if s[-1] != '.')})")
        symbols, letters = (
            _any(s for s in self.currency if not s[0].isalpha()),
            _any(filter(_starts_word, self.currency)),
        )
        begin = rf"(?:(?:{symbols}|(?<![^\W_])(?:{letters}))[ \u00a0]?|(?<!{INSIDE}))"
        self.begins = re.compile(rf"{begin}(?:[-+])?[{re.escape('.' + self.decimal)}]?[0-9]|[0-9{''.join(VULGAR)}]")
        self.digits = re.compile(r"[0-9]*")
        self.after_hour = frozenset(":. \u00a0apAP–-").union(
            *(mark[0].lower() + mark[0].upper() for mark in table.get("time", {}).get("separators", []) if mark)
        )
        self.after_number = frozenset("%-").union(sign[0] for sign in (*self.currency, *units))
        self.before_digits = frozenset("+-." + self.decimal)
        self.run = re.compile(r"[^\W_]+(?:[.,][0-9][^\W_]*)*")
        # "5kg", "5 kg", "40-kg"
        self.unit = re.compile(rf"(?:[ \u00a0]|-(?=[^\W\d_]))?(?P<sign>{_any(units)})")
        self.per_unit = re.compile(rf" ?/ ?(?P<sign>{_any(self.unit_names)})")
        self.percent = re.compile(r"[ \u00a0]?%")
        self.dash = re.compile(r"[ \u00a0]?–[ \u00a0]?|-|[ \u00a0]-[ \u00a0]")
        self.more = re.compile(r"[-–/][0-9]")
        # "1/2", "2½", "1 1/2", "½": a fraction after a whole number makes one number of both.
        vulgar = "".join(VULGAR)
        self.fraction = re.compile(
            rf"(?:(?P<whole>[0-9]{{1,6}})(?:[ \u00a0](?=[0-9])|[ \u00a0]?(?=[{vulgar}])))?"
            rf"(?:(?P<one>[{vulgar}])|(?P<part>[0-9]{{1,2}}/[0-9]{{1,2}}))(?![\d/:{vulgar}]|[.,]\d)"
        )
        # What stands together without a space is one expression: read as a whole, or not at all. "12:32:16", "2/3".
        comma = "," if self.decimal == "," else ""
        self.cluster = re.compile(rf"[0-9]+(?:[-–./:×~^'′\"{comma}][0-9]+)*")
        # "19:19:19", "12-34-56"
        self.row = re.compile(r"[0-9]{1,6}(?P<by>[-:/])[0-9]{1,6}(?:(?P=by)[0-9]{1,6})+(?![-:/]?[0-9])")
        # "18-46" after a product's name; "2024-25"
        self.pair = re.compile(r"(?P<a>[0-9]{1,6})[-–:](?P<b>[0-9]{1,6})(?![-–:/]?[0-9])")
        # What joins a number to the next one: "10- 5", "5 / 10", "5 : 10", "Rs 5-Rs 10". With a blank on one side, a
        # colon is a pause.
        self.joins = re.compile(
            rf"[ \u00a0]*(?:[-–]+|[/×])[ \u00a0]*(?=(?:(?:{currencies})[ \u00a0]?)?[-+.]?[0-9{''.join(VULGAR)}])"
            rf"|[ \u00a0]:[ \u00a0](?=[0-9])|:(?=[0-9])"
        )
        # "1 000", where the language does not group by spaces
        self.spaced = re.compile(r"[0-9]{1,3}(?: [0-9]{3})* 0[0-9]{2}(?![0-9])")
        # "1:10", "1:200"
        self.ratio = re.compile(r"[0-9]{1,4}(?::[0-9]{1,5}){1,2}(?![:.]?[0-9])")
        # "45x15", "45 × 15", "2.5x3x4"
        size = r"[0-9]{1,5}(?:\.[0-9]{1,2})?"
        self.sides = re.compile(rf"{size}(?:(?:[ \u00a0]?×[ \u00a0]?|[xX]){size}){{1,2}}(?![0-9])")
        self.spaced_sides = re.compile(rf"{size}(?:[ \u00a0][xX][ \u00a0]{size}){{1,2}}(?![0-9])")
        self.iso_date = re.compile(
            r"(?P<year>[0-9]{4})(?P<sep>[-/])(?P<month>[01][0-9])(?P=sep)(?P<day>[0-3][0-9])(?![-/0-9])"
        )
        # "20/11/2026", "20.11.2026", "20/11/26"
        self.date = re.compile(
            r"(?P<a>[0-9]{1,2})(?P<by>[/.-])(?P<b>[0-9]{1,2})(?P=by)(?P<year>[0-9]{4}|[0-9]{2})(?![/-]?\d)"
        )
        # "6", "6:30", "6.30 p.m.", "12:30:15"
        self.point = re.compile(
            rf"{HOUR}(?:(?P<by>[:.])(?P<minute>[0-5][0-9])(?P<more>:(?P<second>[0-5][0-9]))?(?![0-9]))?"
            rf"(?:[ \u00a0]?{MARK})?(?!:[0-9])",
            re.IGNORECASE,
        )
        time = table.get("time", {})
        # "18h05"
        letters = _any(time.get("separators", []))
        self.lettered = re.compile(
            rf"{HOUR}[ \u00a0]?(?P<by>{letters})(?:[ \u00a0]?(?P<minute>[0-5][0-9]))?(?![^\W_])", re.IGNORECASE
        )
        # "+91 98450 12345", "0712 345 678", "01 23 45 67 89", "9845012345"
        self.phone = re.compile(
            r"\+[0-9]{1,4}(?:[ -]?\(?[0-9]{2,12}\)?){1,5}"
            r"|0[0-9]{2,4}\)[ -]?[0-9]{6,8}|0[0-9]{2,4}(?:[ -][0-9]{3,4}){1,3}|0[0-9](?:[ .][0-9]{2}){3,4}"
            r"|[0-9]{10,}"
        )
        # "1800-180-1551", "98450 12345": the shapes of the table
        self.shaped = re.compile(rf"(?:{_shapes(signs.get('phones', {}).get('shapes', []))})(?![0-9]|[-/:.][0-9])")
        # Any groups of digits, where the words around say that they are a number to call.
        self.groups = re.compile(r"\+?[0-9]+(?:[ -][0-9]{2,}){0,8}")
        self.dotted = re.compile(r"[0-9]+(?:\.[0-9]+){2,}")
        # "500/-", "500/="
        self.only = re.compile(r"/[-=](?![\w-])")
        self.hours_and_minutes = re.compile(r"[0-9]{2}\.[0-5][0-9]")
        self.clock_like = re.compile(r"(?:1?[0-9]|2[0-4])\.[0-5][0-9]")
        self.one = re.compile(r"[0-9]+")
        self.groups_of_digits = re.compile(r"[0-9]{1,15}(?:[ ,:/–-]+[0-9]{1,15})*")
        self.times = re.compile(r"[ \u00a0]?[xX×][ \u00a0]?")
        self.marked = re.compile(rf"[ \u00a0]?{MARK}", re.IGNORECASE)
        # What a sum of money, a number or a measure is for: "₹20/acre"
        self.per = re.compile(r" ?/ ?(?=[^\W\d_])")
        marks = [mark for form in table.get("ordinals", {}).values() for mark in form.get("marks", [])]
        self.ordinal = re.compile(rf"(?P<number>[0-9]{{1,6}})(?P<mark>{_any(marks)})") if marks else None
        self.lead = (
            re.compile(rf"(?<![^\W_])(?:{_any(time['leads'])})\s*\Z", re.IGNORECASE) if time.get("leads") else None
        )
        self.tail = re.compile(rf"\s?(?:{_any(time['tails'])})", re.IGNORECASE) if time.get("tails") else None
        hours = time.get("durations", [])
        self.counts_hours = re.compile(rf"\s?(?:{_any(hours)})", re.IGNORECASE) if hours else None
        words = signs.get("words", {})
        self.code_words, self.call_words, self.number_words = (
            WordList(words.get(name, ())) for name in ("code", "call", "number")
        )
        self.called_words, self.fillers = WordList(words.get("called", ())), WordList(words.get("fillers", ()))
        self.at_words = WordList(words.get("at", ()))
        self.after_call = WordList(words.get("after_call", ()))
        self.time_words, self.ratio_words = WordList(words.get("time", ())), WordList(words.get("ratio", ()))
        self.products = WordList(words.get("products", ()))
        multipliers = table.get("multipliers", {})
        self.multipliers = multipliers if isinstance(multipliers, dict) else {word: word for word in multipliers}
        self.multiplier = re.compile(rf" ?(?P<word>{_any(self.multipliers)})") if multipliers else None

    def _digits(self, grouping: set[str]) -> str:
        """A number's digits: grouped in threes or as in India, plain, or with nothing before the decimal mark."""
        threes = "|".join(
            rf"[0-9]{{1,3}}(?:{re.escape(by)}[0-9]{{3}}){{1,{GROUPS}}}(?!{re.escape(by)}?[0-9])"
            for by in sorted(grouping)
        )
        indian = rf"[0-9]{{1,2}}(?:,[0-9]{{2}}){{1,{GROUPS}}},[0-9]{{3}}(?!,?[0-9])"
        marks = self.decimal if self.decimal == "." else f"{self.decimal}."
        fraction = rf"(?:[{re.escape(marks)}](?P<fraction>[0-9]+))?"
        grouped = f"{threes}|{indian}" if "," in grouping else threes
        return rf"(?P<whole>{grouped}|[0-9]+){fraction}|[{re.escape(marks)}](?P<bare>[0-9]+)"

    def duration(self, text: str, at: int) -> bool:
        """Whether the word for the hour that follows also counts hours: "2.30 hours", but not "2.30 o'clock"."""
        return bool(self.counts_hours and self.counts_hours.match(text, at))

    def plain(self, text: str) -> str:
        """The text with digits of all scripts as 0 to 9 and look-alikes as one, character for character."""
        if text.isascii():
            return text
        text = text.translate(ALIKE).replace("\u066b", self.decimal)
        return "".join(str(unicodedata.decimal(c)) if c > "\x7f" and c.isdecimal() else c for c in text)

    def number(self, text: str, at: int) -> tuple[Number, int] | None:
        """The number that begins here, with its sign, and where it ends."""
        match = self._number.match(text, at)
        if not match:
            return None
        whole = match["whole"] or ""
        if not whole.isdecimal():
            whole = "".join(filter(str.isdecimal, whole))
        return Number(match["sign"] or "", whole, match["fraction"] or match["bare"]), match.end()

    def sign_follows(self, text: str, at: int) -> bool:
        """Whether a sign may follow a number that ends here: a quick look that spares most numbers three patterns."""
        after = text[at : at + 1]
        return after in self.after_number or (after in (" ", "\u00a0") and text[at + 1 : at + 2] in self.after_number)

    def ends(self, text: str, at: int) -> bool:
        """Whether a number may end here: not inside a word ("12abc"), though before another script ("10টি")."""
        after = text[at : at + 1]
        return not after or not (latin(after) or after.isdecimal() or unicodedata.category(after) in ("Me", "No"))

    def closed(self, text: str, at: int) -> bool:
        """Whether a sign may end here: "kg", not the beginning of a word."""
        after = text[at : at + 1]
        return not after or not (after.isalnum() or after == "_" or unicodedata.category(after)[0] == "M")

    def joined(self, text: str, start: int, end: int) -> bool:
        """Whether this is part of a code of several numbers: "12-34-56"."""
        before = text[start - 1 : start] in tuple("-–/") and text[start - 2 : start - 1].isdecimal()
        return before or bool(self.more.match(text, end))


def latin(char: str) -> bool:
    """A letter or mark that makes one word with digits beside it; people write other scripts' endings to digits."""
    return char < "\u0370" and (char.isalpha() or char == "_" or unicodedata.category(char) == "Mn")


def _starts_word(sign: str) -> bool:
    return sign[0].isalpha()


def _shapes(shapes: Iterable[str]) -> str:
    """A pattern of the shapes of telephone numbers: `d` is a digit, a space is a space or a hyphen."""
    return "|".join(shape.replace("d", "[0-9]").replace(" ", "[ -]") for shape in shapes) or r"(?!)"
