"""How text becomes words: the same way for messages and for the file names of clips."""

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from stitcher.text.words import fold, phrase, tokens, words

# What a word is decided by, densely: hypothesis alone would seldom put two of these side by side.
TRICKY = "aAßİéनी१1٣².,'\u2019\u02bc\u200d\u200c₹%☺\U0001f3fd\U0001f468\u0301\u0323\u0345\ufe0f\u1f80_- \n।"
FORMS = "\u00ad\u200eﭐﷺﹰﹼｶﾞﾡￂ￣"
TEXTS = st.text() | st.text(st.sampled_from(TRICKY + FORMS))


@given(TEXTS)
@example("\u1f80\u0323")  # folding it makes a letter that takes up the mark
@example("A\u00ad\u0300")  # between a letter and its mark stands a soft hyphen
@example("ｶﾞ")
@example("ﾡￂ")
def test_words_joined_and_split_again_are_the_same_words(text: str) -> None:
    assert words(" ".join(words(text))) == words(text)


@given(TEXTS)
def test_no_word_is_empty_or_holds_a_blank(text: str) -> None:
    assert all(word and word.split() == [word] for word in words(text))


def said(text: str) -> list[str]:
    """The letters, digits and symbols of a text, in their plain forms, without what only changes an emoji."""
    seen = "".join(char for char in text if unicodedata.category(char) != "Cf" or char in "\u200b\u200c\u200d")
    kept = [char for char in fold(seen) if unicodedata.category(char)[0] in "LNS" and char != "\u02bc"]
    return [char for char in kept if not "\U0001f3fb" <= char <= "\U0001f3ff"]


@given(TEXTS)
@example("ﭐ")  # U+FB50, a form of U+0671
@example("￣")  # its compatible form is a blank with a mark
def test_no_letter_digit_or_symbol_is_lost(text: str) -> None:
    assert said(" ".join(words(text))) == said(text)


def test_no_form_of_a_letter_is_lost_or_read_differently_the_second_time() -> None:
    for form in map(chr, range(0xFB00, 0xFFF0)):
        text = f"{form} a{form}b का{form}\u064e"
        again = " ".join(words(text))
        assert (words(again), said(again)) == (words(text), said(text)), hex(ord(form))


@pytest.mark.parametrize(
    ("form", "plain"),
    [
        ("ﭐلله", "ٱلله"),
        ("ﻫﺬﺍ", "هذا"),
        ("ｶﾞｯｺｳ", "ガッコウ"),
        ("ﾡￂ", "가"),
        ("\u1100\u1161", "가"),
        ("\u1112\u1175\u11c2", "힣"),
        ("بﹼﹶت", "بَّت"),
        ("aﹰb", "a\u064bb"),
        ("Ｈｅｌｌｏ", "hello"),
        ("ﷺ", "صلى الله عليه وسلم"),
    ],
)
def test_a_form_of_a_letter_is_the_letter(form: str, plain: str) -> None:
    assert words(form) == words(plain)


@given(TEXTS, TEXTS)
def test_a_line_break_separates_words_like_a_blank(before: str, after: str) -> None:
    assert words(f"{before}\n{after}") == words(before) + words(after)


