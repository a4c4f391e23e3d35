"""What is written with digits is found and said, whatever surrounds it."""

import time
import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stitcher.numbers.spoken import digits, spoken, supported
from stitcher.numbers.tables import BadRule
from tests.examples import of_usual

# language, text, what is recognised in it, its kind, what is said
SAID = [
    # whole numbers, by every grouping and in every script
    ("en", "1000 farmers", "1000", "integer", "one thousand"),
    ("en", "1,000", "1,000", "integer", "one thousand"),
    ("en", "1,00,000", "1,00,000", "integer", "one hundred thousand"),
    ("en", "1\u00a0000", "1\u00a0000", "integer", "one thousand"),
    ("en", "12\u2009345\u2009678", "12\u2009345\u2009678", "integer", None),
    ("fr", "1 000", "1 000", "integer", "mille"),
    ("fr", "1.000", "1.000", "integer", "mille"),
    ("es", "1.000", "1.000", "integer", "mil"),
    ("hi", "१,००,०००", "१,००,०००", "integer", "एक लाख"),
    ("bn", "১২", "১২", "integer", "বারো"),
    ("ar", "١٢٣", "١٢٣", "integer", "مائة وثلاثة وعشرون"),
    ("en", "１２", "１２", "integer", "twelve"),
    ("en", "In 2026 we met.", "2026", "integer", "two thousand twenty-six"),
    ("bn", "10টি", "10", "integer", "দশ"),
    # signs
    ("en", "It is -5.", "-5", "integer", "minus five"),
    ("en", "(−5)", "−5", "integer", "minus five"),
    ("sw", "-5", "-5", "integer", "kasoro tano"),
    ("en", "stage-5", "5", "integer", "five"),
    # decimals
    ("en", "12.5", "12.5", "decimal", "twelve point five"),
    ("en", "3.14", "3.14", "decimal", "three point one four"),
    ("en", "0.05", "0.05", "decimal", "zero point zero five"),
    ("en", "use .5", ".5", "decimal", "zero point five"),
    ("hi", "12.5", "12.5", "decimal", "बारह दशमलव पाँच"),
    ("fr", "12,5", "12,5", "decimal", "douze virgule cinq"),
    ("fr", "2,05", "2,05", "decimal", "deux virgule zéro cinq"),
    ("es", "1.000,5", "1.000,5", "decimal", "mil coma cinco"),
    ("es", "2.5", "2.5", "decimal", "dos coma cinco"),
    ("ar", "٣٫٥", "٣٫٥", "decimal", "ثلاثة فاصلة خمسة"),
    # ordinals
    ("en", "the 1st and", "1st", "ordinal", "first"),
    ("en", "22nd", "22nd", "ordinal", "twenty-second"),
    ("en", "13th", "13th", "ordinal", "thirteenth"),
    ("fr", "le 1er mai", "1er", "ordinal", "premier"),
    ("fr", "la 1re fois", "1re", "ordinal", "première"),
    ("fr", "le 2e jour", "2e", "ordinal", "deuxième"),
    ("es", "1.º", "1.º", "ordinal", "primero"),
    ("es", "2.ª", "2.ª", "ordinal", "segunda"),
    ("es", "1.er día", "1.er", "ordinal", "primer"),
    ("hi", "5वाँ", "5वाँ", "ordinal", "पाँचवाँ"),
    ("hi", "2रा", "2रा", "ordinal", "दूसरा"),
    ("mr", "2रा", "2रा", "ordinal", "दुसरा"),
    ("am", "1ኛ", "1ኛ", "ordinal", "አንደኛ"),
    # percent
    ("en", "12.5%", "12.5%", "percent", "twelve point five percent"),
    ("en", "10-15 %", "10-15 %", "percent", "ten to fifteen percent"),
    ("en", "5%-10%", "5%-10%", "percent", "five percent to ten percent"),
    ("hi", "50%", "50%", "percent", "पचास प्रतिशत"),
    ("sw", "50%", "50%", "percent", "asilimia hamsini"),
    ("fr", "50 %", "50 %", "percent", "cinquante pour cent"),
    ("es", "50%", "50%", "percent", "cincuenta por ciento"),
    ("mr", "50%", "50%", "percent", "पन्नास टक्के"),
    # ranges
    ("en", "10-15", "10-15", "range", "ten to fifteen"),
    ("en", "10 – 15", "10 – 15", "range", "ten to fifteen"),
    ("en", "10—15", "10—15", "range", "ten to fifteen"),
    ("hi", "10-15", "10-15", "range", "दस से पन्द्रह"),
    ("sw", "10-15", "10-15", "range", "kumi hadi kumi na tano"),
    # measures
    ("en", "10–15 mm", "10–15 mm", "measure", "ten to fifteen millimetres"),
    ("en", "5kg", "5kg", "measure", "five kilograms"),
    ("en", "1 kg", "1 kg", "measure", "one kilogram"),
    ("en", "1.0 kg", "1.0 kg", "measure", "one point zero kilograms"),
    ("en", "−5 °C", "−5 °C", "measure", "minus five degrees Celsius"),
    ("en", "25 km/h", "25 km/h", "measure", "twenty-five kilometres per hour"),
    ("en", "5 ml/l", "5 ml/l", "measure", "five millilitres per litre"),
    ("en", "2 q", "2 q", "measure", "two quintals"),
    ("en", "1/2 kg", "1/2 kg", "measure", "half kilogram"),
    ("hi", "5 kg", "5 kg", "measure", "पाँच किलोग्राम"),
    ("hi", "५ किग्रा", "५ किग्रा", "measure", "पाँच किलोग्राम"),
    ("sw", "5 kg", "5 kg", "measure", "kilogramu tano"),
    ("sw", "60 km/h", "60 km/h", "measure", "kilomita sitini kwa saa"),
    ("sw", "5 ml/l", "5 ml/l", "measure", "mililita tano kwa lita"),
    ("fr", "1,5 l", "1,5 l", "measure", "un virgule cinq litre"),
    ("fr", "1 t", "1 t", "measure", "une tonne"),
    ("es", "1 kg", "1 kg", "measure", "un kilogramo"),
    ("es", "21 t", "21 t", "measure", "veintiuna toneladas"),
    ("ta", "1 kg", "1 kg", "measure", "ஒரு கிலோகிராம்"),
    ("te", "2 kg", "2 kg", "measure", "రెండు కిలోగ్రాములు"),
    ("kn", "2 kg", "2 kg", "measure", "ಎರಡು ಕಿಲೋಗ್ರಾಂ"),
    ("ar", "3 kg", "3 kg", "measure", "ثلاثة كيلوغرامات"),
    ("ar", "20 kg", "20 kg", "measure", "عشرون كيلوغرام"),
    # money
    ("en", "₹20", "₹20", "currency", "twenty rupees"),
    ("en", "₹1", "₹1", "currency", "one rupee"),
    ("en", "₹1,00,000", "₹1,00,000", "currency", "one hundred thousand rupees"),
    ("en", "₹2 lakh", "₹2 lakh", "currency", "two lakh rupees"),
    ("en", "Rs. 500/-", "Rs. 500/-", "currency", "five hundred rupees"),
    ("en", "Rs 12.50", "Rs 12.50", "currency", "twelve rupees fifty paise"),
    ("en", "₹0.50", "₹0.50", "currency", "fifty paise"),
    ("en", "500 Rs", "500 Rs", "currency", "five hundred rupees"),
    ("en", "INR 10-15", "INR 10-15", "currency", "ten to fifteen rupees"),
    ("en", "₹20/kg", "₹20/kg", "currency", "twenty rupees per kilogram"),
    ("en", "₹20/acre", "₹20/acre", "currency", "twenty rupees per acre"),
    ("en", "$3.99", "$3.99", "currency", "three dollars ninety-nine cents"),
    ("en", "KSh 1,200", "KSh 1,200", "currency", "one thousand two hundred shillings"),
    ("en", "Ksh.50", "Ksh.50", "currency", "fifty shillings"),
    ("en", "100 ETB", "100 ETB", "currency", "one hundred birr"),
    ("en", "৳20", "৳20", "currency", "twenty taka"),
    ("hi", "₹20", "₹20", "currency", "बीस रुपये"),
    ("hi", "₹2 lakh", "₹2 lakh", "currency", "दो लाख रुपये"),
    ("sw", "KSh 20", "KSh 20", "currency", "shilingi ishirini"),
    ("am", "20 ETB", "20 ETB", "currency", "ሃያ ብር"),
    ("mr", "₹20", "₹20", "currency", "वीस रुपये"),
    ("te", "₹20", "₹20", "currency", "ఇరవై రూపాయలు"),
    ("ta", "₹20", "₹20", "currency", "இருபது ரூபாய்"),
    ("kn", "₹20", "₹20", "currency", "ಇಪ್ಪತ್ತು ರೂಪಾಯಿ"),
    ("bn", "৳20", "৳20", "currency", "বিশ টাকা"),
    ("or", "₹20", "₹20", "currency", "କୋଡ଼ିଏ ଟଙ୍କା"),
    ("fr", "12,50 €", "12,50 €", "currency", "douze euros cinquante centimes"),
    ("es", "$1", "$1", "currency", "un dólar"),
    # times
    ("en", "at 6:30", "6:30", "time", "six thirty"),
    ("en", "18:05", "18:05", "time", "eighteen oh five"),
    ("en", "06:00", "06:00", "time", "six o'clock"),
    ("en", "6:30 am", "6:30 am", "time", "six thirty a m"),
    ("en", "6:30 P.M.", "6:30 P.M.", "time", "six thirty p m"),
    ("en", "6pm", "6pm", "time", "six p m"),
    ("en", "6.30 pm", "6.30 pm", "time", "six thirty p m"),
    ("en", "from 6:30-7:30", "6:30-7:30", "time", "six thirty to seven thirty"),
    ("en", "6-7 pm", "6-7 pm", "time", "six p m to seven p m"),
    ("en", "6:00 o'clock", "6:00", "time", "six"),
    ("hi", "6:00", "6:00", "time", "छह बजे"),
    ("hi", "सुबह 6:30", "6:30", "time", "छह बजकर तीस मिनट"),
    ("hi", "6:30 बजे", "6:30", "time", "छह तीस"),
    ("hi", "6:30 pm", "6:30 pm", "time", "शाम छह बजकर तीस मिनट"),
    ("sw", "saa 2:30 usiku", "2:30", "time", "mbili na dakika thelathini"),
    ("sw", "7:00 am", "7:00 am", "time", "saa moja asubuhi"),
    ("sw", "18:05", "18:05", "time", "saa kumi na mbili na dakika tano jioni"),
    ("fr", "18h05", "18h05", "time", "dix-huit heures cinq"),
    ("fr", "1 h", "1 h", "time", "une heure"),
    ("es", "a las 6:30", "6:30", "time", "seis y treinta"),
    ("es", "1:00", "1:00", "time", "la una"),
    # dates
    ("en", "2026-11-20", "2026-11-20", "date", "twenty November two thousand twenty-six"),
    ("en", "20/11/2026", "20/11/2026", "date", "twenty November two thousand twenty-six"),
    ("en", "20.11.2026", "20.11.2026", "date", "twenty November two thousand twenty-six"),
    ("en", "11/20/2026", "11/20/2026", "date", "twenty November two thousand twenty-six"),
    ("hi", "20/11/2026", "20/11/2026", "date", "बीस नवंबर दो हज़ार छब्बीस"),
    ("fr", "01/05/2026", "01/05/2026", "date", "premier mai deux mille vingt-six"),
    ("es", "20/11/2026", "20/11/2026", "date", "veinte de noviembre de dos mil veintiséis"),
    # telephone numbers and codes
    ("en", "+91 98450 12345", "+91 98450 12345", "digits", None),
    ("en", "9845012345", "9845012345", "digits", "nine eight four five zero one two three four five"),
    ("en", "0712 345 678", "0712 345 678", "digits", "zero seven one two three four five six seven eight"),
    ("en", "007", "007", "digits", "zero zero seven"),
    ("en", "1.2.3", "1.2.3", "digits", "one point two point three"),
]


