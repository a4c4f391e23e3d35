"""Numbers to words: CLDR's spelling rules (`unicode-rbnf`), `num2words`, or a table of the language's own.

Which of them, and the words around the numbers (minus, point, ordinals), is said in the language's table, see
`docs/languages.md`. Both libraries are imported only when a number has to be spelled: most messages have none.
"""

import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from stitcher import limits
from stitcher.numbers.tables import Table

LARGEST = 10**15
"""From here on numbers are read digit by digit: nobody says quadrillions, and codes are that long."""
CARDINAL_CHARACTERS = 500
"""A number's words at most: three times the longest that a language has. A voice's rules may compose more."""


class Unspeakable(Exception):
    """The language has no words for this; what was written stays."""


def tidy(words: str) -> str:
    """NFC, single spaces, none around; CLDR has soft hyphens, zero-width and double spaces."""
    return " ".join(unicodedata.normalize("NFC", words.replace("\u00ad", "").replace("\u200b", " ")).split())


def fill(template: str, **parts: str) -> str:
    """The template with its `{names}` replaced; other braces stay, so that no voice's rule can fail.

    Raises `Unspeakable` where that is longer than the numbers of a whole message may be.
    """
    for name, words in parts.items():
        place = "{" + name + "}"
        bounded(len(template) + template.count(place) * len(words))
        template = template.replace(place, words)
    return tidy(template)


def bounded(characters: int, most: int = limits.SAID_CHARACTERS) -> None:
    """Raises `Unspeakable` if the words have more characters than `most`: only hostile rules compose such words."""
    if characters > most:
        raise Unspeakable(f"{characters} characters")


@lru_cache(maxsize=64)
def _rbnf(code: str) -> Any:
    from unicode_rbnf import RbnfEngine

    return RbnfEngine.for_language(code)


