"""A voice's settings file."""

import pytest

from stitcher.errors import UnusableClip
from stitcher.planning.catalogue import Catalogue
from stitcher.planning.plan import Pause, plan_message
from stitcher.planning.settings import VoiceSettings, voice_of
from stitcher.storage import Stored

KEY = "hindi/voice.toml"


def test_every_setting_has_a_default() -> None:
    assert voice_of(KEY, b"") == VoiceSettings()


def test_settings_are_read() -> None:
    text = (
        'language = "hi"\ngap_ms = -20\naliases = ["hello = hi = नमस्ते"]\n[pauses]\ncomma = 0\n[numbers]\nminus = "ऋण"\n'
    )
    settings = voice_of(KEY, text.encode())
    assert (settings.language, settings.gap_ms, settings.pauses.comma) == ("hi", -20, 0)
    assert settings.groups == [["hello", "hi", "नमस्ते"]]
    assert settings.numbers == {"minus": "ऋण"}


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"language = hi", "not TOML: .*: put a text in quotes"),
        (b"gap_ms = true", "gap_ms: it must be a whole number"),
        (b'gap_ms = "5"', "gap_ms: it must be a whole number"),
        (b"gap_ms = 5.0", "gap_ms: it must be a whole number"),
        (b"singular_below = true", "singular_below: it must be a number"),
        (b"language = 5", "language: it must be text"),
        (b"aliases = 5", "aliases: it must be a list"),
        (b"aliases = [5]", "aliases.0: it must be text"),
        (b"pauses = 5", "pauses: it must be a table"),
        (b"[pauses]\ncomma = true", "pauses.comma: it must be a whole number"),
        (b"[units]\nkg = 5", "^hindi/voice.toml: units.kg: it must be text, or it must be a list, or .*a table$"),
        (b'lang = "hi"', r"^hindi/voice.toml: there is no setting 'lang'; did you mean 'language'\?$"),
        (b"[pauses]\ncoma = 5", r"there is no setting 'pauses.coma'; did you mean 'pauses.comma'\?"),
        (b'[numbers]\nminuss = "a"', r"there is no setting 'numbers.minuss'; did you mean 'numbers.minus'\?"),
        (b'Gap_ms = 5\nlnguage = "hi"', r"'Gap_ms'; did you mean 'gap_ms'\?.*did you mean 'language'\?"),
        (b"\xff\xfe", "not UTF-8"),
        (b'lnguage = "hi"', "lnguage"),
        (b'language = "Hindi language"', "language"),
        (b"gap_ms = 99999", "gap_ms"),
        (b"[pauses]\ncomma = -1", "pauses.comma"),
        (b"[pauses]\nsemicolon = 5", "pauses.semicolon"),
        (b'language = "hi"\n[numbers]\nminus = { a = 1 }', "minus"),
    ],
)
def test_settings_that_cannot_be_read_are_refused_by_name(data: bytes, reason: str) -> None:
    with pytest.raises(UnusableClip, match=reason) as refused:
        voice_of(KEY, data)
    assert refused.value.unusable[0][0] == KEY


OVERRIDES = [
    # every override that docs/languages.md and docs/messages.md name, from voice.toml to the words that are said
    ('language = "en"\n[numbers]\nminus = "XX"', "-5", "xx five"),
    ('language = "hi"\n[numbers]\nminus = "माइनस"', "-5", "माइनस पाँच"),
    ('language = "hi"\n[numbers]\nwords = { 100 = "सौ" }', "100", "सौ"),
    ('language = "en"\n[numbers]\npoint = "dot"', "2.5", "two dot five"),
    ('language = "en"\n[numbers]\nplus = "and"', "[number +5]", "and five"),
    ('language = "hi"\n[currencies]\nINR = ["रुपया", "रुपए", "पैसा", "पैसे"]', "₹20", "बीस रुपए"),
    ('language = "hi"\n[templates]\nrange = "{a} से {b} तक"', "10-15", "दस से पन्द्रह तक"),
    ('language = "en"\n[templates]\npercent = "{n} per cent"', "5%", "five per cent"),
    ('language = "te"\n[templates]\nratio = "{a} to {b}"', "1:10", "ఒకటి to పది"),
    ('language = "te"\n[fractions]\n"2/3" = "two thirds"', "2/3", "two thirds"),
    ('language = "en"\n[mixed]\n"1/2" = "{n} and half"', "1 1/2", "one and half"),
    ('language = "en"\n[units]\nkg = ["kilo", "kilos"]', "5 kg", "five kilos"),
    ('language = "en"\n[signs.units]\nkg = ["kilo"]', "2 kilo", "two kilograms"),
    ('language = "en"\n[signs.currencies]\nINR = ["rupaye"]', "20 rupaye", "twenty rupees"),
    ('language = "en"\n[style]\ndate = "mdy"', "5/6/2026", "six may two thousand twenty six"),
    ('language = "en"\n[time]\nam = "{t} in the morning"', "6:30 am", "six thirty in the morning"),
    ('language = "sw"\n[time]\nshift_when = "always"', "07:00", "saa moja asubuhi"),
    ('language = "en"\n[ordinals.plain]\nwords = { 1 = "one st" }', "1st", "one st"),
    ('language = "en"\nmonths = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"]', "[date 20/11/2026]",
     "twenty k two thousand twenty six"),
    ('language = "en"\nmultipliers = ["lakh", "dozen"]', "₹2 dozen", "two dozen rupees"),
    ('language = "en"\n[signs.words]\ncall = ["buzz"]', "buzz 108", "buzz one zero eight"),
    ('language = "en"\n[signs.words]\nproducts = ["zinc"]', "zinc 21-33", "zinc twenty one thirty three"),
    ('language = "en"\n[signs.phones]\nshapes = ["dd ddd dd"]', "12 345 67", "one two three four five six seven"),
    ('language = "en"\n[abbreviations]\nnever = ["sgd"]', "sgd. rain", "sgd rain"),
    # as earlier versions had it: a section under [numbers]
    ('language = "en"\n[numbers.templates]\nrange = "{a} until {b}"', "10-15", "ten until fifteen"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "message", "said"), OVERRIDES)
def test_an_override_is_heard(text: str, message: str, said: str) -> None:
    settings = voice_of(KEY, text.encode())
    stored = [Stored(f"{word}.wav", word, 1) for word in set(said.split())]
    plan = plan_message(message, Catalogue.of("", stored, settings))
    assert [clip.phrase for clip in plan.clips] == said.split()
    assert all(not isinstance(segment, Pause) or segment.ms == 120 for segment in plan.segments)


def test_rules_without_a_language_are_refused() -> None:
    with pytest.raises(UnusableClip, match=r"\[templates\] needs a language"):
        voice_of(KEY, b'[templates]\nrange = "{a} {b}"')
