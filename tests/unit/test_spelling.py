"""Numbers come out in the words of every language: CLDR's examples, and large samples that must not collide."""

import random
import subprocess
import sys
import tomllib
import unicodedata

import pytest

from stitcher.numbers.spelling import LARGEST, Spelling, Unspeakable
from stitcher.numbers.spoken import Unsure, readings, spoken
from stitcher.numbers.tables import FOLDER, supported, table
from stitcher.text.words import words as split

WANTED = {"en", "hi", "sw", "am", "ta", "te", "kn", "bn", "mr", "or", "fr", "es", "ar", "pa", "ur"}
WANTED |= {"gu", "ml", "as", "ne", "ha", "yo", "om", "so", "rw", "lg", "ny", "zu"}
PARTLY = {"ha", "yo", "om", "so", "rw", "lg", "ny", "zu"}
"""Languages of which some numbers are refused, because no source says them for certain."""

# From CLDR's rules (unicode-rbnf 2.4.1), and for am, bn, kn, mr, or, pa, ta, te, ur from their tables.
EXAMPLES = [
    ("gu", 1234, "એક હજાર બસો ચોત્રીસ"),
    ("ne", 99, "उनान्सय"),
    ("as", 200, "দুশ"),
    ("ml", 234, "ഇരുനൂറ്റി മുപ്പത്തി നാല്"),
    ("ha", 1234, "dubu da ɗari biyu da talatin da huɗu"),
    ("so", 125, "boqol iyo shan iyo labaatan"),
    ("om", 45, "afurtamii shan"),
    ("rw", 2026, "ibihumbi bibiri na makumyabiri na gatandatu"),
    ("lg", 121, "kikumi mu amakumi abiri mu emu"),
    ("ny", 60, "makumi asanu ndi limodzi"),
    ("zu", 21, "amashumi amabili nanye"),
    ("yo", 16, "ẹẹ́rìndílógún"),
    ("hi", 123456, "एक लाख तेईस हज़ार चार सौ छप्पन"),
    ("hi", 10**7, "एक करोड़"),
    ("sw", 123456, "elfu mia moja na ishirini na tatu, mia nne na hamsini na sita"),
    ("sw", 0, "sifuri"),
    ("en", 123456, "one hundred twenty-three thousand four hundred fifty-six"),
    ("fr", 80, "quatre-vingts"),
    ("fr", 71, "soixante-et-onze"),
    ("es", 123456, "ciento veintitrés mil cuatrocientos cincuenta y seis"),
    ("ar", 21, "واحد وعشرون"),
    ("am", 21, "ሃያ አንድ"),
    ("am", 15, "አስራ አምስት"),
    ("am", 123456, "መቶ ሃያ ሦስት ሺህ አራት መቶ ሃምሳ ስድስት"),
    ("ta", 21, "இருபத்து ஒன்று"),
    ("ta", 123, "நூற்று இருபத்து மூன்று"),
    ("ta", 1984, "ஆயிரத்து தொள்ளாயிரத்து எண்பத்து நான்கு"),
    ("te", 100, "వంద"),
    ("te", 101, "నూట ఒకటి"),
    ("te", 200, "రెండు వందలు"),
    ("te", 100000, "ఒక లక్ష"),
    ("kn", 21, "ಇಪ್ಪತ್ತೊಂದು"),
    ("kn", 250, "ಇನ್ನೂರ ಐವತ್ತು"),
    ("kn", 100000, "ಒಂದು ಲಕ್ಷ"),
    ("bn", 123456, "এক লাখ তেইশ হাজার চারশত ছাপ্পান্ন"),
    ("mr", 100, "शंभर"),
    ("mr", 123456, "एक लाख तेवीस हजार चारशे छप्पन्न"),
    ("mr", 150, "एकशे पन्नास"),
    ("or", 123, "ଶହେ ତେଇଶ"),
    ("pa", 123456, "ਇੱਕ ਲੱਖ ਤੇਈ ਹਜ਼ਾਰ ਚਾਰ ਸੌ ਛਪੰਜਾ"),
    ("ur", 123456, "ایک لاکھ تئیس ہزار چار سو چھپن"),
]

SCRIPTS = dict.fromkeys(("en", "sw", "fr", "es", *PARTLY), "LATIN") | dict.fromkeys(("hi", "mr", "ne"), "DEVANAGARI")
SCRIPTS |= dict.fromkeys(("ar", "ur"), "ARABIC")
SCRIPTS |= {
    "am": "ETHIOPIC",
    "ta": "TAMIL",
    "te": "TELUGU",
    "kn": "KANNADA",
    "bn": "BENGALI",
    "as": "BENGALI",
    "gu": "GUJARATI",
    "ml": "MALAYALAM",
    "or": "ORIYA",
    "pa": "GURMUKHI",
}


