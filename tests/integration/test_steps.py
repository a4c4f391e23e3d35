"""Each handler on its sample event and off the happy path, over moto's S3."""

import hashlib
import io
import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import boto3
import pytest
from functions.cache_lookup import app as cache_lookup
from functions.fetch_clips import app as fetch_clips
from functions.keep_catalogue import app as keep_catalogue
from functions.prepare_clip import app as prepare_clip
from functions.publish import app as publish
from functions.stitch import app as stitch

from handlers.telemetry import logger
from stitcher import limits
from stitcher.api.requests import StitchRequest
from stitcher.clip import Clip
from stitcher.clips.facts import note_refusal
from stitcher.clips.keeper import Change, Keeper
from stitcher.clips.kept import Kept, catalogue_key
from stitcher.clips.prepared import PreparedClip, prepared_key
from stitcher.formats.platforms import PLATFORMS
from stitcher.formats.profiles import FORMS
from stitcher.planning.catalogue import clip_of
from stitcher.storage import AlreadyStored, BucketRepo, NotStored, StorageFault, Stored
from tests.integration.steps import CONTEXT, EVENTS, INPUT, OUTPUT, Buckets, asked, counted, event, looked_up, say_it
from tests.paths import ROOT, SAMPLES

TELL = prepare_clip.tell


def test_the_sample_events_are_what_the_steps_hand_on(buckets: Buckets) -> None:
    found = looked_up(event("cache_lookup")["request"]["message"])
    assert found["outcome"] == "miss"
    assert event("stitch") == {"plan": found["plan"], "request_id": event("cache_lookup")["request_id"]}
    lacking = stitch.lambda_handler(event("stitch"), CONTEXT)
    assert lacking["outcome"] == "unprepared"
    assert event("fetch_clips") == lacking["clips"][0] | {"request_id": event("cache_lookup")["request_id"]}
    assert event("publish")["plan"] == found["plan"]
    assert event("publish")["output_key"] == found["output_key"]
    assert event("stitch_workflow")["request"] == event("cache_lookup")["request"]


def test_every_function_has_a_sample_event() -> None:
    steps = {path.parent.name for path in (ROOT / "functions").glob("*/app.py")}
    named = {path.stem for path in EVENTS.glob("*.json")}
    steps.remove("hear_version")  # only CloudFormation calls it, and signs where it is to answer
    assert steps <= named | {f"{one}s" for one in named}, "clip.json is of the function clips"


@pytest.mark.parametrize("path", sorted((EVENTS / "api").glob("*.json")), ids=lambda path: path.stem)
def test_the_sample_requests_are_requests(path: Path) -> None:
    assert StitchRequest.of(json.loads(path.read_text()))


def test_a_message_too_long_to_hear_is_refused_and_counted(
    buckets: Buckets, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "MESSAGE_SECONDS", 1)
    found = looked_up("hello, shreeshail")
    for clip in stitch.lambda_handler({"plan": found["plan"]}, CONTEXT)["clips"]:
        fetch_clips.lambda_handler(clip, CONTEXT)
    capsys.readouterr()
    refused = stitch.lambda_handler({"plan": found["plan"]}, CONTEXT)
    assert refused["outcome"] == "rejected"
    assert (refused["problem"]["status"], refused["problem"]["code"]) == (413, "message_too_long")
    assert counted(capsys)["MessageRejected"] == (1, {"service": "test", "reason": "message_too_long"})
    assert not buckets.keys(OUTPUT, "work/")


def test_fetch_clips_prepares_its_sample_event_in_every_form(buckets: Buckets) -> None:
    clip = event("fetch_clips")
    assert fetch_clips.lambda_handler(clip, CONTEXT) == {"outcome": "ready"}
    keys = buckets.keys(OUTPUT)
    assert keys == sorted(f"prepared/v3/-/{profile}/{clip['etag']}.clip" for profile in FORMS)
    for key in keys:
        assert PreparedClip.from_bytes(buckets.read(OUTPUT, key)).samples > 0


