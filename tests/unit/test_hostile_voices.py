"""Voices and messages of people who mean harm: whatever a settings file, a clip's name or a message holds is refused.

In 250 ms of a processor's time and 100 MB: nobody else's request waits for it, and no function runs out of memory.
"""

import contextlib
import gc
import json
import time
import tracemalloc
import types
from collections.abc import Iterator
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from stitcher import limits
from stitcher.api.listing import voices_page
from stitcher.errors import MessageTooLong, StitchError, UnusableClip
from stitcher.numbers import spoken, tables
from stitcher.planning import rules
from stitcher.planning.catalogue import Catalogue, read_catalogue
from stitcher.planning.plan import plan_message
from stitcher.planning.settings import SECTIONS, VoiceSettings, voice_of
from stitcher.storage import LocalRepo, Stored
from tests.examples import of_usual

KEY = "v/voice.toml"
LANGUAGE_CODES = ["en", "hi", "sw", "ta", "fr", "ar", "am", "de", "xx", "en-IN"]
CPU_S, MEMORY_BYTES = 0.25, 100 * 1024 * 1024
NAMES = ["hello", "rain", "5", "one", "two", "point", "minus", "a", "ten", "lakh", "kg", "rupees", "5 kg", "1-2", "-5"]
STORED = [Stored(f"v/{name}.wav", name, 1) for name in NAMES]


def say(settings: bytes, message: str, stored: list[Stored] = STORED) -> None:
    """Plan a message with a voice's settings."""
    plan_message(message, Catalogue.of("v", stored, voice_of(KEY, settings)))


@contextlib.contextmanager
def bounded() -> Iterator[None]:
    """What is refused is refused in time; that of the collector of this test's own garbage does not count."""
    gc.disable()
    started = time.thread_time()
    try:
        with contextlib.suppress(StitchError):
            yield
        taken = time.thread_time() - started
    finally:
        gc.enable()
    assert taken < CPU_S


@pytest.fixture(scope="module", autouse=True)
def languages_are_loaded() -> None:
    """What is read once in the life of a process is not the message's."""
    for language in LANGUAGE_CODES:
        with contextlib.suppress(StitchError):
            say(f'language = "{language}"'.encode(), "5 kg 1/2 6:30")


def text(size: int) -> str:
    return '"' + "x" * size + '"'


EN = 'language = "en"\n'
KIB = 1024
SETTINGS = {
    "nested brackets": "a = " + "[" * 4_000,
    "nested tables": "a = " + "{a=" * 4_000,
    "a list in a list": "a = " + "[" * 200 + "]" * 200,
    "a name of 30,000 parts": "a" + ".a" * 30_000 + " = 1",
    "a table's name of 30,000 parts": "[" + ".".join("a" * 30_000) + "]",
    "names of 64 parts": "[x]\n" + "".join(f"b{i}" + ".a" * 63 + " = 1\n" for i in range(450)),
    "a number of 5,000 digits": "gap_ms = " + "9" * 5_000,
    "a number of 50,000 hexadecimal digits": "gap_ms = 0x" + "f" * 50_000,
    "a number that is none": EN + "singular_below = nan",
    "a number without end": EN + "singular_below = inf",
    "a huge scale": EN + f'[numbers]\nscales = [{{at = 0x{"f" * 5_000}, many = "x"}}]',
    "doubling scales": EN + '[numbers]\nengine = "table"\nwords = { 1 = "x" }\nscales = [{ at = 2, many = "{n} {n}" }]',
    "an alias of 30,000 words": f'aliases = ["hello = {"a " * 30_000}"]',
    "many aliases": "aliases = [" + ",".join(f'"a{i} = b{i}"' for i in range(4_500)) + "]",
    "many values": "".join(f"a{i} = 1\n" for i in range(7_000)),
    "many wrong values": EN + "[fractions]\n" + "".join(f"a{i} = 1\n" for i in range(3_500)),
    "a template of 60 KB": EN + f"[templates]\nrange = {text(60 * KIB)}",
    "a word of 60 KB": EN + f"[numbers]\nwords = {{ 1 = {text(60 * KIB)} }}",
    "a name of 60 KB": EN + "[fractions]\n" + "x" * 60 * KIB + ' = "a"',
    "a pattern in a telephone number": EN + '[signs.phones]\nshapes = ["(d+)+x"]',
    "a way out of the folder": EN + '[numbers]\nengine = "rbnf"\ncode = "../../etc/passwd"',
    "a decimal mark of two letters": EN + '[style]\ndecimal = "ab"',
    "digits for groups": EN + '[style]\ngroup = "0123456789"',
    "a date": "language = 1979-05-27",
    "too large": "#" * (limits.SETTINGS_BYTES + 1),
}