class Spelling:
    """How one language, with one voice's rules, says numbers."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self.numbers: Table = table.get("numbers", {})
        self.words = _by_number(self.numbers.get("words", []))
        self.before = _by_number(self.numbers.get("before", {}))
        for number, (alone, before) in self.numbers.get("hundreds", {}).items():
            self.words[int(number)], self.before[int(number)] = alone, before
        self.scales = sorted(self.numbers.get("scales", []), key=lambda scale: -int(scale["at"]))
        self._said: dict[tuple[int, str], str] = {}

    def cardinal(self, value: int, form: str = "") -> str:
        """The words of a whole number of 0 or more.

        `form` is how it stands: "" alone, "counted" before a unit ("un kilo", "ஒரு"), "feminine" before a unit that
        the table lists as feminine.

        Raises
        ------
        Unspeakable
            No rule says it.
        """
        if value >= LARGEST:
            return self.digits(str(value))
        key = (value, form)
        if key not in self._said:
            if len(self._said) > 4096:
                self._said.clear()
            said = self._cardinal(value, form)
            bounded(len(said), CARDINAL_CHARACTERS)
            self._said[key] = said
        return self._said[key]

    def _cardinal(self, value: int, form: str) -> str:
        if form and value == 1 and (one := self.numbers.get("one_counted")):
            return tidy(one)
        if value in self.words:  # a voice may say any number in its own way, whatever the engine
            return tidy(self.words[value])
        engine = self.numbers.get("engine", "table")
        if engine == "digits":  # no language: a number is said by the clip of its digits
            return str(value)
        if engine == "table":
            return tidy(self._composed(value))
        if engine == "num2words":
            return self._respelled(_num2words(value, self.numbers.get("code", "")))
        rules = self.numbers.get("feminine_rules" if form == "feminine" else "counted_rules", "") if form else ""
        return self._respelled(self._by_rules(value, rules or self.numbers.get("rules", "")))

    def _by_rules(self, value: int, rules: str) -> str:
        try:
            engine = _rbnf(self.numbers.get("code", ""))
            return str(engine.format_number(value, ruleset_names=[rules] if rules else None).text)
        except Exception as error:  # the library raises of its own, and KeyError on rules it does not know
            raise Unspeakable(str(value)) from error

    def _respelled(self, words: str) -> str:
        words = f" {tidy(words)} "
        for wrong, right in self.numbers.get("respell", {}).items():
            words = words.replace(f" {wrong} ", f" {right} ")
            bounded(len(words), CARDINAL_CHARACTERS)
        return tidy(words)

    def _composed(self, value: int) -> str:
        """By the table: words of exact numbers, and scales (hundred, lakh) that are counted, with what follows."""
        if value in self.words:
            return self.words[value]
        for scale in self.scales:
            at = int(scale["at"])
            if value < at:
                continue
            count, rest = divmod(value, at)
            if value >= int(self.numbers.get("limit", LARGEST)):
                raise Unspeakable(str(value))
            if not rest:
                if scale.get("ambiguous") and not self._clear(scale, count, rest):
                    raise Unspeakable(str(value))
                return self._head(scale, count, "")
            round_number = count * at
            head = self.before.get(round_number) or (
                self.words.get(round_number) if at == 10 or "many" not in scale else None
            )
            head = head or self._head(scale, count, "_before")
            if scale.get("ambiguous") and not self._clear(scale, count, rest):
                raise Unspeakable(str(value))
            join = "" if round_number in self.before else scale.get("join", "")
            return tidy(f"{head} {join} {self._composed(rest)}")
        raise Unspeakable(str(value))

    def _clear(self, scale: Mapping[str, Any], count: int, rest: int) -> bool:
        """Whether a listener can tell 21 thousand from 20 thousand and one, where the count stands after its scale.

        "dubu ashirin da ɗaya" is both. It is clear where the count is one word, and what follows is too large for it.
        """
        if f" {scale['join']} " in f" {self._composed(count)} ":
            return False
        return not rest or count < 20 or rest >= 10 ** len(str(count))

    def _head(self, scale: Mapping[str, Any], count: int, suffix: str) -> str:
        one = scale.get(f"one{suffix}", scale.get("one"))
        if count == 1 and one is not None:
            return str(one)
        many = scale.get(f"many{suffix}", scale.get("many"))
        if many is None:
            raise Unspeakable(str(count))
        return str(many).replace("{n}", self._composed(count))

    def digits(self, text: str) -> str:
        """Every decimal digit of any script by its name; what else is in the text is left out but for a plus."""
        said: list[str] = []
        length = 0
        for char in text:
            if char.isdecimal():
                said.append(self.cardinal(unicodedata.decimal(char)))
                length += len(said[-1])
                bounded(length)
            elif char == "+" and (plus := self.numbers.get("plus")):
                said.append(plus)
        return tidy(" ".join(said))

    def whole(self, text: str, form: str = "") -> str:
        """Digits as written: a number, or digit by digit where a leading zero says that it is none ("007")."""
        if len(text) > 15 or (len(text) > 1 and text[0] == "0"):
            return self.digits(text)
        return self.cardinal(int(text), form)

    def decimal(self, whole: str, fraction: str, form: str = "") -> str:
        """A number with its decimals, digit by digit or, where the table says so, as a number ("douze virgule dix")."""
        point = self.numbers.get("point") or self._derived_point()
        if not point:
            raise Unspeakable("point")
        if self.numbers.get("fraction") == "number" and len(fraction) <= 3 and fraction.strip("0"):
            zeros = len(fraction) - len(fraction.lstrip("0"))
            said = f"{self.digits('0' * zeros)} {self.cardinal(int(fraction))}"
        else:
            said = self.digits(fraction)
        return tidy(f"{self.whole(whole or '0', '')} {point} {said}")

    def signed(self, sign: str, words: str) -> str:
        """The words with their sign. Raises `Unspeakable` where the language has no word for it."""
        if not sign:
            return words
        word = self.numbers.get("plus") if sign == "+" else self.numbers.get("minus") or self._derived_minus()
        if not word:
            raise Unspeakable(sign)
        return tidy(f"{word} {words}")

    def _derived_minus(self) -> str:
        if self.numbers.get("engine") != "rbnf":
            return ""
        negative, one = tidy(self._by_rules(-1, "")), tidy(self._by_rules(1, ""))
        return negative.removesuffix(one).strip() if negative.endswith(one) else ""

    def _derived_point(self) -> str:
        if self.numbers.get("engine") != "rbnf":
            return ""
        try:
            said = tidy(str(_rbnf(self.numbers.get("code", "")).format_number(1.5).text))
        except Exception:
            return ""
        one, five = tidy(self._by_rules(1, "")), tidy(self._by_rules(5, ""))
        between = said.removesuffix(five).strip()
        if not said.endswith(five) or not between:
            return ""
        return between.split()[-1] if " " in between else between.removeprefix(one)

    def ordinal(self, value: int, form: Mapping[str, Any]) -> str:
        """The ordinal in one of the table's forms ("first", "premier", "première"). Raises `Unspeakable`."""
        own = form.get("words", {}).get(str(value))
        if own:
            return tidy(own)
        if rules := form.get("rules"):
            return self._respelled(self._by_rules(value, rules))
        if not (many := form.get("many")):
            raise Unspeakable(str(value))
        return fill(many, n=self.cardinal(value))


def _by_number(words: Any) -> dict[int, str]:
    """Words by number, from a list that counts from zero or a table of numbers."""
    pairs = enumerate(words) if isinstance(words, list) else words.items()
    return {int(number): str(word) for number, word in pairs if str(number).isdecimal()}


def _num2words(value: int, code: str) -> str:
    from num2words import CONVERTER_CLASSES, num2words  # type: ignore[import-untyped]

    if code not in CONVERTER_CLASSES:  # it would take the first two letters for a language
        raise Unspeakable(code)

    try:
        return str(num2words(value, lang=code))
    except Exception as error:  # it raises what it likes, OverflowError and TypeError among them
        raise Unspeakable(str(value)) from error