def sample() -> list[int]:
    """All to 1,200, round numbers, and 2,000 more to ten million, the same each time."""
    chance = random.Random(20261120)  # noqa: S311 - no secret
    drawn = (chance.randrange(10 ** chance.randint(3, 7)) for _ in range(2000))
    round_ones = (count * 10**power for power in range(7) for count in range(1, 10))
    return sorted({*range(1200), *drawn, *round_ones, 10**7})


def said(number: int, language: str) -> str:
    """The words of a number; "" where a language that has some of them refuses it."""
    parts = spoken(str(number), language)
    assert parts or language in PARTLY
    return parts[0].words if parts else ""


@pytest.mark.parametrize(("language", "number", "words"), EXAMPLES)
def test_an_example_is_spelled(language: str, number: int, words: str) -> None:
    assert said(number, language) == unicodedata.normalize("NFC", words)


def test_the_languages_that_were_promised_have_tables() -> None:
    assert set(supported()) >= WANTED


@pytest.mark.parametrize("language", [*supported(), "de", "pt", "id", "th", "tg"])
def test_numbers_to_ten_million_are_words_and_differ(language: str) -> None:
    by_words: dict[tuple[str, ...], int] = {}
    for number in sample():
        words = said(number, language)
        if not words:
            continue
        assert all(
            char.isalpha() or unicodedata.category(char)[0] == "M" or char in " -'’,\u200c\u200d" for char in words
        )
        assert by_words.setdefault(tuple(split(words)), number) == number, f"two numbers are said '{words}'"


@pytest.mark.parametrize("language", supported())
def test_words_are_in_the_script_of_the_language(language: str) -> None:
    for number in sample()[::7]:
        letters = [char for char in said(number, language) if char.isalpha()]
        assert all(unicodedata.name(char).startswith(SCRIPTS[language]) for char in letters)


@pytest.mark.parametrize("language", supported())
def test_every_language_says_every_kind(language: str) -> None:
    texts = {
        "2.5": "decimal",
        "-5": "integer",
        "50%": "percent",
        "10-15": "range",
        "5 kg": "measure",
        "10 mm": "measure",
    }
    texts |= {"16:30": "time", "6:30 am": "time", "18:00": "time", "2026-11-20": "date", "9845012345": "digits"}
    texts |= {"25 °C": "measure", "$5": "currency"}
    for text, kind in texts.items():
        text = text.replace(".", table(language)["style"]["decimal"])  # type: ignore[index]
        found = [part.kind for part in spoken(text, language) if part.end == len(text)]
        assert found == [kind] or (language in PARTLY and found in ([], ["integer"])), text


@pytest.mark.parametrize("language", supported())
def test_a_table_has_its_source_and_no_broken_template(language: str) -> None:
    text = (FOLDER / f"{language}.toml").read_text(encoding="utf-8")
    assert text.startswith("# ")
    assert unicodedata.is_normalized("NFC", text) or language in {"or", "pa", "bn", "hi", "ur"}
    rules = tomllib.loads(text)
    assert len(rules["months"]) == 12
    names = {"n", "a", "b", "unit", "day", "month", "year", "h", "m", "s", "t"}
    for section in ("templates", "time"):
        for template in rules[section].values():
            if isinstance(template, str):
                assert {part.split("}")[0] for part in template.split("{")[1:]} <= names


@pytest.mark.parametrize("language", supported())
def test_units_and_currencies_of_a_table_can_be_written(language: str) -> None:
    rules = table(language)
    assert rules
    signs = rules["signs"]
    assert set(rules["units"]) <= set(signs["units"]) | set(signs["after_slash"])
    assert set(rules["currencies"]) <= set(signs["currencies"])


def test_a_number_beyond_naming_is_read_digit_by_digit() -> None:
    spelling = Spelling(table("en") or {})
    assert spelling.cardinal(LARGEST).startswith("one zero zero")


def test_a_table_without_words_is_unspeakable_not_wrong() -> None:
    with pytest.raises(Unspeakable):
        Spelling({"numbers": {"engine": "table"}}).cardinal(3)
    with pytest.raises(Unspeakable):
        Spelling({"numbers": {"engine": "num2words", "code": "nowhere"}}).cardinal(3)
    with pytest.raises(Unspeakable):
        Spelling({"numbers": {"engine": "rbnf", "code": "nowhere"}}).cardinal(3)


def test_the_libraries_are_imported_only_for_numbers() -> None:
    code = (
        "import sys; from stitcher.numbers.spoken import spoken; assert not spoken('no number', 'hi');"
        "assert not {'unicode_rbnf', 'num2words'} & set(sys.modules);"
        "assert spoken('12', 'mr'); assert not {'unicode_rbnf', 'num2words'} & set(sys.modules);"
        "assert spoken('12', 'hi'); assert 'num2words' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(
    ("language", "number"), [("ha", 21_000), ("ha", 20_001), ("yo", 21), ("om", 101), ("ny", 250), ("zu", 1000)]
)
def test_a_number_that_no_source_says_for_certain_is_refused(language: str, number: int) -> None:
    assert said(number, language) == ""
    (part,) = readings(str(number), language)
    assert isinstance(part, Unsure)