@pytest.mark.parametrize("name", SETTINGS)
def test_settings_that_are_a_weapon_are_refused(name: str) -> None:
    with bounded(), pytest.raises(UnusableClip) as refused:
        voice_of(KEY, SETTINGS[name].encode())
    ((key, reason),) = refused.value.unusable
    assert key == KEY
    assert 0 < len(reason) < 1_500
    for word in reason.split():
        assert len(word) <= 100


@pytest.mark.parametrize("name", SETTINGS)
def test_the_refusal_of_settings_needs_little_memory(name: str) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(UnusableClip):
            voice_of(KEY, SETTINGS[name].encode())
        assert tracemalloc.get_traced_memory()[1] < MEMORY_BYTES
    finally:
        tracemalloc.stop()


FORMS: dict[str, Any] = {
    "text": "x", "number": 7, "truth": True, "list": ["x"], "empty list": [], "numbers": [1], "table": {"a": "x"},
    "table of tables": {"a": {"b": "x"}}, "list of tables": [{"a": "x"}], "table of lists": {"1": ["x"]},
    "table of numbers": {"1": 1}, "date": "1979-05-27",
}  # fmt: skip
"""What a rule may be written as; each but the right ones is refused."""


def toml(value: Any) -> str:
    """A value in TOML."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(name)} = {toml(one)}" for name, one in value.items()) + "}"
    return "[" + ", ".join(map(toml, value)) + "]" if isinstance(value, list) else json.dumps(value)


def inner(section: str) -> list[str]:
    """The names of the rules in a section, and one that it does not have."""
    form = {"numbers": rules.Numbers, "style": rules.Style, "time": rules.Time, "signs": rules.Signs}.get(section)
    return [*(form.__annotations__ if form else ("kg", "1/2", "range", "masculine")), "nonsense"]


@pytest.mark.parametrize("section", SECTIONS)
def test_every_form_of_every_rule_is_refused_or_followed(section: str) -> None:
    messages = [
        "5 kg",
        "₹2.50",
        "-1.5",
        "1/2",
        "6:30 am",
        "1st 2nd",
        "20/11/2026",
        "10-15 ml",
        "[time 7:00] 1234567890",
    ]
    written = [f"{section} = {toml(form)}" for form in FORMS.values()]
    written += [
        f"[{section}]\n{json.dumps(name)} = {toml(form)}" for name, form in product(inner(section), FORMS.values())
    ]
    for rule in written:
        top, table = (rule, "") if not rule.startswith("[") else ("", rule)
        try:
            settings = voice_of(KEY, f"{EN}{top}\n{table}".encode())
        except UnusableClip:
            continue
        for message in messages:
            with contextlib.suppress(StitchError):
                plan_message(message, Catalogue.of("v", STORED, settings))


@pytest.mark.parametrize("language", [*tables.supported(), "common"])
def test_the_tables_of_the_languages_have_the_forms_that_rules_may_have(language: str) -> None:
    own = {name: rule for name, rule in tables._read(language).items() if name in SECTIONS}
    settings = VoiceSettings.model_validate({"language": "en", **own})
    assert settings.rules == {name: rule for name, rule in own.items() if rule}


WEAPONS = {
    "words that fill one another": (
        EN + '[numbers]\nengine = "table"\nwords = { 1 = "' + "{n} " * 1 + "x" * 190 + '" }\n'
        'scales = [{ at = 2, many = "{n} ' + "y" * 190 + '" }]', "999999999999999 " * 120,
    ),
    "long digits": (EN + f'[numbers]\nwords = {{ 1 = "{"x " * 99}" }}', "1" * 2_000),
    "long numbers": (EN + f'[numbers]\nwords = {{ 1 = "{"x " * 99}" }}', "1 " * 1_000),
    "units that fill numbers": (
        EN + f'[units]\nkg = "{"{n}" + "x" * 190}"\n[numbers]\nwords = {{ 5 = "{"{unit}"}{"x" * 190}" }}',
        "5 kg " * 400,
    ),
    "respelling that doubles": (
        EN + '[numbers]\nengine = "rbnf"\ncode = "en"\n[numbers.respell]\n' + "".join(
            f'"{" ".join("x" * 2**i)}" = "{" ".join("x" * 2**(i + 1))}"\n' for i in range(6)
        ) + '"five" = "x"', "5 " * 900,
    ),
    "a thousand signs": (
        EN + "[signs.units]\n" + "".join(
            f"u{i} = [{', '.join(json.dumps(f'{chr(97 + i % 26)}{i}x{j}') for j in range(60))}]\n" for i in range(60)
        ), "5 a0x1 " * 280,
    ),
    "a place with two dots": (EN, "1.2.3.4.5.6.7.8.9" * 110),
    "a row": (EN, "1:" * 999 + "1"),
    "signs": (EN, "-+" * 999 + "1"),
    "marks": (EN, "[pause 5s]" * 199 + "a"),
    "open marks": (EN, "[" * 2_000),
    "digits spelled": (EN, "[digits " + "9" * 1_900 + "]"),
    "an ordinal of 1,900 digits": (EN, "[ordinal " + "9" * 1_900 + "]"),
    "a number of 1,900 digits": (EN, "[number " + "9" * 1_900 + "]"),
    "stops": (EN, "a." * 1_000),
    "combining marks": (EN, "a" + "\u0301" * 1_999),
    "emoji": (EN, "👩\u200d" * 1_000),
    "one word": (EN, "x" * 2_000),
}  # fmt: skip


@pytest.mark.parametrize("name", WEAPONS)
def test_a_message_that_is_a_weapon_is_planned_or_refused_in_time(name: str) -> None:
    settings, message = WEAPONS[name]
    with contextlib.suppress(StitchError):
        say(settings.encode(), "1 kg")  # modules are imported
    with bounded():
        say(settings.encode(), message[: limits.MESSAGE_CHARACTERS])


@pytest.mark.parametrize("name", WEAPONS)
def test_a_message_that_is_a_weapon_needs_little_memory(name: str) -> None:
    settings, message = WEAPONS[name]
    tracemalloc.start()
    try:
        with contextlib.suppress(StitchError):
            say(settings.encode(), message[: limits.MESSAGE_CHARACTERS])
        assert tracemalloc.get_traced_memory()[1] < MEMORY_BYTES
    finally:
        tracemalloc.stop()


def ways() -> list[Stored]:
    """Clips that say every mixture of two words, as long as names may be."""
    found = []
    for number in range(500):
        bits = f"{number:09b}"
        said = " ".join("a" if bits[place % 9] == "0" else "b" for place in range(64))
        found.append(Stored(f"v/{said}.wav", str(number), 1))
    return [*found, Stored("v/a.wav", "a", 1), Stored("v/b.wav", "b", 1)]


NAMED = {
    "ways": (ways(), EN + '[numbers]\nwords = { 1 = "a", 2 = "b" }', "1 2 " * 500),
    "long names that are alike": (
        [Stored(f"v/{'x' * 900}{i:04}.wav", str(i), 1) for i in range(2_000)], EN, "x" * 904 + " " + "x" * 903,
    ),
    "names that are alike": (
        [Stored(f"v/{'ab' * 18}{i:04}.wav", str(i), 1) for i in range(2_000)], EN,
        " ".join(f"{'ab' * 18}{i:04}x" for i in range(40)),
    ),
    "names of 500 words": ([Stored(f"v/{'a ' * 500}{i}.wav", str(i), 1) for i in range(500)], EN, "a " * 1_000),
    "digits": ([Stored(f"v/{i}.wav", str(i), 1) for i in range(400)], EN, "5 " * 400),
    "a name of 1,000 digits": ([Stored(f"v/{'9' * 1_000}.wav", "9", 1)], EN, "5 " * 400),
}  # fmt: skip


@pytest.mark.parametrize("name", NAMED)
def test_names_of_clips_that_are_a_weapon_cost_no_more(name: str) -> None:
    stored, settings, message = NAMED[name]
    catalogue = Catalogue.of("v", stored, voice_of(KEY, settings.encode()))
    # What is made once for all messages of a voice grows with its clips, which whoever pays for them may have.
    _ = catalogue.begins, catalogue.numerals, catalogue.alike, catalogue.begins_alike
    with bounded():
        plan_message(message, catalogue)


# Properties

PIECES = st.sampled_from(
    [
        *("5", "10-15", "1/2", "-5", "₹2.50", "6:30 am", "1st", "20/11/2026", "5 kg", "1:10", "+91 98450 12345", "007"),
        *("hello", "rain", ", ", ". ", "! ", "\n", " ", "Dr. Rao", "a.m.", "५ किलो", "৳5", "½", "**", "👍", "x" * 50),
        *("[pause 5s]", "[clip hello]", "[digits 108]", "[time 6:30]", "[number 5]", "[spell ab]", "[", "]", "[pause"),
        *("\u200d", "\u0301", "\u202e", "\x00", "'", "5'6\"", "45x15 cm", "500/-", "5%-10%", "NPK 19:19:19", "9" * 30),
    ]
)  # fmt: skip
MESSAGES = st.text(max_size=200) | st.lists(PIECES | st.text(max_size=4), max_size=60).map("".join)
SAMPLES = [
    b'language = "hi"\ngap_ms = -20\naliases = ["hello = hi"]\n[pauses]\ncomma = 0\n[numbers]\nminus = "x"\n',
    b'language = "en"\n[units]\nkg = ["kilo", "kilos"]\n[templates]\nrange = "{a} to {b}"\n'
    b'[ordinals.plain]\nmarks = ["st"]\n',
    b'language = "sw"\nmultipliers = ["lakh"]\n[time]\nshift = 6\nday = { 0 = "{t} x" }\n[signs.units]\nkg = ["k"]\n',
    b'language = "en"\n[numbers]\nengine = "table"\nwords = { 1 = "a", 5 = "e" }\n'
    b'scales = [{ at = 10, many = "{n} ten" }]\n',
]
EDITS = st.lists(st.tuples(st.floats(0, 1), st.integers(0, 6), st.binary(max_size=6)), max_size=8)
LANGUAGES = st.sampled_from(LANGUAGE_CODES)
WORDS = st.text("abx{}n{t}{h} .,:-/5%[]()*+?\\^$|'", max_size=24) | st.sampled_from(
    [
        "{n}",
        "{n} {unit}",
        "{a} {b}",
        "{t}",
        "{h} {m}",
        "",
        "x" * 200,
        "en",
        "rbnf",
        "table",
        "digits",
        "always",
        "number",
    ]
)
NAMES_OF_RULES = st.sampled_from(["1", "5", "10", "at", "one", "many", "marks", "words", "kg", "INR", "other"])
VALUES = st.recursive(
    WORDS | st.integers(-5, 10**16) | st.floats(allow_nan=True) | st.booleans(),
    lambda inside: st.lists(inside, max_size=13)
    | st.dictionaries(NAMES_OF_RULES, inside, max_size=4),
    max_leaves=8,
)  # fmt: skip


def edited(data: bytes, edits: list[tuple[float, int, bytes]]) -> bytes:
    """Some bytes at some places replaced by others."""
    for share, gone, new in edits:
        at = round(share * len(data))
        data = data[:at] + new + data[at + gone :]
    return data


@st.composite
def fitting(draw: st.DrawFn) -> bytes:
    """Settings whose rules are mostly of the right form, as hypothesis fills it."""
    form = types_of()[draw(st.sampled_from(sorted(types_of())))]
    return draw(form)


def written(language: str, section: str, value: Any) -> bytes:
    """A file with one section."""
    return f"language = {json.dumps(language)}\n{section} = {toml(value)}\n".encode(errors="replace")


def of_schema(schema: dict[str, Any], named: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Values of the form that a JSON schema of pydantic's describes, and now and then others."""
    if "$ref" in schema:
        return of_schema(named[schema["$ref"].rpartition("/")[2]], named)
    if "anyOf" in schema:
        return st.one_of([of_schema(one, named) for one in schema["anyOf"] if one.get("type") != "null"])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if schema.get("type") == "object":
        known = {name: of_schema(one, named) for name, one in schema.get("properties", {}).items()}
        if known:
            return st.fixed_dictionaries({}, optional=known)
        keys = st.sampled_from(
            [*"0123456789", *("10", "100", "kg", "INR", "1/2", "range", "percent", "ratio", "first", "one")]
        )
        within = schema.get("additionalProperties") or next(iter(schema.get("patternProperties", {"": {}}).values()))
        return st.dictionaries(keys, of_schema(within, named), max_size=4)
    if schema.get("type") == "array":
        least = schema.get("minItems", 0)
        return st.lists(of_schema(schema["items"], named), min_size=least, max_size=max(least, 3))
    if schema.get("type") in ("integer", "number"):
        return st.integers(schema.get("minimum", 1), min(schema.get("maximum", 100), 10**15))
    if "pattern" in schema:
        return st.from_regex(schema["pattern"], fullmatch=True)
    return WORDS


