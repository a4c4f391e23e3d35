"""Recognises what is written with digits, from left to right, and says each by `stitcher.numbers.saying`.

The law: what stands together is read as a whole and for certain, or it is `Unsure`, and nobody says a part of it.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass

from stitcher.numbers.around import Around
from stitcher.numbers.notation import VULGAR, Notation, latin
from stitcher.numbers.saying import Clock, Number, Saying
from stitcher.numbers.spelling import Unspeakable
from stitcher.numbers.tables import Table

PHONE_DIGITS = 7
CALL_DIGITS, NUMBER_DIGITS, CODE_DIGITS = 3, 5, 2
"""The least number of digits after "call", "number" and "PIN" that are said one by one."""
DAYS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
SEVERAL = "it can be read in several ways, or the language has no words for it"
NO_LANGUAGE = "the voice has no language that has words for it: set it in voice.toml, or record a clip of this name"
LENGTHS = frozenset({"mm", "cm", "m", "km"})


@dataclass(frozen=True, slots=True)
class Spoken:
    """A part of a text that is said in other words than it is written."""

    start: int
    """Code points into the text."""
    end: int
    """Code points into the text, exclusive."""
    kind: str
    """One of integer, decimal, fraction, ordinal, percent, range, ratio, size, row, measure, currency, time, date and
    digits."""
    words: str
    """What is said, as text in the language."""
    why: str = ""
    """What told this reading from others, where there are others."""
    doubt: str = ""
    """The other reading, where one is possible: a strict caller refuses it."""


@dataclass(frozen=True, slots=True)
class Unsure:
    """A part of a text that is not read, because nothing says for certain how, or the language has no words for it."""

    start: int
    """Code points into the text."""
    end: int
    """Code points into the text, exclusive."""
    why: str
    """A sentence that says what is missing, and what would decide."""
    no_words: bool = False
    """Whether only words are missing: a clip that is named as it is written may say it."""


Reading = Spoken | Unsure
_Found = Spoken | Unsure | tuple[Spoken, ...] | None


def _end(found: _Found) -> int:
    if found is None:
        return -1
    return found[-1].end if isinstance(found, tuple) else found.end


class Reader:
    """Reads the numbers of one language with one voice's rules."""

    def __init__(self, table: Table) -> None:
        self.say = Saying(table)
        self.table = table
        self.signs = Notation(table)
        self.spell = self.say.spell
        self.says_all = all(self.spell.numbers.get(name) for name in ("minus", "plus", "point"))

    def read(self, written: str) -> Iterator[Reading]:
        """From left to right: at each place where something may begin, the longest that can be said."""
        text = self.signs.plain(written)
        around = Around(text)
        at = 0
        while begin := self.signs.begins.search(text, at):
            start, at = begin.start(), begin.end() - 1  # the beginning ends with the first digit
            part_of_word = start == at and latin(text[at - 1 : at] or " ")  # "B12"
            found = self._after_word(text, at) if part_of_word else self._at(text, start, at, around)
            if isinstance(found, tuple):
                yield from found
            elif found:
                yield found
            at = max(_end(found), at + 1) if found else self._run(text, at)

    def _after_word(self, text: str, at: int) -> Unsure | None:
        """What is joined to a word with digits: "B12-15", "B12:30"."""
        end = self._run(text, at)
        if text[end : end + 1] not in tuple("/:×-–") or not text[end + 1 : end + 2].isdecimal():
            return None
        joined = self.signs.cluster.match(text, end + 1)
        return Unsure(at, joined.end() if joined else end + 2, SEVERAL)

    def _run(self, text: str, at: int) -> int:
        run = self.signs.run.match(text, at)
        return run.end() if run else at + 1

    def _at(self, text: str, start: int, at: int, around: Around) -> _Found:
        """What begins at a place, whose first digit is at `at`; all that is joined to it, or `Unsure`."""
        joined = self.signs.cluster.match(text, at)
        last = joined.end() if joined else at + 1
        if not self._sayable(text, start, at, around):
            nothing = self.spell.numbers.get("engine") == "digits"
            why = NO_LANGUAGE if nothing else "the language has no word for its sign or its point"
            return Unsure(start, last, why, no_words=True)
        found = self._longest(text, start, around)
        if start < at and (not found or text[_end(found) : _end(found) + 1] in tuple(":/.-")):  # "-6:30" is a time
            later = self._longest(text, at, around)
            if _end(later) > _end(found):
                found = later
        if isinstance(found, Unsure):
            return found
        if not self.signs.ends(text, last) and not found:
            return self._after_word(text, at)  # a word: "12abc"
        return self._whole(text, start, at, last, found, around)

    def _whole(self, text: str, start: int, at: int, last: int, found: _Found, around: Around) -> _Found:
        """The law: nothing that is joined to a number is left out."""
        end = _end(found)
        if end < last:
            return Unsure(start, last, NO_LANGUAGE if self.spell.numbers.get("engine") == "digits" else SEVERAL)
        after = text[end : end + 1]
        unit = self._run(text, end) if text[end : end + 1].isalpha() else end  # one that has no word: "5mg-10"
        if joins := self.signs.joins.match(text, unit):  # "5kg-10", "5 / 10"
            return self._joined(text, start, joins.end())
        if after in ("′", "″") or (after in ("'", '"') and text[end - 1].isdecimal() and self._inches(text, at, end)):
            return Unsure(start, end + 1, "feet and inches, minutes and seconds are not read")
        if doubt := self._doubted(text, at, end, found, around):
            return Unsure(start, *doubt)
        per = self.signs.per.match(text, end)
        if per and (isinstance(found, tuple) or (found and text[end] == "/")):
            word = self.signs.run.match(text, per.end())
            return Unsure(start, word.end() if word else per.end(), "what it is counted for has no word here")
        if text[start - 1 : start] in ("–", "-", "+") and text[start - 2 : start - 1] in ("", " ", "\u00a0", "("):
            return Unsure(start - 1, end, "the sign before it may be a minus")
        if start < at and text[start] == "-" and text[start - 2 : start - 1].isdecimal() and text[start - 1] == " ":
            return Unsure(start, end, "the hyphen may be a minus or mean 'to'")
        return found

    def _doubted(self, text: str, at: int, end: int, found: _Found, around: Around) -> tuple[int, str] | None:
        """Where a number and a sum of money or a time are written alike: the end, and the reason."""
        spaced = self.signs.spaced.match(text, at)
        if spaced and spaced.end() > end and not isinstance(found, tuple):
            return spaced.end(), "it may be one number, in groups of three: write it without blanks"
        clock = isinstance(found, Spoken) and found.kind == "decimal" and self.signs.clock_like.fullmatch(text, at, end)
        if clock and next(around.before(at), "") in self.signs.at_words:
            return end, "it may be a time: write 6:30, or add am or pm"
        return None

    def _joined(self, text: str, start: int, following: int) -> Unsure:
        """A number with the one that is joined to it."""
        begin = self.signs.begins.search(text, following)
        first = begin.end() - 1 if begin else following
        joined = self.signs.cluster.match(text, first)
        return Unsure(start, joined.end() if joined else first + 1, SEVERAL)

    def _inches(self, text: str, at: int, end: int) -> bool:
        """Whether a quotation mark after a number closes nothing."""
        mark = text[end]
        if mark == "'" and text[end + 1 : end + 2].isalpha():  # "the 90's"
            return False
        return text.count(mark, 0, at) % 2 == 0

    def _sayable(self, text: str, start: int, at: int, around: Around) -> bool:
        """Whether there are words for the sign and the point of the number here; without, no part of it is read."""
        if self.says_all:
            return True
        while start < at and text[start] not in self.signs.before_digits:  # the sign of a currency
            start += 1
        found = self.signs.number(text, start)
        if not found or not (found[0].sign or found[0].fraction):
            return True
        try:
            self.say.number(found[0])
        except Unspeakable:
            with suppress(Unspeakable):
                return bool(self._time(text, at, around) or self._code(text, at, around))
            return False
        return True

    def _longest(self, text: str, at: int, around: Around) -> _Found:
        best: _Found = None
        for recognise in self._likely(text, at):
            try:
                found = recognise(text, at, around)
            except Unspeakable:
                continue
            if found and _end(found) > _end(best):
                best = found
        return best

    def _likely(self, text: str, at: int) -> Iterator[Callable[[str, int, Around], _Found]]:
        """What could begin here by the first digits and the character after them: most numbers are only amounts."""
        end = self.signs.digits.match(text, at).end()  # type: ignore[union-attr] # also matches none
        length, after = end - at, text[end : end + 1]
        if length in (1, 2, 4) and after in ("/", ".", "-"):
            yield self._date
        if length in (1, 2) and after in self.signs.after_hour:
            yield self._time
        if length >= CODE_DIGITS or after in ("-", " ", ".") or text[at] in "0+":
            yield self._code
        if after and (after.isalpha() or after == "."):
            yield self._ordinal
        if after and after in ":-/–":
            yield self._row
        if after == ":":
            yield self._ratio
        if after and (after in "xX×. \u00a0"):
            yield self._size
        if after == "/" or text[at] in VULGAR or (after and (after in VULGAR or after in " \u00a0")):
            yield self._fraction
        yield self._amount

    def forced(self, kind: str, written: str) -> str:
        """The words of a text that is read as one kind. Raises ValueError where it has another form, `Unspeakable`."""
        text = self.signs.plain(written.strip())
        parts = self.signs.one.findall(text)
        if not parts:
            raise ValueError(written)
        if kind == "time":
            return self._forced_time(text)
        if kind in ("row", "ratio"):
            if not self.signs.groups_of_digits.fullmatch(text):
                raise ValueError(written)
            return self.say.ratio(parts) if kind == "ratio" else " ".join(map(self.spell.whole, parts))
        if kind == "range":
            first = self.signs.number(text, 0)
            dash = self.signs.dash.match(text, first[1]) if first else None
            second = self.signs.number(text, dash.end()) if dash else None
            if not first or not second or second[1] < len(text):
                raise ValueError(written)
            return self.say.range(self.say.number(first[0]), self.say.number(second[0]))
        if kind == "ordinal":
            return self._forced_ordinal(text)
        if kind == "number":
            found = self.signs.number(text, 0)
            if not found or found[1] < len(text):
                raise ValueError(written)
            return self.say.number(found[0])
        recognise = {"fraction": self._fraction, "date": self._date}[kind]
        reading = recognise(text, 0, Around(text))
        if not reading or _end(reading) < len(text):
            raise ValueError(written)
        if not isinstance(reading, Spoken):
            raise Unspeakable(written)
        return reading.words

    def _forced_time(self, text: str) -> str:
        first = self._clock(text, 0)
        dash = self.signs.dash.match(text, first[3]) if first else None
        second = self._clock(text, dash.end()) if dash else None
        last = (second or first or (None, "", 0, -1))[3]
        if not first or last < len(text):
            raise ValueError(text)
        clocks = [one[0] for one in (first, second) if one]
        if any(one.mark == "late" or one.hour > 24 or (one.hour == 24 and one.minute) for one in clocks):
            raise ValueError(text)
        if len(clocks) == 1:
            return self.say.time(clocks[0])
        if clocks[1].mark and not clocks[0].mark:
            clocks[0] = self._with_mark(clocks[0], clocks[1])
        return self.say.range(*map(self.say.time, clocks))

    @staticmethod
    def _with_mark(clock: Clock, later: Clock) -> Clock:
        """The first hour of "11-1 pm" with the am or pm that it has by the second."""
        if not 1 <= clock.hour <= 12:
            return clock
        mark = later.mark if clock.hour % 12 <= later.hour % 12 else "am" if later.mark == "pm" else "pm"
        return Clock(clock.hour, clock.minute, clock.second, mark)

    def _forced_ordinal(self, text: str) -> str:
        forms = list(self.table.get("ordinals", {}).values())
        match = self.signs.ordinal.fullmatch(text) if self.signs.ordinal else None
        if match:
            return self.spell.ordinal(
                int(match["number"]), next(f for f in forms if match["mark"] in f.get("marks", []))
            )
        if not text.isdecimal():
            raise ValueError(text)
        if not forms:
            raise Unspeakable(text)
        return self.spell.ordinal(int(text), forms[0])

    # Dates and times

    def _date(self, text: str, at: int, around: Around) -> _Found:
        match = self.signs.iso_date.match(text, at) or self.signs.date.match(text, at)
        if not match or not self.signs.ends(text, match.end()):
            return None
        parts = match.groupdict()
        short = len(parts["year"]) == 2 and parts["by"] != "/"  # "1.2.26" may be anything
        doubt = ""
        if "a" in parts:
            day, month = int(parts["a"]), int(parts["b"])
            if max(day, month) <= 12 and day != month:
                doubt = "day and month could change places"
            if self.table.get("style", {}).get("date") == "mdy":
                day, month = month, day
            if month > 12 >= day:  # only one way round is a date
                day, month = month, day
        else:
            day, month = int(parts["day"]), int(parts["month"])
        if not (1 <= month <= 12 and 1 <= day <= DAYS[month - 1]):
            return None
        if short:
            if parts["by"] == "." or around.follows(at, self.signs.products, self.signs.fillers):
                return None
            return Unsure(at, match.end(), "it may be a date or a row of numbers: write the year with four digits")
        return Spoken(at, match.end(), "date", self.say.date(parts["year"], month, day), "a date", doubt)

    def _time(self, text: str, at: int, around: Around) -> _Found:
        first = self._clock(text, at)
        if not first:
            return None
        clock, by, _, end = first
        until = self.signs.dash.match(text, end)
        second = self._clock(text, until.end()) if until else None
        if second and not (second[0].mark or second[1]):  # "6:30-7": the second is no time by itself
            second = None
        last = second[3] if second else end
        led = bool(self.signs.lead and self.signs.lead.search(text, max(0, at - 24), at))
        tail = self.signs.tail.match(text, last) if self.signs.tail else None
        marked = bool(clock.mark or (second and second[0].mark))
        told = marked or led or by == "h"
        if not told and not (clue := self._is_time(text, at, last, first, second, tail is not None, around)):
            return None
        if not (by or clock.mark or second) or (not by and second and not second[0].mark):
            return None  # "6", and "6-7 hours"
        if (clock.hour > 24 or (clock.hour == 24 and clock.minute)) or (second and second[0].hour > 24):
            return None
        for one in filter(None, (first, second)):
            if one[0].mark == "late":
                return Unsure(at, last, "there is no such hour with am or pm")
        if self.say.tells_hours_from_six(clock, led=led or tail is not None or marked):
            return Unsure(
                at, last, "the hour may be told from midnight or from six: add am or pm, or set time.shift_when"
            )
        doubt = "" if told or clue == "sure" else "a ratio or a grade is written so, too"
        followed = tail is not None
        if not second:
            return Spoken(at, end, "time", self.say.time(clock, led=led, followed=followed), "a time", doubt)
        later = second[0]
        if later.mark and not clock.mark:
            clock = self._with_mark(clock, later)
        said = self.say.time(clock, led=led), self.say.time(later, led=led, followed=followed)
        return Spoken(at, last, "time", self.say.range(*said), "a time", doubt)

    def _is_time(
        self,
        text: str,
        at: int,
        last: int,
        first: tuple[Clock, str, int, int],
        second: tuple[Clock, str, int, int] | None,
        followed: bool,
        around: Around,
    ) -> str:
        """Whether the words around, or the digits, say that it is a time and no ratio, grade or decimal.

        "sure", "likely", or "" where they do not.
        """
        clock, by, sure, _ = first
        if around.follows(at, self.signs.products, self.signs.fillers):
            return ""
        if followed and (by == ":" or len(str(clock.hour)) == 2 or not self.signs.duration(text, last)):
            return "sure"
        if by != ":" or clock.second or text[at:last].count(":") > 1 + bool(second):
            return ""
        if around.mentions(at, last, self.signs.ratio_words):
            return ""
        if max(sure, second[2] if second else 0) > 1 or around.mentions(at, last, self.signs.time_words):
            return "sure"
        return "likely" if sure or (second and second[2]) else ""

    def _clock(self, text: str, at: int) -> tuple[Clock, str, int, int] | None:
        """An hour or a time that begins here, what stands between its parts, how sure it is to be one, and its end.

        Sure is 2 where no ratio looks so ("7:00", "06:05"), 1 for two digits and two digits, otherwise 0. An hour over
        12 with am or pm has the mark "late".
        """
        lettered = self.signs.lettered.match(text, at)
        if lettered and self.signs.ends(text, lettered.end()):
            return Clock(int(lettered["hour"]), int(lettered["minute"] or 0), 0, ""), "h", 2, lettered.end()
        match = self.signs.point.match(text, at)
        if not match or not self.signs.ends(text, match.end()):
            return None
        hour, by, minute = int(match["hour"]), match["by"] or "", match["minute"] or ""
        mark = (match["mark"] or "").replace(".", "").casefold()
        if mark and not (1 <= hour <= 12):
            mark = "" if by == ":" else "late"
        sure = 0 if by != ":" else 2 if minute[0] == "0" or match["hour"][0] == "0" else int(len(match["hour"]) == 2)
        return Clock(hour, int(minute or 0), int(match["second"] or 0), mark), by, sure, match.end()

    # Numbers that are no amounts

    def _code(self, text: str, at: int, around: Around) -> _Found:
        """Telephone numbers and codes, by their shape or by the word before; "1.2.3"."""
        if called := self._called(text, at, around):
            return called
        shapes = filter(None, (self.signs.phone.match(text, at), self.signs.shaped.match(text, at)))
        match = max(shapes, key=lambda shape: shape.end(), default=None)
        if match and self.signs.ends(text, match.end()) and sum(map(str.isdecimal, match[0])) >= PHONE_DIGITS:
            low, hyphen, high = match[0].partition("-")
            if hyphen and high.isdecimal() and low.isdecimal() and len(low) == len(high) and int(low) < int(high):
                if low.endswith("00") and high.endswith("00"):
                    return None
                return Unsure(at, match.end(), "it may be a telephone number or a range: write [digits …] or 'to'")
            return Spoken(at, match.end(), "digits", self.spell.digits(match[0]), "a telephone number by its shape")
        if (match := self.signs.dotted.match(text, at)) and self.signs.ends(text, match.end()):
            point = self.spell.numbers.get("point")
            if not point or all(len(part) == 3 for part in match[0].split(".")[1:]):  # "1.000.000"
                return None
            parts = (self.spell.whole(part) for part in match[0].split("."))
            return Spoken(at, match.end(), "digits", f" {point} ".join(parts), "a number with several points")
        return None

    def _called(self, text: str, at: int, around: Around) -> _Found:
        """A number to call or a code, where a word says so: "PIN 411001", "call 1551", "108 पर कॉल करें"."""
        match = self.signs.groups.match(text, at)
        if not match or not self.signs.ends(text, match.end()):
            return None
        end = match.end()
        if text[end : end + 1] in tuple("/:–") and text[end + 1 : end + 2].isdecimal():
            return None
        count = sum(map(str.isdecimal, match[0]))
        why = ""
        if count >= CODE_DIGITS and around.follows(at, self.signs.code_words, self.signs.fillers):
            why = "the word before says that it is a code"
        elif count >= NUMBER_DIGITS and around.follows(at, self.signs.number_words, self.signs.fillers):
            why = "the word before says that it is a number to be dialled or read out"
        elif count >= CALL_DIGITS and around.follows(at, self.signs.call_words, self.signs.fillers):
            following = next(around.after(end), "")
            if count <= 4 and following.isascii() and following.isalpha() and following not in self.signs.after_call:
                return Unsure(at, end, "it may be a number to call or an amount: write [digits …] or [number …]")
            why = "the word before says that it is to be called"
        elif count >= CALL_DIGITS and around.leads(end, self.signs.called_words):
            why = "the words after say that it is to be called"
        return Spoken(at, end, "digits", self.spell.digits(match[0]), why) if why else None

    def _row(self, text: str, at: int, around: Around) -> _Found:
        """Three numbers and more in a row ("19:19:19"), two after a product's name ("DAP 18-46"), "2024-25"."""
        product = around.follows(at, self.signs.products, self.signs.fillers)
        if match := self.signs.row.match(text, at):
            if match["by"] in "/-" and self._dated(text, at) and not product:
                return None
            if not self.signs.ends(text, match.end()) or (match["by"] == ":" and self._clocked(text, match.end())):
                return None
            if match["by"] == ":" and not product and any(len(g) > 1 and g[0] == "0" for g in match[0].split(":")):
                return None  # "06:30:15" may be a time with seconds
            doubt = "" if product or match["by"] != "/" else "it looks like a date, but is none"
            return self._each(text, at, match.end(), "numbers in a row", doubt)
        match = self.signs.pair.match(text, at)
        if not match or not self.signs.ends(text, match.end()):
            return None
        years = len(match["a"]) == 4 and len(match["b"]) == 2 and (int(match["a"]) + 1) % 100 == int(match["b"])
        if product:
            return self._each(text, at, match.end(), "a product's name stands before", "")
        return self._each(text, at, match.end(), "two years", "") if years and "-" in match[0] else None

    def _dated(self, text: str, at: int) -> bool:
        """Whether three groups could be a day, a month and a year."""
        if self.signs.iso_date.match(text, at):
            return True
        match = self.signs.date.match(text, at)
        return bool(
            match and min(int(match["a"]), int(match["b"])) <= 12 and max(int(match["a"]), int(match["b"])) <= 31
        )

    def _clocked(self, text: str, end: int) -> bool:
        """Whether am, pm or the word for the hour follows, so that three groups are a time with seconds."""
        return bool((self.signs.tail and self.signs.tail.match(text, end)) or self.signs.marked.match(text, end))

    def _each(self, text: str, at: int, end: int, why: str, doubt: str) -> tuple[Spoken, ...]:
        found: list[Spoken] = []
        for match in self.signs.one.finditer(text, at, end):
            found.append(Spoken(match.start(), match.end(), "row", self.spell.whole(match[0]), why, doubt))
        return tuple(found)

    def _ratio(self, text: str, at: int, around: Around) -> _Found:
        match = self.signs.ratio.match(text, at)
        if not match or not self.signs.ends(text, match.end()):
            return None
        mentioned = around.mentions(at, match.end(), self.signs.ratio_words)
        parts = match[0].split(":")
        if (len(parts) > 2 and not mentioned) or any(len(part) > 1 and part[0] == "0" for part in parts):
            return None
        # "6:30" may be a time that lacks its word.
        clock = len(parts) == 2 and len(parts[1]) == 2 and parts[1] < "60" and int(parts[0]) <= 24
        if clock and not mentioned:
            if not self._lowest(parts) or around.mentions(at, match.end(), self.signs.time_words):
                return Unsure(at, match.end(), "it may be a time or a ratio: write [time …] or [ratio …]")
            doubt = "a time is written so, too"
        else:
            doubt = ""
        return Spoken(at, match.end(), "ratio", self.say.ratio(parts), "a ratio", doubt)

    @staticmethod
    def _lowest(parts: list[str]) -> bool:
        """Whether a ratio is one to something, as mixtures are written: "1:10"."""
        return parts[0] == "1"

    def _size(self, text: str, at: int, around: Around) -> _Found:
        """Length by width: "45x15 cm"."""
        match = self.signs.sides.match(text, at)
        if not match:
            spaced = self.signs.spaced_sides.match(text, at)
            unit = self.signs.unit.match(text, spaced.end()) if spaced else None
            if not spaced or not unit or self.signs.unit_names[unit["sign"]] not in LENGTHS:
                return None
            match = spaced
        end = match.end()
        sides = [self.signs.number(side, 0) for side in self.signs.times.split(match[0])]
        words = self.say.by([self.say.number(side[0]) for side in sides if side])
        unit = self.signs.unit.match(text, end)
        if unit and self.signs.closed(text, unit.end()):
            name = self.signs.unit_names[unit["sign"]]
            if name not in LENGTHS:
                return Unsure(at, unit.end(), "it may be a number of packs, or length by width")
            last = sides[-1]
            assert last  # noqa: S101 - the pattern has a number on each side
            return Spoken(
                at, unit.end(), "size", self.say.measure(words, self.say.unit((name,), last[0])), "length by width"
            )
        return Spoken(at, end, "size", words, "length by width") if self.signs.ends(text, end) else None

    def _fraction(self, text: str, at: int, around: Around) -> _Found:
        """A fraction or a mixed number, with its unit: "1/2", "1 1/2 kg", "2½"."""
        match = self.signs.fraction.match(text, at)
        if not match or not self.signs.ends(text, match.end()):
            return None
        end, whole, part = match.end(), match["whole"] or "", match["part"] or VULGAR[match["one"]]
        sign = self.signs.unit.match(text, end)
        if sign and self.signs.closed(text, sign.end()):
            with suppress(Unspeakable):  # otherwise the unit stays as it is written
                name = self.signs.unit_names[sign["sign"]]
                if whole:
                    # "un kilo y medio", but "one and a half kilograms"
                    unit = self.say.unit((name,), Number("", whole, None if "mixed_unit" in self.table else "5"))
                    said = self.say.mixed_measure(whole, part, unit)
                else:
                    said = self.say.measure(self.say.fraction("", part), self.say.unit((name,), Number("", "1")))
                return Spoken(at, sign.end(), "measure", said, "a fraction")
        try:
            return Spoken(at, end, "fraction", self.say.fraction(whole, part), "a fraction")
        except Unspeakable:
            return Unsure(at, end, "the language has no words for this fraction")

    def _ordinal(self, text: str, at: int, around: Around) -> _Found:
        match = self.signs.ordinal.match(text, at) if self.signs.ordinal else None
        if not match or not self.signs.closed(text, match.end()):
            return None
        number = int(match["number"])
        for form in self.table.get("ordinals", {}).values():
            if match["mark"] in form.get("marks", []):
                return Spoken(at, match.end(), "ordinal", self.spell.ordinal(number, form))
        return None

    # Amounts

    def _amount(self, text: str, at: int, around: Around) -> _Found:
        """An amount, or a range of two that each have their sign ("5%-10%")."""
        first = self._one_amount(text, at)
        if not first or first.kind not in ("percent", "measure", "currency"):
            return first
        dash = self.signs.dash.match(text, first.end)
        second = self._one_amount(text, dash.end()) if dash else None
        if not second or second.kind != first.kind:
            return first
        try:
            return Spoken(at, second.end, first.kind, self.say.range(first.words, second.words))
        except Unspeakable:
            return Unsure(at, second.end, "the language has no word for a range")

    def _one_amount(self, text: str, at: int) -> Spoken | None:
        """A number or a range of two, with the sign of a currency before, or of a currency, unit or percent after."""
        before = None if text[at : at + 1].isdecimal() else self.signs.currency_before.match(text, at)
        currency = self.signs.currency[before["sign"]] if before else ""
        first = self.signs.number(text, before.end() if before else at)
        if not first:
            return None
        low, end = first
        dash = self.signs.dash.match(text, end)
        second = self.signs.number(text, dash.end()) if dash else None
        if len(low.whole) > 1 and low.whole[0] == "0":  # "080-2345" is no range
            second = None
        if second and not second[0].sign and low.value < second[0].value and not self.signs.joined(text, at, second[1]):
            # Without words for the range the first number alone is found, and the law makes it `Unsure`.
            with suppress(Unspeakable):
                return self._quantity(text, at, second[1], low, second[0], currency)
        return self._quantity(text, at, end, low, None, currency)

    def _quantity(self, text: str, at: int, end: int, low: Number, high: Number | None, currency: str) -> Spoken | None:
        signed = self.signs.sign_follows(text, end)
        attempts = (self._currency,) if currency else (self._currency, self._percent, self._measure) if signed else ()
        for attempt in attempts:
            try:
                found = attempt(text, at, end, low, high, currency)
            except Unspeakable:
                continue  # for want of a word the sign stays as it is written
            if found:
                return found
        unit = self.signs.unit.match(text, end) if signed else None
        if currency or not (self.signs.ends(text, end) or (unit and self.signs.closed(text, unit.end()))):
            return None
        if not high and (only := self.signs.only.match(text, end)):  # "500/-" is a price in the country's money
            end = only.end()
            if name := self.table.get("style", {}).get("price_marks", {}).get(only[0]):
                return Spoken(
                    at, end, "currency", self.say.money(self._numbers(low, None, self.say.form(name)), name, low)
                )
        zeros = len(low.whole) > 1 and low.whole[0] == "0"
        kind = "range" if high else "decimal" if low.fraction is not None else "digits" if zeros else "integer"
        return Spoken(at, end, kind, self._numbers(low, high))

    def _numbers(self, low: Number, high: Number | None, form: str = "") -> str:
        if not high:
            return self.say.number(low, form)
        return self.say.range(self.say.number(low), self.say.number(high, form))

    def _currency(self, text: str, at: int, end: int, low: Number, high: Number | None, currency: str) -> Spoken | None:
        after = None if currency else self.signs.currency_after.match(text, end)
        if not currency:
            if not after:
                return None
            currency, end = self.signs.currency[after["sign"]], after.end()
        number = high or low
        times = self.signs.multiplier.match(text, end) if self.signs.multiplier else None
        if times and self.signs.closed(text, times.end()):
            end = times.end()
        elif not (self.signs.closed if after else self.signs.ends)(text, end):
            return None
        form = self.say.form(currency)
        if not high and not times and len(low.fraction or "") == 2 and self.say.has_cents(currency):
            words = self.say.cents(low, currency)
        else:
            said = self._numbers(low, high, "" if times else form)
            words = self.say.money(said, currency, number, self.signs.multipliers[times["word"]] if times else "")
        if only := self.signs.only.match(text, end):  # "Rs. 500/-"
            end = only.end()
        per = self.signs.per_unit.match(text, end)
        if per and self.signs.closed(text, per.end()):
            with suppress(Unspeakable):  # otherwise the law makes it `Unsure`
                words, end = self.say.per(words, self.signs.unit_names[per["sign"]]), per.end()
        return Spoken(at, end, "currency", words)

    def _percent(self, text: str, at: int, end: int, low: Number, high: Number | None, _: str) -> Spoken | None:
        sign = self.signs.percent.match(text, end)
        return sign and Spoken(at, sign.end(), "percent", self.say.percent(self._numbers(low, high)))

    def _measure(self, text: str, at: int, end: int, low: Number, high: Number | None, _: str) -> Spoken | None:
        sign = self.signs.unit.match(text, end)
        if not sign or not self.signs.closed(text, sign.end()):
            return None
        number, names, last = high or low, (self.signs.unit_names[sign["sign"]],), sign.end()
        if names[0] == "h" and not high and self.signs.hours_and_minutes.fullmatch(text, at, end):
            return None  # "14.30 hrs" is a time
        if (per := self.signs.per_unit.match(text, last)) and self.signs.closed(text, per.end()):
            try:
                both = (*names, self.signs.unit_names[per["sign"]])
                unit, last = self.say.unit(both, number), per.end()
            except Unspeakable:
                unit = self.say.unit(names, number)
        else:
            unit = self.say.unit(names, number)
        words = self._numbers(low, high, self.say.form(names[0]))
        return Spoken(at, last, "measure", self.say.measure(words, unit))