def test_stitch_says_its_sample_event(buckets: Buckets) -> None:
    for segment in event("stitch")["plan"]["segments"]:
        if "key" in segment:
            fetch_clips.lambda_handler(segment, CONTEXT)
    made = stitch.lambda_handler(event("stitch"), CONTEXT)
    staged = made["staged"]
    assert (made["outcome"], staged["key"], staged["path"]) == ("stitched", "work/5f7a2c1e.mp3", "spliced")
    audio = buckets.read(OUTPUT, staged["key"])
    assert (hashlib.md5(audio, usedforsecurity=False).hexdigest(), len(audio)) == (staged["etag"], staged["size"])


def test_prepare_clip_prepares_its_sample_event(buckets: Buckets) -> None:
    assert prepare_clip.lambda_handler(event("prepare_clip"), CONTEXT) == {"outcome": "ready"}
    assert len(buckets.keys(OUTPUT, "prepared/")) == len(FORMS)


def put_event(key: str, etag: str, size: int) -> dict[str, Any]:
    changed: dict[str, Any] = event("prepare_clip")
    changed["detail"]["object"] |= {"key": key, "etag": etag, "size": size}
    return changed


def test_prepare_clip_reports_a_clip_that_cannot_be_used(buckets: Buckets, monkeypatch: pytest.MonkeyPatch) -> None:
    sqs = boto3.client("sqs", region_name="ap-south-1")
    url = sqs.create_queue(QueueName="refused")["QueueUrl"]
    monkeypatch.setattr(prepare_clip, "settings", prepare_clip.Settings(url, changes_queue_url=""))
    etag = buckets.put(INPUT, "नमस्ते.wav", b"text")
    assert prepare_clip.lambda_handler(put_event("नमस्ते.wav", etag, 4), CONTEXT) == {"outcome": "unusable"}
    (message,) = sqs.receive_message(QueueUrl=url)["Messages"]
    report = json.loads(message["Body"])
    assert (report["key"], report["etag"]) == ("नमस्ते.wav", etag)
    assert "not audio" in report["reason"]
    assert buckets.keys(OUTPUT) == [f"prepared/v3/-/refused/{etag}.clip"], "why, for lists of clips"