@cache
def types_of() -> types.MappingProxyType[str, st.SearchStrategy[bytes]]:
    """For each section of the settings, files with values of its form."""
    schema = TypeAdapter(VoiceSettings).json_schema()
    named = schema["$defs"]
    return types.MappingProxyType(
        {
            section: st.builds(written, LANGUAGES, st.just(section), of_schema(schema["properties"][section], named))
            for section in SECTIONS
        }
    )


FILES = (
    st.binary(max_size=200)
    | st.builds(edited, st.sampled_from(SAMPLES), EDITS)
    | st.builds(written, LANGUAGES, st.sampled_from(SECTIONS), VALUES)
    | fitting()
    | fitting()
)


@given(FILES)
@of_usual(500)
def test_no_file_of_settings_raises_anything_but_a_refusal(data: bytes) -> None:
    with bounded():
        voice_of(KEY, data)


@given(FILES, MESSAGES)
@of_usual(500)
def test_no_message_with_any_settings_raises_anything_but_a_refusal(data: bytes, message: str) -> None:
    with bounded():
        say(data, message)


@given(st.lists(st.text(min_size=1, max_size=30), max_size=8), MESSAGES)
def test_no_names_of_clips_raise_anything_but_a_refusal(names: list[str], message: str) -> None:
    with bounded():
        say(EN.encode(), message, [Stored(f"v/{name}.wav", name, 1) for name in names])


