"""Which files are clips, what each says, and which folder is a voice's."""

import itertools
import unicodedata

import pytest

from stitcher.clip import Clip
from stitcher.errors import InvalidRequest
from stitcher.planning.catalogue import Catalogue, clip_of, ignored, voice_prefix
from stitcher.planning.names import AUDIO_SUFFIXES, UNREADABLE_SUFFIXES
from stitcher.storage import Stored


def catalogue_of(*keys: str, voice: str = "") -> Catalogue:
    return Catalogue.of(voice, [Stored(key, f"etag-{key}", 1) for key in keys])


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("hello.wav", "hello"),
        ("good_morning.mp3", "good morning"),
        ("Good-Morning.OGG", "good morning"),
        ("don't.flac", "don't"),
        ("1,000.wav", "1,000"),
        ("2.5.wav", "2.5"),
        ("नमस्ते.m4a", "नमस्ते"),
        ("₹.wav", "₹"),
        ("🌧️.webm", "🌧️"),
        ("the price of (new).aiff", "the price of new"),
        ("final.wav", "final"),
        ("a@b.wav", "a @ b"),
    ],
)
def test_a_clip_says_its_file_name(name: str, said: str) -> None:
    assert list(catalogue_of(name).by_phrase) == [said]


@pytest.mark.parametrize(
    "name",
    ["notes.txt", "cover.jpg", "README", ".wav", "___.wav", "hello.wav.bak", "hello", ".hello.wav", "._hello.wav"],
)
def test_a_file_that_is_no_recording_is_passed_over(name: str) -> None:
    assert catalogue_of(name).by_phrase == {}
    assert catalogue_of(name).by_name == {}


def test_a_clip_knows_its_key_its_version_and_its_name() -> None:
    clip = catalogue_of("hindi/आज.ogg", voice="hindi").by_phrase["आज"]
    assert (clip.key, clip.etag, clip.size, clip.name) == ("hindi/आज.ogg", "etag-hindi/आज.ogg", 1, "आज.ogg")


@pytest.mark.parametrize(("key", "said"), [("Good_Morning.mp3", "good morning"), ("hindi/आज.ogg", "आज")])
def test_a_stored_recording_is_the_clip_that_its_catalogue_has(key: str, said: str) -> None:
    assert clip_of(Stored(key, "abc", 7)) == Clip(key, "abc", 7, said)


@pytest.mark.parametrize("key", ["notes.txt", "hindi/", "hindi/.आज.ogg", "hindi/old/hello.wav"])
def test_a_stored_file_that_no_voice_could_say_is_no_clip(key: str) -> None:
    assert clip_of(Stored(key, "abc", 7)) is None


def test_of_two_clips_that_say_the_same_the_first_by_key_is_taken_whatever_the_listing() -> None:
    for keys in itertools.permutations(["hello.mp3", "Hello.wav", "hello.wav"]):
        assert catalogue_of(*keys).by_phrase["hello"].key == "Hello.wav"


def test_the_longest_phrase_is_counted_in_words() -> None:
    assert catalogue_of("hello.wav", "the_price_of.wav").longest == 3
    assert catalogue_of().longest == 0


@pytest.mark.parametrize("part", ["hello.wav", "hello", "Hello!", "hello.mp3"])
def test_a_part_is_found_by_file_name_or_by_phrase(part: str) -> None:
    clip = catalogue_of("hello.wav", "good_morning.wav").part(part)
    assert clip is not None
    assert clip.key == "hello.wav"


def test_a_part_that_names_a_file_is_that_file_even_when_another_says_the_same() -> None:
    clip = catalogue_of("hello.mp3", "hello.wav").part("hello.wav")
    assert clip is not None
    assert clip.key == "hello.wav"