@pytest.fixture
def changes(empty_buckets: Buckets, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The queue of changes; called, it gives the messages as KeepCatalogue's event has them."""
    sqs = boto3.client("sqs", region_name="ap-south-1")
    url = sqs.create_queue(QueueName="changes")["QueueUrl"]
    monkeypatch.setattr(prepare_clip, "tell", TELL)
    monkeypatch.setattr(prepare_clip, "settings", replace(prepare_clip.settings, changes_queue_url=url))
    monkeypatch.setattr(keep_catalogue, "settings", replace(keep_catalogue.settings, changes_queue_url=url))
    for cached in (prepare_clip.queue, keep_catalogue.queue, keep_catalogue.keeper):
        cached.cache_clear()

    def taken() -> dict[str, Any]:
        found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        for message in found:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return {"Records": [{"messageId": one["MessageId"], "body": one["Body"]} for one in found]}

    return taken


def kept(buckets: Buckets, voice: str = "") -> list[str]:
    data = buckets.read(OUTPUT, catalogue_key(voice))
    return [clip.phrase for clip in Kept.from_bytes(voice, data).clips]


def test_a_put_clip_is_in_its_voices_catalogue_whether_it_can_be_used_or_not(
    empty_buckets: Buckets, changes: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prepare_clip, "report", lambda *_: None)
    data = (SAMPLES / "hello.wav").read_bytes()
    for key, body in (("नमस्ते.wav", data), ("broken.wav", b"text"), ("hindi/hello.wav", data), ("voice.toml", b"")):
        etag = empty_buckets.put(INPUT, key, body)
        prepare_clip.lambda_handler(put_event(key, etag, len(body)), CONTEXT)
    assert keep_catalogue.lambda_handler(changes(), CONTEXT) == {"batchItemFailures": []}
    assert (kept(empty_buckets), kept(empty_buckets, "hindi")) == (["broken", "नमस्ते"], ["hello"])


def test_a_clip_that_could_not_be_prepared_by_a_fault_is_in_the_catalogue_too(
    empty_buckets: Buckets, changes: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(_clip: Clip) -> None:
        raise StorageFault

    monkeypatch.setattr(prepare_clip, "prepare", failing)
    with pytest.raises(StorageFault):
        prepare_clip.lambda_handler(put_event("hello.wav", empty_buckets.put(INPUT, "hello.wav", b""), 1), CONTEXT)
    keep_catalogue.lambda_handler(changes(), CONTEXT)
    assert kept(empty_buckets) == ["hello"]


def test_every_voice_is_rebuilt_by_a_message_of_its_own(empty_buckets: Buckets, changes: Any) -> None:
    for key in ("hello.wav", "hindi/hello.wav", "two words/hello.wav", "tamil/hello.wav"):
        empty_buckets.put(INPUT, key, b"")
    keep_catalogue.lambda_handler({"Records": [message('{"rebuild": "tamil"}')]}, CONTEXT)
    empty_buckets.s3.delete_object(Bucket=INPUT, Key="tamil/hello.wav")
    assert keep_catalogue.lambda_handler({"voices": []}, CONTEXT) == {"voices": 3}
    keep_catalogue.lambda_handler(changes(), CONTEXT)
    assert [kept(empty_buckets, voice) for voice in ("", "hindi", "tamil")] == [["hello"], ["hello"], []]
    assert keep_catalogue.lambda_handler({"voices": ["hindi"]}, CONTEXT) == {"voices": 1}
    assert keep_catalogue.lambda_handler({"voices": [""]}, CONTEXT) == {"voices": 1}, "the default voice"
    changes()
    refused = keep_catalogue.lambda_handler({"voices": ["hindi", "hindy"]}, CONTEXT)
    assert refused == {"voices": 0, "refused": "there is no voice 'hindy'; did you mean 'hindi'?"}
    assert changes() == {"Records": []}, "nothing is rebuilt"


def message(body: str) -> dict[str, Any]:
    return {"messageId": body, "body": body}


def test_keep_catalogue_follows_its_sample_event(buckets: Buckets) -> None:
    keep_catalogue.keeper.cache_clear()
    assert keep_catalogue.lambda_handler(event("keep_catalogue"), CONTEXT) == {"batchItemFailures": []}
    assert "hello" in kept(buckets)


def test_only_the_messages_that_failed_come_again(
    empty_buckets: Buckets, changes: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    rebuild = Keeper.rebuild

    def failing(self: Keeper, voice: str) -> Change:
        if voice == "tamil":
            raise StorageFault("S3 is busy")
        return rebuild(self, voice)

    monkeypatch.setattr(Keeper, "rebuild", failing)
    bad = ["no JSON", '{"rebuild": "tamil"}', '{"rebuild": 1}', '{"detail": {}}']
    passed_over = ['{"rebuild": "../up"}', '{"detail": {"object": {"key": "a/b/c.wav"}}}']
    good = ['{"rebuild": "hindi"}', '{"rebuild": ""}', '{"detail": {"object": {"key": "hello.wav"}}}']
    found = keep_catalogue.lambda_handler({"Records": [message(body) for body in (*bad, *passed_over, *good)]}, CONTEXT)
    assert {failure["itemIdentifier"] for failure in found["batchItemFailures"]} == set(bad)
    assert (kept(empty_buckets), kept(empty_buckets, "hindi")) == ([], [])


@pytest.mark.parametrize("key", ["README.txt", "hello", ".hello.wav", "a/b/hello.wav", "hindi/"])
def test_prepare_clip_passes_over_what_is_no_clip(buckets: Buckets, key: str) -> None:
    assert prepare_clip.lambda_handler(put_event(key, "x", 1), CONTEXT) == {"outcome": "no clip"}
    assert buckets.keys(OUTPUT) == []


def test_prepare_clip_leaves_a_clip_that_was_replaced_to_the_next_event(buckets: Buckets) -> None:
    assert prepare_clip.lambda_handler(put_event("hello.wav", "0" * 32, 1), CONTEXT) == {"outcome": "changed"}


def test_prepare_clip_knows_keys_as_eventbridge_sends_them(buckets: Buckets) -> None:
    key = "hindi/50%+ बारिश.wav"
    data = (SAMPLES / "hello.wav").read_bytes()
    etag = buckets.put(INPUT, key, data)
    assert prepare_clip.lambda_handler(put_event(key, etag, len(data)), CONTEXT) == {"outcome": "ready"}
    assert buckets.keys(OUTPUT, f"prepared/v3/hindi/mp3/{etag}")


def test_a_prepared_clip_has_the_digest_of_its_recording_and_another_recording_with_its_etag_is_refused(
    buckets: Buckets,
) -> None:
    data = (SAMPLES / "hello.wav").read_bytes()
    clip = clip_of(Stored("hello.wav", hashlib.md5(data, usedforsecurity=False).hexdigest(), len(data)))
    assert clip
    assert fetch_clips.lambda_handler(asdict(clip), CONTEXT) == {"outcome": "ready"}
    keys = [prepared_key(clip, profile) for profile in FORMS]
    about = [buckets.s3.head_object(Bucket=OUTPUT, Key=key)["Metadata"] for key in keys]
    assert [found["recording-sha256"] for found in about] == [hashlib.sha256(data).hexdigest()] * len(FORMS)
    # As if it had been made of another recording with the same MD5.
    form = buckets.read(OUTPUT, keys[0])
    buckets.s3.put_object(Bucket=OUTPUT, Key=keys[0], Body=form, Metadata={"recording-sha256": "0" * 64})
    refused = fetch_clips.lambda_handler(asdict(clip), CONTEXT)
    assert "same MD5" in refused["problem"]["detail"]
    buckets.s3.put_object(Bucket=OUTPUT, Key=keys[0], Body=form)  # of a version that did not note it
    assert fetch_clips.lambda_handler(asdict(clip), CONTEXT) == {"outcome": "ready"}


def test_publish_promotes_its_sample_event(buckets: Buckets) -> None:
    audio = (SAMPLES / "good_morning.mp3").read_bytes()
    buckets.put(OUTPUT, "work/sample.mp3", audio)
    answer = publish.lambda_handler(event("publish"), CONTEXT)
    assert answer["cached"] is False
    assert buckets.read(OUTPUT, answer["output_file"]) == audio
    assert buckets.s3.head_object(Bucket=OUTPUT, Key=answer["output_file"])["ContentType"] == "audio/mpeg"


def test_what_was_published_is_a_hit(buckets: Buckets) -> None:
    made = say_it("hello, shreeshail")
    found = say_it("Hello,  Shreeshail")
    assert found["outcome"] == "hit"
    same = {"output_file", "duration_ms", "audio_files"}
    assert {key: found["answer"][key] for key in same} == {key: made[key] for key in same}
    assert found["answer"]["cached"] is True


def test_a_cached_message_that_is_too_long_for_a_platform_is_refused(
    buckets: Buckets, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was made for a caller who named the format, not the platform."""
    ulaw = {"message": "hello, shreeshail", "format": "ulaw"}
    say_it(**ulaw)
    assert cache_lookup.lambda_handler(asked(**ulaw | {"format": "connect"}), CONTEXT)["outcome"] == "hit"
    monkeypatch.setitem(PLATFORMS, "connect", replace(PLATFORMS["connect"], under_seconds=1))
    assert cache_lookup.lambda_handler(asked(**ulaw), CONTEXT)["outcome"] == "hit"
    found = cache_lookup.lambda_handler(asked(**ulaw | {"format": "connect"}), CONTEXT)
    assert found["problem"]["detail"] == "connect plays messages under 1 s: say it in several messages"
    assert (found["outcome"], found["problem"]["status"]) == ("rejected", 413)


def test_a_message_that_is_too_long_for_a_platform_is_not_made(
    buckets: Buckets, monkeypatch: pytest.MonkeyPatch
) -> None:
    say_it("hello, shreeshail")
    monkeypatch.setitem(PLATFORMS, "connect", replace(PLATFORMS["connect"], under_seconds=1))
    found = cache_lookup.lambda_handler(asked(message="hello, shreeshail", format="connect"), CONTEXT)
    refused = stitch.lambda_handler({"plan": found["plan"]}, CONTEXT)
    assert (refused["outcome"], refused["problem"]["code"]) == ("rejected", "message_too_long")
    assert "connect plays messages under 1 s" in refused["problem"]["detail"]


def test_a_voice_note_that_is_too_large_is_made_with_a_warning(
    buckets: Buckets, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Made, and from the cache."""
    monkeypatch.setitem(PLATFORMS, "whatsapp", replace(PLATFORMS["whatsapp"], voice_note_bytes=1024))
    answers = [say_it("hello", format="whatsapp"), say_it("hello", format="opus")["answer"]]
    for answer in answers:
        assert answer["output_file"].endswith(".ogg")
        (warning,) = answer["warnings"]
        assert warning.endswith("KB: whatsapp shows a voice note with a play button up to 1 KB")
    assert buckets.s3.head_object(Bucket=OUTPUT, Key=answers[0]["output_file"])["ContentType"] == (
        "audio/ogg; codecs=opus"
    )


def test_only_clips_that_are_not_prepared_are_fetched(buckets: Buckets) -> None:
    say_it("hello")
    lacking = stitch.lambda_handler({"plan": looked_up("hello shreeshail shreeshail")["plan"]}, CONTEXT)
    assert [clip["key"] for clip in lacking["clips"]] == ["shreeshail.wav"]


def test_a_message_that_cannot_be_spliced_is_rendered_and_says_why(buckets: Buckets) -> None:
    found = cache_lookup.lambda_handler(asked(message="hello shreeshail", gap_ms=0), CONTEXT)
    for clip in stitch.lambda_handler({"plan": found["plan"]}, CONTEXT)["clips"]:
        fetch_clips.lambda_handler(clip, CONTEXT)
    staged = stitch.lambda_handler({"plan": found["plan"]}, CONTEXT)["staged"]
    assert staged["path"] == "rendered"
    assert "ms at least" in staged["why"]


def test_a_refusal_is_data(buckets: Buckets) -> None:
    found = cache_lookup.lambda_handler(asked(message="hello elephant"), CONTEXT)
    assert found["outcome"] == "rejected"
    assert found["problem"]["missing"] == ["elephant"]


def test_a_request_that_is_no_object_is_refused_not_a_fault(buckets: Buckets) -> None:
    found = cache_lookup.lambda_handler(asked() | {"request": [1]}, CONTEXT)
    assert found["problem"]["code"] == "invalid_request"


def test_a_clip_replaced_since_it_was_planned_is_changed(buckets: Buckets) -> None:
    buckets.put(INPUT, "hello.wav", b"another take")
    assert fetch_clips.lambda_handler(event("fetch_clips"), CONTEXT) == {"outcome": "changed"}


def test_a_clip_deleted_since_it_was_planned_is_changed(buckets: Buckets) -> None:
    buckets.s3.delete_object(Bucket=INPUT, Key="hello.wav")
    assert fetch_clips.lambda_handler(event("fetch_clips"), CONTEXT) == {"outcome": "changed"}


def test_a_clip_over_the_limit_is_not_even_read(buckets: Buckets) -> None:
    clip = event("fetch_clips") | {"size": limits.CLIP_BYTES + 1, "etag": "not-asked-for"}
    outcome = fetch_clips.lambda_handler(clip, CONTEXT)
    assert outcome["outcome"] == "unusable"
    assert "20 MB" in outcome["problem"]["detail"]


def test_a_clip_that_is_no_audio_is_not_stored(buckets: Buckets) -> None:
    etag = buckets.put(INPUT, "hello.wav", b"text")
    outcome = fetch_clips.lambda_handler(event("fetch_clips") | {"etag": etag}, CONTEXT)
    assert (outcome["outcome"], outcome["problem"]["unusable"][0]["key"]) == ("unusable", "hello.wav")
    assert buckets.keys(OUTPUT) == [f"prepared/v3/-/refused/{etag}.clip"], "why, for lists of clips"


def test_a_damaged_prepared_clip_is_prepared_anew(buckets: Buckets) -> None:
    for clip in stitch.lambda_handler(event("stitch"), CONTEXT)["clips"]:
        fetch_clips.lambda_handler(clip, CONTEXT)
    (key, _) = buckets.keys(OUTPUT, "prepared/v3/-/mp3/")
    buckets.put(OUTPUT, key, buckets.read(OUTPUT, key)[:-1])
    lacking = stitch.lambda_handler(event("stitch"), CONTEXT)
    assert [clip["etag"] for clip in lacking["clips"]] == [key.rpartition("/")[2].removesuffix(".clip")]
    assert buckets.keys(OUTPUT, "work/") == []


def test_the_first_writers_file_is_the_message(buckets: Buckets, monkeypatch: pytest.MonkeyPatch) -> None:
    sample = event("publish")
    about = {"duration-ms": "7", "path": "spliced", "why": ""}
    buckets.s3.put_object(Bucket=OUTPUT, Key=sample["output_key"], Body=b"first", Metadata=about)

    def taken(*_arguments: Any, **_options: Any) -> None:  # what S3 does, and moto does not: see test_promote.py
        raise AlreadyStored(sample["output_key"])

    monkeypatch.setattr(BucketRepo, "promote", taken)
    answer = publish.lambda_handler(sample, CONTEXT)
    assert (answer["duration_ms"], answer["output_file"]) == (7, sample["output_key"])
    assert buckets.read(OUTPUT, sample["output_key"]) == b"first"


def test_a_staged_file_that_is_gone_is_a_fault(buckets: Buckets) -> None:
    with pytest.raises(NotStored):
        publish.lambda_handler(event("publish"), CONTEXT)
    assert buckets.keys(OUTPUT, "cache/") == []


@pytest.mark.parametrize(
    ("step", "fault"),
    [
        *((step, "ValidationError") for step in (fetch_clips, prepare_clip)),
        *((step, "KeyError") for step in (cache_lookup, stitch, publish)),
    ],
)
def test_an_event_of_another_form_is_a_fault(buckets: Buckets, step: Any, fault: str) -> None:
    with pytest.raises(Exception, match="may be people's") as raised:
        step.lambda_handler({"unexpected": True}, CONTEXT)
    assert type(raised.value).__name__ == fault, "the workflow and Lambda's log know it by its name"


def test_no_text_of_a_message_is_logged(buckets: Buckets, monkeypatch: pytest.MonkeyPatch) -> None:
    log = io.StringIO()
    monkeypatch.setattr(logger.registered_handler, "stream", log)
    say_it("hello shreeshail")
    cache_lookup.lambda_handler(asked(message="hello mister elephant"), CONTEXT)
    text = log.getvalue()
    assert "looked up" in text
    assert not any(word in text for word in ("shreeshail", "elephant", "X-Amz-Signature"))


def test_a_refusal_for_missing_words_names_what_is_known_to_be_unusable(buckets: Buckets) -> None:
    etag = buckets.put(INPUT, "broken.wav", b"no sound at all")
    buckets.put(INPUT, "unknown.wav", b"not looked at yet")
    note_refusal(Clip("broken.wav", etag, 15, "broken"), "it is no audio", BucketRepo(OUTPUT))
    found = cache_lookup.lambda_handler(asked(message="hello elephant broken unknown"), CONTEXT)
    assert found["problem"]["missing"] == ["elephant"]
    assert found["problem"]["unusable"] == [{"key": "broken.wav", "reason": "it is no audio"}]
    found = cache_lookup.lambda_handler(asked(message="hello elephant"), CONTEXT)
    assert "unusable" not in found["problem"]