# Folders


def test_one_bad_folder_fails_no_page(tmp_path: Path) -> None:
    for name, settings in SETTINGS.items():
        folder = tmp_path / name.replace(" ", "-").replace(",", "").replace("'", "")
        folder.mkdir()
        (folder / "hello.wav").write_bytes(b"x")
        (folder / "voice.toml").write_text(settings)
    page = voices_page(LocalRepo(tmp_path), limit=200)
    bad = [entry for entry in page.voices if entry.warnings]
    assert len(bad) == len(SETTINGS)


class Watched(LocalRepo):
    """A folder that notes what is read."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.was_read: list[str] = []

    def read(self, key: str, etag: str | None = None) -> bytes:
        self.was_read.append(key)
        return super().read(key, etag)


def test_settings_that_are_too_large_are_not_read(tmp_path: Path) -> None:
    (tmp_path / "hello.wav").write_bytes(b"x")
    (tmp_path / "voice.toml").write_bytes(b"#" * (limits.SETTINGS_BYTES + 1))
    repo = Watched(tmp_path)
    with pytest.raises(UnusableClip, match="64 KiB"):
        read_catalogue(repo, "")
    assert "64 KiB" in voices_page(repo).voices[0].warnings[0]
    assert repo.was_read == []


def test_settings_at_the_limit_are_read(tmp_path: Path) -> None:
    (tmp_path / "voice.toml").write_bytes(b"gap_ms = 7\n" + b"#" * (limits.SETTINGS_BYTES - 11))
    assert read_catalogue(LocalRepo(tmp_path), "").settings.gap_ms == 7


def test_numbers_that_take_too_many_words_are_too_long() -> None:
    with pytest.raises(MessageTooLong, match="40000 characters"):
        say(f'{EN}[numbers]\nwords = {{ 1 = "{"x " * 99}" }}'.encode(), "1 " * 1_000)


def test_a_fault_in_following_a_voice_s_rules_is_its_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any, **__: Any) -> Any:
        raise KeyError("x")

    monkeypatch.setattr(spoken, "readings", broken)
    with pytest.raises(UnusableClip, match=r"v/voice.toml: its rules cannot be followed"):
        say(f'{EN}[units]\nkg = ["kilo", "kilos"]'.encode(), "5 kg")
    with pytest.raises(KeyError):  # a fault of ours
        say(EN.encode(), "5 kg")
