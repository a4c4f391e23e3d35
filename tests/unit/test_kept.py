"""The catalogue object: what is written is what is read, and nothing else is."""

import hashlib
import json
import zlib
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stitcher.clips.facts import Shape
from stitcher.clips.kept import CorruptCatalogue, Entry, Kept, catalogue_key
from stitcher.formats.profiles import FORMS
from stitcher.planning.catalogue import Catalogue, clip_of
from stitcher.planning.settings import VoiceSettings
from stitcher.storage import Stored
from tests.shapes import shapes_of

NAMES = (
    "hello.wav", "Good_Morning.mp3", "rain@final.wav", "rain@initial.ogg", "rain.wav", "-5.wav", "10-15_ml.wav",
    "5.wav", "नमस्ते.m4a", "cafe\u0301.wav", "bury st. edmunds.flac", "don't.opus", "₹.wav", "🌧️.webm", "1,000.wav",
    "no clip.txt",
)  # fmt: skip


def stored(*names: str, folder: str = "") -> list[Stored]:
    return [Stored(folder + name, hashlib.sha256(name.encode()).hexdigest(), 1 + len(name)) for name in names]


def entry(item: Stored, shapes: Sequence[Shape] = (), *, glottal: bool = False) -> Entry:
    found = Entry.of(item, glottal=glottal)
    assert found
    return found.prepared(shapes) if shapes else found


def kept(*items: Stored, voice: str = "") -> Kept:
    return Kept.of(voice, filter(None, map(Entry.of, items)))


@pytest.mark.parametrize("folder", ["", "hindi/"])
def test_messages_are_planned_on_it_as_on_the_listing(folder: str) -> None:
    voice, items = folder.rstrip("/"), stored(*NAMES, folder=folder)
    settings = VoiceSettings(language="en", aliases=["hello = hi"])
    read = Kept.from_bytes(voice, kept(*items, voice=voice).to_bytes())
    assert read.catalogue(settings) == Catalogue.of(voice, items, settings)
    assert list(read.clips) == sorted(filter(None, map(clip_of, items)), key=lambda clip: clip.key)


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="/\0"), min_size=1, max_size=12), max_size=8))
def test_any_names_come_back(names: list[str]) -> None:
    items = stored(*{f"{name}.wav" for name in names})
    assert Kept.from_bytes("", kept(*items).to_bytes()).catalogue() == Catalogue.of("", items)


def test_a_key_that_is_no_text_comes_back() -> None:
    items = [Stored("hello\udcff.wav", "e", 1)]
    assert Kept.from_bytes("", kept(*items).to_bytes()).clips[0].key == "hello\udcff.wav"


def test_what_preparing_found_is_beside_each_clip_for_each_profile() -> None:
    first, second, third = stored("a.wav", "b.wav", "c.wav")
    found = [entry(first, shapes_of(1)), entry(second), entry(third, shapes_of(3, "it is noisy"))]
    read = Kept.from_bytes("", Kept.of("", found).to_bytes())
    assert read.entries == found
    for place, profile in enumerate(FORMS):
        shapes = [read.shape(one.clip, profile) for one in found]
        assert shapes == [shapes_of(1)[place], None, shapes_of(3, "it is noisy")[place]]


def test_what_was_found_of_another_version_of_a_clip_is_not_told() -> None:
    (item,) = stored("a.wav")
    read = Kept.of("", [entry(item, shapes_of(1))])
    assert read.shape(entry(Stored("a.wav", "another", 1)).clip, "mp3") is None
    assert read.shape(entry(Stored("b.wav", item.etag, 1)).clip, "mp3") is None


def test_it_names_the_version_of_the_settings_that_belongs_to_it() -> None:
    settings = Stored("hausa/voice.toml", "abc", 20)
    read = Kept.from_bytes("hausa", Kept.of("hausa", [], settings, glottal=True).to_bytes())
    assert (read.settings, read.glottal, read.clips) == (settings, True, ())


def test_the_same_clips_give_the_same_bytes_in_any_order() -> None:
    items = stored(*NAMES)
    assert kept(*items).to_bytes() == kept(*reversed(items)).to_bytes()


def changed(data: bytes, **index: object) -> bytes:
    stream = zlib.decompressobj()
    text = json.loads(stream.decompress(data))
    return zlib.compress(json.dumps(text | index).encode()) + stream.unused_data


BARE = replace(Kept.of("", [entry(item) for item in stored("a.wav")]), packed=b"").to_bytes()
GOOD = Kept.of("", [entry(item, shapes_of(1)) for item in stored("a.wav", "b.wav")]).to_bytes()


@pytest.mark.parametrize(
    "data",
    [
        b"", b"no zlib", GOOD[:20], GOOD[:-1], zlib.compress(b"null"), zlib.compress(b"[]"), zlib.compress(b"{}"),
        zlib.compress(b"[" * 100_000), zlib.compress(b"\xff"), changed(GOOD, names=["a.wav"]), changed(GOOD, takes=[]),
        changed(GOOD, settings=[1]), changed(GOOD, signed=3), GOOD + b"more", BARE,
    ],
    ids=range(15),
)  # fmt: skip
def test_anything_else_is_refused(data: bytes) -> None:
    with pytest.raises(CorruptCatalogue):
        _ = Kept.from_bytes("", data).entries


def test_facts_of_other_rows_are_refused() -> None:
    one = Kept.of("", [entry(item, shapes_of(1)) for item in stored("a.wav")])
    two = Kept.of("", [entry(item) for item in stored("a.wav", "b.wav")])
    mixed = Kept("", two.clips, two.signed, packed=one.packed)
    with pytest.raises(CorruptCatalogue):
        _ = mixed.entries


def test_a_stream_without_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stitcher.clips.kept.INFLATED_BYTES", 50)
    with pytest.raises(CorruptCatalogue):
        Kept.from_bytes("", GOOD)


def test_its_place_is_named_after_the_voice() -> None:
    assert catalogue_key("") == "catalogues/v1/-.catalogue"
    assert catalogue_key("hindi") == "catalogues/v1/hindi.catalogue"


def test_phrases_are_read_from_names_as_this_version_of_the_object_says() -> None:
    """Where this fails, names are read in another way than before: raise `kept.VERSION`, and then this digest."""
    phrases = [entry(item).clip.phrase for item in stored(*NAMES[:-1])]
    phrases += [entry(item, glottal=True).clip.phrase for item in stored("'yan_uwa.wav")]
    assert hashlib.sha256(json.dumps(phrases).encode()).hexdigest()[:12] == "ea58d1c910e9"