@pytest.mark.parametrize(("language", "text", "found", "kind", "words"), SAID)
def test_a_number_is_said(language: str, text: str, found: str, kind: str, words: str | None) -> None:
    (part,) = spoken(text, language)
    assert (text[part.start : part.end], part.kind) == (found, kind)
    assert words in (None, part.words)


@pytest.mark.parametrize(
    ("language", "text", "found"),
    [
        ("en", "20 Nov 2026", ["20", "2026"]),
        ("en", "1,5", ["1", "5"]),  # a list: English has no such decimal
        ("en", "2024-25", ["2024", "25"]),  # no range: it would fall
        ("en", "12-34-56", ["12", "34", "56"]),
        ("en", "32/13/2026", ["32", "13", "2026"]),
        ("en", "B12 and 12abc and _5", []),  # words
        ("en", "5 mangoes", ["5"]),
        ("sw", "₹2 lakh", ["₹2"]),
        ("te", "5 mg", ["5"]),  # no word in the table: the unit stays as written
        ("te", "5mg", ["5"]),
        ("hi", "10लीटर", ["10"]),  # not the ordinal "10ली"
        ("ru", "2,5 кг", []),  # no plain word for the point: not "2" and not "5"
        ("ce", "-7", []),  # no word for the minus
        ("tlh", "12", []),  # no such language here
        ("ga", "12", []),  # CLDR's rules for it say different numbers alike
        ("", "12", []),
    ],
)
def test_what_is_no_single_number_stays_apart(language: str, text: str, found: list[str]) -> None:
    assert [text[part.start : part.end] for part in spoken(text, language)] == found


