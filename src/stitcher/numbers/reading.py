"""Recognises what is written with digits, from left to right, and says each by `stitcher.numbers.saying`."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass

from stitcher.numbers.notation import Notation, latin
from stitcher.numbers.saying import Clock, Number, Saying
from stitcher.numbers.spelling import Unspeakable
from stitcher.numbers.tables import Table

PHONE_DIGITS = 7
DAYS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


@dataclass(frozen=True, slots=True)
class Spoken:
    """A part of a text that is said in other words than it is written."""

    start: int
    """Code points into the text."""
    end: int
    """Code points into the text, exclusive."""
    kind: str
    """integer, decimal, ordinal, percent, range, measure, currency, time, date or digits."""
    words: str
    """What is said, as text in the language."""


class Reader:
    """Reads the numbers of one language with one voice's rules."""

    def __init__(self, table: Table) -> None:
        self.say = Saying(table)
        self.table = table
        self.signs = Notation(table)
        self.says_all = all(self.say.numbers.get(name) for name in ("minus", "plus", "point"))

    def read(self, written: str) -> Iterator[Spoken]:
        """From left to right: at each place where something may begin, the longest that can be said."""
        text = self.signs.plain(written)
        at = 0
        while begin := self.signs.begins.search(text, at):
            start, at = begin.start(), begin.end() - 1  # the beginning ends with the first digit
            if (start == at and latin(text[at - 1 : at] or " ")) or not self._sayable(text, start, at):
                at = self.signs.run.match(text, at).end()  # type: ignore[union-attr] # a digit begins every run
                continue
            found = self._longest(text, start)
            if start < at and (not found or text[found.end : found.end + 1] in tuple(":/.-")):  # "-6:30" is a time
                later = self._longest(text, at)
                found = later if later and (not found or later.end > found.end) else found
            if found:
                yield found
            at = found.end if found else self.signs.run.match(text, at).end()  # type: ignore[union-attr]

    def _sayable(self, text: str, start: int, at: int) -> bool:
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
            return bool(self.signs.clock(text, at))
        return True

    def _longest(self, text: str, at: int) -> Spoken | None:
        best: Spoken | None = None
        for recognise in self._likely(text, at):
            try:
                found = recognise(text, at)
            except Unspeakable:
                continue
            if found and found.words and (best is None or found.end > best.end):
                best = found
        return best

    def _likely(self, text: str, at: int) -> Iterator[Callable[[str, int], Spoken | None]]:
        """What could begin here by the first digits and the character after them: most numbers are only amounts."""
        end = self.signs.digits.match(text, at).end()  # type: ignore[union-attr] # also matches none
        length, after = end - at, text[end : end + 1]
        if length in (1, 2, 4) and after in ("/", ".", "-"):
            yield self._date
        if length in (1, 2) and after in self.signs.after_hour:
            yield self._time
        if length >= 10 or after == "." or text[at] in "0+" or (length == 5 and after == " "):
            yield self._code
        if after and (after.isalpha() or after == "."):
            yield self._ordinal
        yield self._amount

    def _date(self, text: str, at: int) -> Spoken | None:
        match = self.signs.iso_date.match(text, at) or self.signs.date.match(text, at)
        if not match or not self.signs.ends(text, match.end()):
            return None
        parts = match.groupdict()
        if len(parts["year"]) == 2 and parts["by"] != "/":  # "1.2.26" may be anything
            return None
        if "a" in parts:
            day, month = int(parts["a"]), int(parts["b"])
            if self.table.get("style", {}).get("date") == "mdy":
                day, month = month, day
            if month > 12 >= day:  # only one way round is a date
                day, month = month, day
        else:
            day, month = int(parts["day"]), int(parts["month"])
        if not (1 <= month <= 12 and 1 <= day <= DAYS[month - 1]):
            return None
        return Spoken(at, match.end(), "date", self.say.date(parts["year"], month, day))

    def _time(self, text: str, at: int) -> Spoken | None:
        first = self._clock(text, at) or self._hour_before(text, at)
        if not first:
            return None
        clock, end = first
        led = bool(self.signs.lead and self.signs.lead.search(text, max(0, at - 24), at))
        until = self.signs.dash.match(text, end)
        second = self._clock(text, until.end()) if until else None
        tail = second[1] if second else end
        followed = bool(self.signs.tail and self.signs.tail.match(text, tail))
        if not second:
            return Spoken(at, end, "time", self.say.time(clock, led=led, followed=followed))
        later, end = second
        if later.mark and not clock.mark:
            clock = Clock(clock.hour, clock.minute, clock.second, later.mark if clock.hour <= later.hour % 12 else "am")
        said = self.say.time(clock, led=led), self.say.time(later, led=led, followed=followed)
        return Spoken(at, end, "time", self.say.range(*said))

    def _clock(self, text: str, at: int) -> tuple[Clock, int] | None:
        if not (found := self.signs.clock(text, at)):
            return None
        parts, end = found
        hour, mark = int(parts["hour"]), parts.get("mark", "").replace(".", "").casefold()
        minute, second = (int(parts.get(name) or 0) for name in ("minute", "second"))
        return Clock(hour, minute, second, mark if 1 <= hour <= 12 else ""), end

    def _hour_before(self, text: str, at: int) -> tuple[Clock, int] | None:
        """The hour of "6-7 pm", which is one only for what follows."""
        match = self.signs.hours.match(text, at)
        return (Clock(int(match["hour"]), 0, 0, ""), match.end()) if match else None

    def _code(self, text: str, at: int) -> Spoken | None:
        """Telephone numbers, ten digits and more, digits that begin with zero, "1.2.3"."""
        match = self.signs.phone.match(text, at)
        if match and self.signs.ends(text, match.end()) and sum(map(str.isdecimal, match[0])) >= PHONE_DIGITS:
            return Spoken(at, match.end(), "digits", self.say.digits(match[0]))
        if (match := self.signs.dotted.match(text, at)) and self.signs.ends(text, match.end()):
            point = self.say.numbers.get("point")
            if not point:
                return None
            parts = (self.say.whole(part) for part in match[0].split("."))
            return Spoken(at, match.end(), "digits", f" {point} ".join(parts))
        return None

    def _ordinal(self, text: str, at: int) -> Spoken | None:
        match = self.signs.ordinal.match(text, at) if self.signs.ordinal else None
        if not match or not self.signs.closed(text, match.end()):
            return None
        number = int(match["number"])
        for form in self.table.get("ordinals", {}).values():
            if match["mark"] in form.get("marks", []):
                return Spoken(at, match.end(), "ordinal", self.say.ordinal(number, form))
        return None

    def _amount(self, text: str, at: int) -> Spoken | None:
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
            return first

    def _one_amount(self, text: str, at: int) -> Spoken | None:
        """A number or a range of two, with the sign of a currency before, or of a currency, unit or percent after."""
        before = None if text[at : at + 1].isdecimal() else self.signs.currency_before.match(text, at)
        currency = self.signs.currency[before["sign"]] if before else ""
        first = self.signs.number(text, before.end() if before else at)
        if not first:
            return None
        low, end = first
        fraction = self.signs.fraction.match(text, at) if text[end : end + 1] == "/" and not before else None
        if fraction and (words := self.say.fractions.get(fraction[0])) and self.signs.ends(text, fraction.end()):
            return self._fraction(text, at, fraction.end(), words)
        dash = self.signs.dash.match(text, end)
        second = self.signs.number(text, dash.end()) if dash else None
        if second and not second[0].sign and low.value < second[0].value and not self.signs.joined(text, at, second[1]):
            try:
                return self._quantity(text, at, second[1], low, second[0], currency)
            except Unspeakable:
                pass  # two numbers then, with what stands between them
        return self._quantity(text, at, end, low, None, currency)

    def _fraction(self, text: str, at: int, end: int, words: str) -> Spoken:
        sign = self.signs.unit.match(text, end)
        if sign and self.signs.closed(text, sign.end()):
            try:
                unit = self.say.unit((self.signs.unit_names[sign["sign"]],), Number("", "1"))
                return Spoken(at, sign.end(), "measure", self.say.measure(words, unit))
            except Unspeakable:
                pass  # the unit stays as it is written
        return Spoken(at, end, "decimal", words)

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
        if text.startswith("/-", end):  # "Rs. 500/-"
            end += 2
        per = self.signs.per_unit.match(text, end)
        if per and self.signs.closed(text, per.end()):
            with suppress(Unspeakable):  # otherwise the unit stays as it is written
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
