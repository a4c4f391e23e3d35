"""Catalogue objects over moto's S3: who writes them, who reads them, and what becomes of clips that are gone."""

from collections import Counter
from functools import partial
from typing import Any

import pytest

from handlers.buckets import output, recordings
from stitcher import limits
from stitcher.api.preview import preview
from stitcher.api.requests import StitchRequest
from stitcher.clip import Clip
from stitcher.clips import keeper as module
from stitcher.clips.catalogues import Catalogues, KeptShapes, NotKept
from stitcher.clips.facts import Shape, Shapes, note_refusal
from stitcher.clips.keeper import Keeper, voice_with
from stitcher.clips.kept import Kept, catalogue_key
from stitcher.clips.prepared import prepared_key
from stitcher.errors import MissingWords, UnusableClip, VoiceTooLarge
from stitcher.formats.profiles import FORMS
from stitcher.planning.catalogue import clip_of, read_catalogue
from stitcher.planning.plan import Plan
from stitcher.storage import BucketRepo, StorageFault, Stored
from tests.integration.steps import INPUT, OUTPUT, Buckets
from tests.shapes import shapes_of

VOICE = "tamil"


@pytest.fixture
def voice(empty_buckets: Buckets) -> Buckets:
    """A voice that says "a" and "b" and is kept."""
    for name in ("a", "b"):
        put(empty_buckets, name)
    keeper().rebuild(VOICE)
    return empty_buckets


def put(buckets: Buckets, name: str, data: bytes = b"", *, prepared: bool = True) -> Clip:
    """A clip, and its prepared forms without audio."""
    key = f"{VOICE}/{name}.wav"
    clip = clip_of(Stored(key, buckets.put(INPUT, key, data or name.encode()), len(data or name)))
    assert clip
    for profile, shape in zip(FORMS, shapes_of(len(name)), strict=True) if prepared else ():
        buckets.s3.put_object(Bucket=OUTPUT, Key=prepared_key(clip, profile), Metadata=shape.to_metadata())
    return clip


def delete(buckets: Buckets, name: str) -> None:
    buckets.s3.delete_object(Bucket=INPUT, Key=f"{VOICE}/{name}.wav")


def keeper(repo: BucketRepo | None = None, waited: list[float] | None = None) -> Keeper:
    return Keeper(recordings(), repo or output(), (waited if waited is not None else []).append)


def changed(*names: str) -> None:
    keeper().changed(VOICE, {f"{VOICE}/{name}.wav" for name in names})


def said(buckets: Buckets) -> list[str]:
    data = buckets.read(OUTPUT, catalogue_key(VOICE))
    return [clip.phrase for clip in Kept.from_bytes(VOICE, data).clips]


def etags(catalogue: Any) -> dict[str, str]:
    return {phrase: clip.etag for phrase, clip in catalogue.by_phrase.items()}


def counted(repo: BucketRepo) -> Counter[str]:
    found: Counter[str] = Counter()
    repo.client.meta.events.register("before-call.s3", lambda model, **_: found.update([model.name]))
    return found


def plan(catalogues: Catalogues, message: str, *, listed: bool = False, **more: Any) -> Plan:
    request = StitchRequest(message=message, voice=VOICE, **more)
    return catalogues.tried(request.plan, Plan.is_whole, listed=listed)


def test_a_new_clip_a_changed_one_and_a_deleted_one_are_in_the_next_version(voice: Buckets) -> None:
    assert said(voice) == ["a", "b"]
    put(voice, "c")
    put(voice, "a", b"another take")
    delete(voice, "b")
    changed("a", "b", "c")
    assert said(voice) == ["a", "c"]
    kept, listed = (
        of(VOICE) for of in (Catalogues(recordings(), output()).kept, Catalogues(recordings(), output()).listed)
    )
    assert etags(kept) == etags(listed)


def test_what_a_change_says_counts_for_nothing_against_what_there_is(voice: Buckets) -> None:
    for _ in range(2):  # told twice, told of what never was, told late
        changed("a", "never", "b")
    assert said(voice) == ["a", "b"]


def test_a_voice_without_an_object_gets_one_at_its_first_change(empty_buckets: Buckets) -> None:
    for name in ("a", "b", "c"):
        put(empty_buckets, name)
    changed("c")
    assert said(empty_buckets) == ["a", "b", "c"]