def test_a_language_without_a_table_reads_plain_numbers() -> None:
    assert [part.words for part in spoken("21 kg, -5, 1,5", "pt")] == ["vinte e um", "menos cinco", "um vírgula cinco"]
    assert [part.words for part in spoken("1.000", "de")] == ["eintausend"]


def test_a_regional_code_falls_back_to_its_language() -> None:
    assert [part.words for part in spoken("₹20", "en-IN")] == ["twenty rupees"]
    assert [part.words for part in spoken("20", "SW_ke")] == ["ishirini"]


@pytest.mark.parametrize(
    ("rules", "text", "words"),
    [
        ({"currencies": {"INR": ["rupee", "bucks", "paisa", "paise"]}}, "₹20", "twenty bucks"),
        ({"numbers": {"words": {"2": "couple"}}}, "2 kg", "couple kilograms"),
        ({"numbers": {"minus": "below zero"}}, "-5", "below zero five"),
        ({"style": {"date": "mdy"}}, "5/6/2026", "six May two thousand twenty-six"),
        ({"templates": {"date": "{month} {day}"}}, "2026-11-20", "November twenty"),
        ({"signs": {"units": {"kg": ["kilo"]}}}, "2 kg", "two kilograms"),
        ({"signs": {"units": {"kg": ["kilo"]}}}, "2 kilo", "two kilograms"),
        ({"time": {"am": "{t} in the morning"}}, "6:30 am", "six thirty in the morning"),
        ({"templates": {"range": "{b} {nonsense} {"}}, "1-2", "two {nonsense} {"),  # silly, but no failure
    ],
)
def test_a_voices_rules_win(rules: dict[str, Any], text: str, words: str) -> None:
    assert [part.words for part in spoken(text, "en", rules)] == [words]


