"""What is said for measures, money, times and dates: the words of `spelling` put into a language's templates."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from stitcher.numbers.spelling import Spelling, Unspeakable, fill
from stitcher.numbers.tables import Table


@dataclass(frozen=True, slots=True)
class Number:
    """A number as it was written: sign, digits before and after the decimal mark."""

    sign: str
    whole: str
    fraction: str | None = None

    @property
    def value(self) -> float:
        return float(f"{self.sign}{self.whole[:40] or '0'}.{(self.fraction or '0')[:40]}")


@dataclass(frozen=True, slots=True)
class Clock:
    """A time as it was written; `mark` is "am", "pm" or ""."""

    hour: int
    minute: int
    second: int
    mark: str


class Saying:
    """How one language, with one voice's rules, says everything with a number in it."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self.spell = Spelling(table)
        self.templates: dict[str, str] = table.get("templates", {})
        self.units: Table = table.get("units", {})
        self.currencies: Table = table.get("currencies", {})
        self.time_words: Table = table.get("time", {})

    def number(self, number: Number, form: str = "") -> str:
        """Raises `Unspeakable` where the language has no word for the sign or the point."""
        if number.fraction is None:
            return self.spell.signed(number.sign, self.spell.whole(number.whole, form))
        return self.spell.signed(number.sign, self.spell.decimal(number.whole, number.fraction))

    def range(self, first: str, last: str) -> str:
        return fill(self._template("range"), a=first, b=last)

    def percent(self, words: str) -> str:
        return fill(self._template("percent"), n=words)

    def _template(self, name: str) -> str:
        if not (template := self.templates.get(name)):
            raise Unspeakable(name)
        return template

    def form(self, name: str) -> str:
        """How a number stands before a unit or currency: `Spelling.cardinal`'s form."""
        return "feminine" if name in self.table.get("feminine", []) else "counted"

    def unit(self, names: tuple[str, ...], number: Number) -> str:
        """The words of a unit, or of two with "per" between, for a number. Raises `Unspeakable` where one has none."""
        words = self._counted(self.units, names[0], number)
        if not names[1:]:
            return words
        # Swahili has the number inside: "mililita tano kwa lita".
        return self.per(f"{words} {{n}}" if self.templates.get("measure", "").startswith("{unit}") else words, names[1])

    def per(self, words: str, unit: str) -> str:
        """Some words "per" a unit: "twenty rupees per kilogram". Raises `Unspeakable`."""
        each = self.table.get("per", {}).get(unit) or self._counted(self.units, unit, Number("", "1"))
        return fill(self._template("per"), a=words, b=each)

    def measure(self, words: str, unit: str) -> str:
        """The words of a number put to a unit's, which may say themselves where it stands ("kilomita {n} kwa saa")."""
        return fill(unit if "{n}" in unit else self.templates.get("measure", "{n} {unit}"), n=words, unit=unit)

    def money(self, words: str, currency: str, number: Number, multiplier: str = "") -> str:
        """An amount; `multiplier` is the word in "₹2 lakh", said before the currency."""
        name = self._counted(self.currencies, currency, number if not multiplier else Number("", "2"))
        return fill(self.templates.get("money", "{n} {unit}"), n=f"{words} {multiplier}", unit=name)

    def has_cents(self, currency: str) -> bool:
        return isinstance(self.currencies.get(currency), list) and len(self.currencies[currency]) == 4

    def cents(self, number: Number, currency: str) -> str:
        """An amount with two decimals as two amounts: "twelve rupees fifty paise"."""
        whole, fraction = number.whole.lstrip("0"), (number.fraction or "").lstrip("0")
        minor_names = self.currencies[currency][2:]
        parts = []
        if whole or not fraction:
            major = Number("", whole or "0")
            parts.append(self.money(self.number(major, self.form(currency)), currency, major))
        if fraction:
            minor = self.spell.cardinal(int(fraction), self.form(f"{currency}/100"))
            name = minor_names[0] if fraction == "1" else minor_names[1]
            parts.append(fill(self.templates.get("money", "{n} {unit}"), n=minor, unit=name))
        words = parts[0] if len(parts) == 1 else fill(self.templates.get("cents", "{a} {b}"), a=parts[0], b=parts[1])
        return self.spell.signed(number.sign, words)

    def _counted(self, names: Table, name: str, number: Number) -> str:
        """The name of a unit in the form that the number asks for: a word, [one, other], or CLDR's plural forms."""
        words: Any = names.get(name)
        if isinstance(words, dict):
            words = words.get(self._plural(number)) or words.get("other")
        elif isinstance(words, list) and words:
            below = self.table.get("singular_below")  # French: 1.5 litre
            single = abs(number.value) < below if below else number.fraction is None and abs(number.value) == 1
            words = words[0] if single or len(words) == 1 else words[1]
        if not isinstance(words, str) or not words:
            raise Unspeakable(name)
        return words

    def _plural(self, number: Number) -> str:
        from unicode_rbnf.plural_rules import PluralType, get_plural_category

        value = number.value if number.fraction is not None else abs(int(number.value))
        return str(get_plural_category(self.spell.numbers.get("code", ""), value, PluralType.CARDINAL))

    def time(self, clock: Clock, *, led: bool = False, followed: bool = False) -> str:
        """A clock time. `led` and `followed` say that the text has the words that the language puts around it."""
        words = self.time_words
        hour, mark = clock.hour, clock.mark
        if mark and 1 <= hour <= 12:
            hour = hour % 12 + (12 if mark == "pm" else 0)
        elif hour in (0, 24) and not words.get("shift"):
            if not clock.minute and not clock.second and not followed and (midnight := words.get("midnight")):
                return fill(midnight)
            # Nobody says "zero o'clock": half past midnight is twelve thirty, at night.
            hour, mark = 0, "am"
        day_part = self._day_part(hour, mark)
        if self._shifted(clock, led=led):
            hour, mark = (hour - int(words.get("shift", 0)) - 1) % 12 + 1, mark or "shifted"
            day_part = day_part or self._day_part(clock.hour % 24, "24")
        elif mark:
            hour = (hour - 1) % 12 + 1
        said = self._clock(hour, clock.minute, bare=followed, marked=mark in words)
        if clock.second:
            if not words.get("seconds"):
                raise Unspeakable("seconds")
            said = fill(words["seconds"], t=said, s=self.spell.cardinal(clock.second, "counted"))
        lead = words.get("lead_one" if hour == 1 and "lead_one" in words else "lead", "")
        if lead and not led:
            said = f"{lead} {said}"
        return fill(day_part, t=said) if day_part else said

    def _clock(self, hour: int, minute: int, *, bare: bool, marked: bool) -> str:
        words = self.time_words
        name = "exact" if not minute else "minutes" if minute >= 10 or "below_ten" not in words else "below_ten"
        template = words.get("bare" if minute else "bare_exact") if bare else words.get(name)
        if hour > 12 and not minute and not bare:
            template = words.get("exact_24", template)
        if hour == 1 and not bare:
            template = words.get(f"{name}_one", template)
        if marked and not minute and not bare:  # "six a m", not "six o'clock a m"
            template = words.get("exact_marked", template)
        if not template:
            raise Unspeakable("time")
        if rules := words.get("hour_rules"):
            hours = self.spell.ordinal(hour, {"rules": rules}) if hour else self.spell.cardinal(hour)
        else:
            hours = self.spell.cardinal(hour, words.get("hour_form", ""))
        return fill(template, h=hours, m=self.spell.cardinal(minute, words.get("minute_form", "")))

    def tells_hours_from_six(self, clock: Clock, *, led: bool) -> bool:
        """Whether a listener may take a time for one that is told from six in the morning, and nothing says which.

        So it is where the language has such hours (Swahili, Amharic), the voice has not set `shift_when`, and the text
        has neither am or pm nor the word for the hour.
        """
        plain = self.time_words.get("shift") and self.time_words.get("shift_when") == "marked"
        return bool(plain and not led and not clock.mark and 1 <= clock.hour <= 12)

    def _shifted(self, clock: Clock, *, led: bool) -> bool:
        """Whether a time by the clock of the world is told by the day's hours from six (Swahili, Amharic).

        "marked" takes am, pm and hours over 12 for the world's clock; after the language's own word for the hour, and
        without a mark, a time is taken for one that is told from six already.
        """
        when = self.time_words.get("shift_when", "never")
        if not self.time_words.get("shift"):
            return False
        return when == "always" or (when == "marked" and bool(clock.mark or clock.hour > 12 or clock.hour == 0))

    def _day_part(self, hour: int, mark: str) -> str:
        """The template that puts morning or evening to a time: by am and pm, or by the hour it starts at."""
        if not mark:
            return ""
        if template := self.time_words.get(mark):
            return str(template)
        parts = {int(start): str(words) for start, words in self.time_words.get("day", {}).items() if start.isdecimal()}
        if not parts:
            if mark in ("am", "pm"):
                raise Unspeakable(mark)
            return ""
        started = [start for start in parts if start <= hour]
        return parts[max(started) if started else max(parts)]

    def date(self, year: str, month: int, day: int) -> str:
        months = self.table.get("months", [])
        if len(months) != 12:
            raise Unspeakable("months")
        first = self.templates.get("first_day") if day == 1 else ""
        return fill(
            self._template("date"),
            day=first or self.spell.cardinal(day),
            month=months[month - 1],
            year=self.spell.whole(year),
        )

    def fraction(self, whole: str, part: str) -> str:
        """A fraction ("1/2"), or a mixed number (`whole` "1", `part` "1/2"): "one and a half".

        Raises `Unspeakable` where the table has no words for it.
        """
        if not whole:
            if not (words := self.table.get("fractions", {}).get(part)):
                raise Unspeakable(part)
            return fill(words)
        return self._mixed("mixed", whole, part, "")

    def mixed_measure(self, whole: str, part: str, unit: str) -> str:
        """A mixed number of a unit: "one and a half kilograms", "deux kilogrammes et demi". Raises `Unspeakable`."""
        if "mixed_unit" in self.table:
            return self._mixed("mixed_unit", whole, part, unit)
        return self.measure(self._mixed("mixed", whole, part, ""), unit)

    def _mixed(self, section: str, whole: str, part: str, unit: str) -> str:
        known = self.table.get(section, {})
        template = known.get(f"{int(whole)} {part}") or known.get(part)
        if not template:
            raise Unspeakable(f"{whole} {part}")
        number = int(whole)
        following = self.spell.cardinal(number + 1) if "{next}" in template else ""
        counted = self.spell.cardinal(number, "counted" if unit else "")
        return fill(template, n=counted, next=following, unit=unit)

    def ratio(self, parts: Sequence[str]) -> str:
        """The words of a ratio: "one to ten". Raises `Unspeakable`."""
        template = self._template("ratio")
        said = self.spell.whole(parts[0])
        for part in parts[1:]:
            said = fill(template, a=said, b=self.spell.whole(part))
        return said

    def by(self, parts: Sequence[str]) -> str:
        """Length by width: "forty-five by fifteen". Raises `Unspeakable`."""
        template = self._template("by")
        said = parts[0]
        for part in parts[1:]:
            said = fill(template, a=said, b=part)
        return said