def test_a_damaged_object_is_written_anew_and_messages_are_said_meanwhile(voice: Buckets) -> None:
    voice.put(OUTPUT, catalogue_key(VOICE), b"damaged")
    reader = Catalogues(recordings(), output())
    with pytest.raises(NotKept):
        reader.kept(VOICE)
    assert plan(reader, "a b").is_whole()
    changed("a")
    assert said(voice) == ["a", "b"]


def test_two_writers_at_once_lose_no_entry(voice: Buckets) -> None:
    class Interrupted(BucketRepo):
        """Before the first write somebody else writes."""

        def replace(self, key: str, data: bytes, etag: str | None) -> Stored:
            if others:
                put(voice, name := others.pop())
                changed(name)
            return super().replace(key, data, etag)

    waited: list[float] = []
    others = ["d", "e"]
    put(voice, "c")
    keeper(Interrupted(OUTPUT, voice.s3), waited).changed(VOICE, {f"{VOICE}/c.wav"})
    assert said(voice) == ["a", "b", "c", "d", "e"]
    assert len(waited) == 2


def test_the_first_two_writers_of_a_voice_lose_no_entry(empty_buckets: Buckets) -> None:
    class Interrupted(BucketRepo):
        done = False

        def replace(self, key: str, data: bytes, etag: str | None) -> Stored:
            if not self.done:
                self.done = True
                put(empty_buckets, "b")
                changed("b")
            return super().replace(key, data, etag)

    put(empty_buckets, "a")
    keeper(Interrupted(OUTPUT, empty_buckets.s3)).changed(VOICE, {f"{VOICE}/a.wav"})
    assert said(empty_buckets) == ["a", "b"]


def test_an_older_change_that_is_written_late_does_not_bring_an_old_clip_back(voice: Buckets) -> None:
    class Late(BucketRepo):
        """Looks what there is, and is then overtaken by the next change of the same clip."""

        done = False

        def replace(self, key: str, data: bytes, etag: str | None) -> Stored:
            if not self.done:
                self.done = True
                put(voice, "a", b"newest")
                changed("a")
            return super().replace(key, data, etag)

    put(voice, "a", b"newer")
    keeper(Late(OUTPUT, voice.s3)).changed(VOICE, {f"{VOICE}/a.wav"})
    assert etags(Catalogues(recordings(), output()).kept(VOICE)) == etags(read_catalogue(recordings(), VOICE))


def test_a_writer_that_always_loses_says_so(voice: Buckets) -> None:
    class Loser(BucketRepo):
        def replace(self, key: str, data: bytes, etag: str | None) -> Stored:
            return super().replace(key, data, "another")

    waited: list[float] = []
    put(voice, "c")
    with pytest.raises(StorageFault, match="replaced 10 times"):
        keeper(Loser(OUTPUT, voice.s3), waited).changed(VOICE, {f"{VOICE}/c.wav"})
    assert len(waited) == module.TRIES
    assert max(waited) <= module.LONGEST_SECONDS


def forms(buckets: Buckets) -> set[str]:
    return {key.rpartition("/")[2].removesuffix(".clip") for key in buckets.keys(OUTPUT, "prepared/")}


def test_forms_of_deleted_and_of_replaced_recordings_are_deleted(voice: Buckets) -> None:
    a = etags(read_catalogue(recordings(), VOICE))["a"]
    b = put(voice, "b", b"another take")
    assert len(forms(voice)) == 3
    changed("b")
    assert forms(voice) == {a, b.etag}
    delete(voice, "b")
    changed("b")
    assert forms(voice) == {a}


def test_the_form_of_a_recording_that_lies_under_another_name_too_stays(voice: Buckets) -> None:
    put(voice, "c", b"b")
    changed("c")
    delete(voice, "b")
    changed("b")
    assert len(forms(voice)) == 2