def test_a_voice_may_take_another_engine() -> None:
    assert [part.words for part in spoken("21", "ta", {"numbers": {"engine": "rbnf", "words": {}}})]


def test_swahili_time_can_be_shifted_always_or_never() -> None:
    assert spoken("7:00", "sw", {"time": {"shift_when": "always"}})[0].words == "saa moja asubuhi"
    assert spoken("7:00 am", "sw", {"time": {"shift_when": "never"}})[0].words == "saa saba asubuhi"


def test_a_rule_of_another_form_is_refused_with_its_name() -> None:
    with pytest.raises(BadRule, match=r"'time\.exact' is a list; it has to be text"):
        spoken("6:00", "en", {"time": {"exact": ["{h}"]}})


@pytest.mark.parametrize(
    "rules",
    [
        {"numbers": {"scales": "x"}},
        {"numbers": {"scales": [{"at": 0}]}},
        {"months": [1] * 12},
        {"signs": {"units": {"kg": [5]}}},
        {"signs": {"units": {"kg": [""]}}},
        {"ordinals": {"plain": {"marks": [3]}}},
        {"multipliers": {"k": 5}},
        {"time": {"shift": "six"}},
        {"time": 5},
    ],
)
@pytest.mark.parametrize("language", ["en", "mr"])
def test_rules_that_cannot_be_used_are_refused(rules: dict[str, Any], language: str) -> None:
    with pytest.raises(BadRule, match="the rule '"):
        spoken("123 kg 6 am 1st", language, rules)