@pytest.mark.parametrize(
    "text",
    [
        "good morning",
        "Good  Morning!",
        "good_morning",
        "GOOD-MORNING",
        "good\tmorning",
        "good\u00a0morning",
        "good—morning",
    ],
)
def test_all_spellings_of_a_phrase_are_one_phrase(text: str) -> None:
    assert phrase(text) == "good morning"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("नमस्ते किसान", ["नमस्ते", "किसान"]),
        ("दवा न छिड़कें।", ["दवा", "न", "छिड़कें"]),
        ("আজ বৃষ্টি হবে", ["আজ", "বৃষ্টি", "হবে"]),
        ("வணக்கம், விவசாயி", ["வணக்கம்", "விவசாயி"]),
        ("السلام عليكم؟", ["السلام", "عليكم"]),
        ("ሰላም፣ ገበሬ", ["ሰላም", "ገበሬ"]),
        ("Habari\nya asubuhi", ["habari", "ya", "asubuhi"]),
        ("Ẹ káàárọ̀", ["ẹ", "káàárọ̀"]),
        ("¿Qué día?", ["qué", "día"]),
    ],
)
def test_words_of_every_script_are_kept_whole(text: str, expected: list[str]) -> None:
    assert words(text) == [unicodedata.normalize("NFC", word) for word in expected]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("HELLO", "hello"),
        ("STRASSE", "straße"),
        ("ΣΊΣΥΦΟΣ", "σίσυφος"),
        ("caf\u00e9", "cafe\u0301"),
        ("\u0958\u0932\u092e", "\u0915\u093c\u0932\u092e"),  # क़लम with one letter, and with a nukta
        ("don't", "don\u2019t"),
        ("don't", "don\u02bct"),
    ],
)
def test_two_ways_to_type_a_word_are_one_word(one: str, other: str) -> None:
    assert words(one) == words(other)
    assert len(words(one)) == 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("don't spray", ["don't", "spray"]),
        ("'hello' she said", ["hello", "she", "said"]),
        ("farmers' market", ["farmers", "market"]),
        ("\u2018hello\u2019", ["hello"]),
        ("l'été", ["l'été"]),
        ("नी'स", ["नी'स"]),
    ],
)
def test_an_apostrophe_stays_only_inside_a_word(text: str, expected: list[str]) -> None:
    assert words(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1,000 kilos", ["1,000", "kilos"]),
        ("2.5", ["2.5"]),
        ("१,०००", ["१,०००"]),
        ("at 5.", ["at", "5"]),
        (".5", ["5"]),
        ("one,two", ["one", "two"]),
        ("5,six", ["5", "six"]),
        ("10kg", ["10kg"]),
    ],
)
def test_points_and_commas_stay_only_between_digits(text: str, expected: list[str]) -> None:
    assert words(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("₹500", ["₹", "500"]),
        ("50%", ["50", "%"]),
        ("+5°", ["+", "5", "°"]),
        ("a@b", ["a", "@", "b"]),
        ("rain🌧️today", ["rain", "🌧️", "today"]),
        ("👋🏽👋", ["👋🏽", "👋"]),
        ("👨‍👩‍👧 family", ["👨‍👩‍👧", "family"]),
    ],
)
def test_a_symbol_is_a_word_of_its_own(text: str, expected: list[str]) -> None:
    assert words(text) == expected


@pytest.mark.parametrize("unseen", ["\u00ad", "\u200e", "\u200f", "\u202a", "\u2060", "\ufeff", "\U000e0001"])
def test_what_is_not_seen_is_not_read(unseen: str) -> None:
    assert words(f"good{unseen}will {unseen}to {unseen} all{unseen}, 1{unseen}0") == ["goodwill", "to", "all", "10"]
    assert words(f"नम{unseen}स्ते cafe{unseen}\u0301") == ["नमस्ते", "café"]
    assert words(f"don{unseen}'{unseen}t pay 1{unseen},{unseen}000") == ["don't", "pay", "1,000"]


def test_what_is_not_seen_counts_in_places() -> None:
    assert [(word.start, word.end) for word in tokens("a\u00adb \u200ec")] == [(0, 3), (5, 6)]


@pytest.mark.parametrize(
    "letter",
    # The first and the last of each range of letters that are written without spaces.
    ["ก", "ໟ", "က", "ႎ", "ក", "ឳ", "ぁ", "ヿ", "ㇰ", "ㇿ", "㐀", "䶿", "一", "鿿", "豈", "龎", "ｦ", "ﾝ", "𠀀", "𪛖"],
)
def test_a_letter_of_a_script_without_spaces_is_a_word(letter: str) -> None:
    assert words(letter * 2) == [fold(letter)] * 2


@pytest.mark.parametrize("letter", ["ހ", "ཀ", "Ⴀ", "ᄀ", "Ꭰ", "ᚠ", "ᠠ", "ꀀ", "가"])
def test_letters_of_other_scripts_make_one_word(letter: str) -> None:
    assert len(words(letter * 2)) == 1


def test_joiners_stay_where_they_are() -> None:
    assert words("क्\u200dष नमस्\u200cते") == ["क्\u200dष", "नमस्\u200cते"]


@pytest.mark.parametrize("text", ["", " ", "...", "\u0301", "\u200d", "«»", "\n\t", "\ud800", "\U0001f3fd"])
def test_blanks_punctuation_and_marks_on_nothing_are_no_words(text: str) -> None:
    assert words(text) == []


def test_a_superscript_is_no_digit_of_the_number_before_it() -> None:
    assert words("0.²") == ["0", "²"]