def test_a_rebuilding_finds_forms_that_no_recording_has_and_leaves_other_voices_theirs(voice: Buckets) -> None:
    there = forms(voice)
    for folder in (VOICE, "hindi", "-"):
        voice.put(OUTPUT, f"prepared/v3/{folder}/mp3/orphan.clip", b"")
    change = keeper().rebuild(VOICE)
    assert forms(voice) == {*there, "orphan"}
    assert not voice.keys(OUTPUT, f"prepared/v3/{VOICE}/mp3/orphan")
    assert (change.clips, change.forgotten) == (2, len(FORMS))


def test_a_rebuilding_that_changes_nothing_writes_nothing(voice: Buckets) -> None:
    requests = counted(output())
    keeper().rebuild(VOICE)
    assert dict(requests) == {"GetObject": 1, "ListObjectsV2": 2}, "the recordings and their forms"


def test_a_large_voice_is_rebuilt_in_parts(voice: Buckets, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ASKED", 2)
    voice.s3.delete_object(Bucket=OUTPUT, Key=catalogue_key(VOICE))
    for name in ("c", "d", "e"):
        put(voice, name)
    put(voice, "f", prepared=False)
    assert [keeper().rebuild(VOICE).unfinished for _ in range(3)] == [True, True, False]
    shapes = KeptShapes(Catalogues(recordings(), output()), Unasked(output()))
    clips = list(read_catalogue(recordings(), VOICE).by_phrase.values())
    assert all(shapes.of(clips[:5], "mp3"))


class Unasked(Shapes):
    """Nobody asks prepared clips one by one."""

    def of(self, clips: Any, profile: str) -> list[Shape | None]:
        assert not clips
        return []


def test_a_hit_of_any_voice_is_one_request_and_the_second_one_finds_it_unchanged(voice: Buckets) -> None:
    reader = Catalogues(recordings(), output())
    plan(reader, "a b")
    requests = counted(output())
    first = reader.kept(VOICE)
    assert plan(reader, "a b").is_whole()
    assert dict(requests) == {"GetObject": 2}
    assert reader.kept(VOICE) is first


def test_a_word_is_called_missing_by_the_listing_alone(voice: Buckets) -> None:
    reader = Catalogues(recordings(), output())
    plan(reader, "a")
    put(voice, "c")
    assert plan(reader, "a c").is_whole()
    assert plan(reader, "a d", missing="skip").missing == ("d",)
    with pytest.raises(MissingWords, match="'d'"):
        plan(reader, "c d")


def test_a_message_of_two_voices_is_planned_on_both_objects_or_on_both_listings(voice: Buckets) -> None:
    reader = Catalogues(recordings(), output())
    voice.put(INPUT, "hello.wav", b"hello")
    keeper().rebuild("")
    assert plan(reader, "hello a", missing="fallback:").substituted == ("hello",)
    put(voice, "hello")
    assert plan(reader, "hello a", missing="fallback:").substituted == ()


def test_where_a_clip_has_changed_the_listing_is_read_at_once(voice: Buckets) -> None:
    reader = Catalogues(recordings(), output())
    clip = put(voice, "a", b"another take")
    assert plan(reader, "a").clips != [clip]
    assert plan(reader, "a", listed=True).clips == [clip]


def test_settings_count_in_the_version_that_the_object_names(voice: Buckets) -> None:
    reader = Catalogues(recordings(), output())
    key = f"{VOICE}/voice.toml"
    voice.put(INPUT, key, b"gap_ms = 7")
    assert reader.kept(VOICE).settings.gap_ms == 120  # the object does not know them yet
    keeper().changed(VOICE, {key})
    assert reader.kept(VOICE).settings.gap_ms == 7
    voice.put(INPUT, key, b"gap_ms = 8")
    assert reader.kept(VOICE).settings.gap_ms == 7
    clear_settings()
    with pytest.raises(NotKept, match="settings"):  # another function, which has never read the old ones
        Catalogues(recordings(), output()).kept(VOICE)
    assert plan(Catalogues(recordings(), output()), "a b").pauses == [8]
    voice.s3.delete_object(Bucket=INPUT, Key=key)
    keeper().changed(VOICE, {key})
    assert reader.kept(VOICE).settings.gap_ms == 120


def clear_settings() -> None:
    from stitcher.planning import catalogue

    catalogue._SETTINGS.clear()


def test_settings_that_change_how_names_are_read_change_every_phrase(voice: Buckets) -> None:
    put(voice, "'yan")
    changed("'yan")
    before = said(voice)
    voice.put(INPUT, f"{VOICE}/voice.toml", b'language = "ha"')
    keeper().changed(VOICE, {f"{VOICE}/voice.toml"})
    assert said(voice) != before
    assert etags(Catalogues(recordings(), output()).kept(VOICE)) == etags(read_catalogue(recordings(), VOICE))


def test_settings_that_cannot_be_read_refuse_messages_and_keep_the_object(voice: Buckets) -> None:
    voice.put(INPUT, f"{VOICE}/voice.toml", b"gap_ms = 'wide'")
    keeper().changed(VOICE, {f"{VOICE}/voice.toml"})
    assert said(voice) == ["a", "b"]
    with pytest.raises(UnusableClip, match="gap_ms"):
        plan(Catalogues(recordings(), output()), "a b")


def test_plans_ask_no_prepared_clip_whose_catalogue_is_kept(voice: Buckets) -> None:
    reader = Catalogues(recordings(), output())
    request = StitchRequest(message="a b a", voice=VOICE)
    answer = reader.tried(lambda of: preview(request, of, KeptShapes(reader, Unasked(output()))), lambda one: True)
    assert answer == preview(request, partial(read_catalogue, recordings()), Shapes(output()))


def test_a_plan_names_a_recording_that_preparing_refused(voice: Buckets) -> None:
    note_refusal(put(voice, "c", prepared=False), "it is no audio", output())
    put(voice, "d", prepared=False)  # not prepared yet
    reader = Catalogues(recordings(), output())
    answer = preview(StitchRequest(message="a c d", voice=VOICE), reader.listed, KeptShapes(reader, Shapes(output())))
    assert [(one.key, one.reason) for one in answer.unusable] == [(f"{VOICE}/c.wav", "it is no audio")]


def test_a_clip_that_was_prepared_since_is_asked_for(voice: Buckets) -> None:
    clip = put(voice, "c")
    shapes = KeptShapes(Catalogues(recordings(), output()), Shapes(output()))
    known = list(read_catalogue(recordings(), VOICE).by_phrase.values())
    assert clip in known
    assert [shape and shape.samples for shape in shapes.of(known, "wav")] == [4_801, 4_801, 4_801]


def test_a_function_does_not_remember_more_clips_than_it_has_memory_for(
    voice: Buckets, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stitcher.clips.catalogues.HELD_CLIPS", 2)
    voice.put(INPUT, "hello.wav", b"hello")
    keeper().rebuild("")
    reader = Catalogues(recordings(), output())
    kept = reader.kept(VOICE)
    reader.kept("")
    assert reader.kept(VOICE) is not kept


def test_a_voice_with_too_many_files_is_refused_by_its_object_and_by_its_listing(
    voice: Buckets, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = forms(voice)
    monkeypatch.setattr(limits, "VOICE_FILES", 2)
    reader = Catalogues(recordings(), output())
    assert plan(reader, "a b").is_whole()
    put(voice, "c")
    with pytest.raises(VoiceTooLarge, match="'tamil' has over 2 files"):
        read_catalogue(recordings(), VOICE)
    assert keeper().changed(VOICE, {f"{VOICE}/c.wav", f"{VOICE}/a.wav"}).clips == 3
    requests = counted(recordings())
    with pytest.raises(VoiceTooLarge):
        plan(reader, "a")
    assert dict(requests) == {"GetObject": 1}, "nobody lists a voice that is too large for every message"
    assert forms(voice) >= there, "what is prepared of its recordings stays"
    delete(voice, "c")
    changed("c")
    assert plan(reader, "a b").is_whole()


@pytest.mark.parametrize(
    ("key", "voice"),
    [
        ("a.wav", ""), ("hindi/a.wav", "hindi"), ("हिन्दी/आज.ogg", "हिन्दी"), ("hindi/old/a.wav", None),
        ("-/a.wav", None), ("../a.wav", None), ("Zoe\u0308/a.wav", None), ("x" * 65 + "/a.wav", None), ("/a.wav", ""),
    ],
)  # fmt: skip
def test_a_file_belongs_to_the_voice_whose_folder_it_is_in(key: str, voice: str | None) -> None:
    assert voice_with(key) == voice