def test_one_numbers_word_leaves_the_others() -> None:
    assert [part.words for part in spoken("2 3", "mr", {"numbers": {"words": {"2": "जोडी"}}})] == ["जोडी", "तीन"]


def test_digits_are_read_one_by_one() -> None:
    assert digits("98-45 a", "en") == "nine eight four five"
    assert digits("९८", "hi") == "नौ आठ"
    assert digits("98", "tlh") == "9 8"


LETTERS = (
    st.sampled_from("0123456789०५٣５½²①一,.:;-–−+/%°₹$€ \u00a0\u2009\n'()ahmpkgltq٫٬٪₨रुव\u0301\u200d") | st.characters()
)


@of_usual(400)
@given(st.text(LETTERS, max_size=60), st.sampled_from([*supported(), "de", "th", "zz"]))
def test_no_text_fails_and_parts_are_in_order_with_digits(text: str, language: str) -> None:
    last = 0
    for part in spoken(text, language):
        assert last <= part.start < part.end <= len(text)
        assert any(map(str.isdecimal, text[part.start : part.end]))
        assert part.words == unicodedata.normalize("NFC", part.words).strip() != ""
        last = part.end
    digits(text, language)


@given(st.text(LETTERS, max_size=40))
def test_reading_is_the_same_every_time(text: str) -> None:
    assert spoken(text, "en") == spoken(text, "en")


@pytest.mark.parametrize("language", ["en", "fr", "hi"])
@pytest.mark.parametrize(
    "piece",
    [
        "1",
        "1,",
        "1:",
        "11,",
        "111,",
        "1.1",
        "₹1",
        "1-",
        "1 ",
        "12:30 ",
        "-1",
        "Rs. ",
        "+91 ",
        "0 1",
        "1/",
        "1h",
        "a1",
        "12 mm-",
        "2026-11-20",
        "98450 12345 ",
        "1.000.000,",
        "6-7 pm ",
        "1\u00a0000",
        "5% - ",
        "%5",
        "0 10 ",
        "call 10 ",
        "1:10 mix ",
        "1½",
        "12x",
        '5" ',
    ],
)
def test_time_grows_with_the_text_not_its_square(piece: str, language: str) -> None:
    def seconds(length: int, number: int) -> float:
        text = ("x" * number + " " + piece * length)[:length]  # another one each time: what was read is remembered
        begun = time.process_time()
        spoken(text, language)
        return time.process_time() - begun

    spoken(piece, language)
    # Other work makes a try slower and never faster: of many tries the fastest counts.
    short = long = float("inf")
    for number in range(30):
        short, long = min(short, seconds(2000, number)), min(long, seconds(8000, number))
        if short < 0.1 and long < 10 * max(short, 0.001):  # some 10 ms, and four times that
            return
    pytest.fail(f"2,000 characters take {short:.3f} s, 8,000 take {long:.3f} s")