@pytest.mark.parametrize("stored_as", ["NFC", "NFD"])
@pytest.mark.parametrize("asked_as", ["NFC", "NFD"])
def test_a_file_name_is_found_in_both_unicode_forms(stored_as: str, asked_as: str) -> None:
    name = "café.wav"
    forms = {form: unicodedata.normalize(form, name) for form in ("NFC", "NFD")}
    clip = catalogue_of(forms[stored_as]).part(forms[asked_as])
    assert clip is not None
    assert clip.key == forms[stored_as]


@pytest.mark.parametrize("part", ["goodbye", "goodbye.wav", "", ".wav", "hell", "hello hello", "hello.*"])
def test_a_part_that_no_clip_says_is_none(part: str) -> None:
    assert catalogue_of("hello hello hello.wav", "he.wav").part(part) is None


def test_the_default_voice_is_the_root() -> None:
    assert voice_prefix("") == ""


@pytest.mark.parametrize("voice", ["hindi", "हिन्दी", "mr-IN", "asha_2", "日本語", "x" * 64])
def test_a_voice_is_a_folder(voice: str) -> None:
    assert voice_prefix(voice) == f"{voice}/"


def test_a_voice_is_found_in_both_unicode_forms() -> None:
    assert voice_prefix("Zoe\u0308") == voice_prefix("Zo\u00eb") == "Zo\u00eb/"


@pytest.mark.parametrize(
    "voice",
    [
        "..",
        ".",
        "/",
        "../hindi",
        "hindi/..",
        "a/b",
        "a\\b",
        "hindi/",
        "a b",
        "a\0",
        "a.b",
        "%2e%2e",
        "-",
        "_",
        "x" * 65,
    ],
)
def test_a_voice_that_could_lead_elsewhere_is_refused(voice: str) -> None:
    with pytest.raises(InvalidRequest, match="is not a voice's name: letters, digits, '-' and '_', at most 64"):
        voice_prefix(voice)


def test_a_part_may_be_a_key_as_answers_give_it_but_not_one_of_another_voice() -> None:
    hindi = Catalogue.of("hindi", [Stored("hindi/hello.wav", "1", 1)])
    found = hindi.part("hindi/hello.wav")
    assert found is not None
    assert found.key == "hindi/hello.wav"
    assert hindi.part("tamil/hello.wav") is None
    assert Catalogue.of("", [Stored("hello.wav", "1", 1)]).part("hindi/hello.wav") is None


@pytest.mark.parametrize(
    ("name", "said"), [("...and rain.wav", "and rain"), ("…rain.wav", "rain"), ("..rain.wav", "rain")]
)
def test_a_name_that_begins_with_an_ellipsis_is_a_clip(name: str, said: str) -> None:
    assert list(catalogue_of(name).by_phrase) == [said]


@pytest.mark.parametrize("suffix", ["3gp", "3gpp", "wma", "au"])
def test_recordings_of_telephones_are_clips(suffix: str) -> None:
    assert list(catalogue_of(f"hello.{suffix}").by_phrase) == ["hello"]


def test_an_ending_is_either_read_or_named_as_unreadable() -> None:
    assert not AUDIO_SUFFIXES & UNREADABLE_SUFFIXES.keys()


def test_gsm_of_a_telephone_exchange_is_a_clip() -> None:
    """Its frames say that they are GSM, which is always 8 kHz."""
    stored = Stored("v/hello.gsm", "", 1)
    clip = clip_of(stored)
    assert clip is not None
    assert clip.phrase == "hello"
    assert list(ignored([stored])) == []


def test_a_sound_file_that_is_no_clip_is_named_with_the_reason() -> None:
    keys = ["v/a.ulaw", "v/b.AL", "v/c.wav", "v/old/d.wav", "v/notes.txt", "v/___.wav", "v/._c.wav", "v/.hidden.wav"]
    found = dict(ignored(Stored(key, "", 1) for key in keys))
    assert list(found) == ["v/.hidden.wav", "v/___.wav", "v/a.ulaw", "v/b.AL", "v/old/d.wav"]
    assert "convert it to WAV" in found["v/a.ulaw"]
    assert "too deep" in found["v/old/d.wav"]
