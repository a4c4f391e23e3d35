"""A person's name, said, missed, refused, of a picture and in a fault: it is in no log, metric, key or address.

docs/privacy.md
"""

import io
import json
from typing import Any

import pytest
from functions.cache_lookup import app as cache_lookup
from functions.fetch_clips import app as fetch_clips
from functions.prepare_clip import app as prepare_clip
from functions.publish import app as publish

from handlers.telemetry import logger
from tests.integration.steps import CONTEXT, INPUT, OUTPUT, Buckets, looked_up, say_it
from tests.integration.test_pictures_api import COW, Service, made, service  # noqa: F401 - fixtures
from tests.paths import SAMPLES

MARK = "rameshpatil"


def put(key: str, etag: str, size: int) -> dict[str, Any]:
    return {"id": "1", "detail": {"object": {"key": key, "etag": etag, "size": size}}}


def test_a_name_is_in_no_log_metric_key_or_address(
    buckets: Buckets, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    log = io.StringIO()
    monkeypatch.setattr(logger.registered_handler, "stream", log)
    monkeypatch.setattr(prepare_clip, "report", lambda *_: None)  # the queue is for people, and holds the name
    recording = (SAMPLES / "shreeshail.wav").read_bytes()
    good, bad = f"{MARK}.wav", f"broken {MARK}.wav"
    for key, data in ((good, recording), (bad, b"no audio")):
        prepare_clip.lambda_handler(put(key, buckets.put(INPUT, key, data), len(data)), CONTEXT)
    answer = say_it(f"hello {MARK}")
    assert MARK in str(answer["audio_files"]), "it was said"
    assert looked_up(f"hello un{MARK}")["outcome"] == "rejected"
    for step in (cache_lookup, fetch_clips, prepare_clip, publish):
        with pytest.raises(Exception, match="may be people's") as raised:
            step.lambda_handler({"request": MARK, "key": MARK, "detail": {"object": MARK}}, CONTEXT)
        assert MARK not in str(raised.value)
    told = capsys.readouterr()
    assert log.getvalue(), "something was logged"
    assert MARK not in log.getvalue() + told.out + told.err
    assert not [key for key in buckets.keys(OUTPUT, "") if MARK in key]
    assert MARK not in answer["public_url"] + answer["output_file"]


def test_the_name_of_a_picture_that_came_by_the_api_is_in_its_record_only(
    service: Service,  # noqa: F811 - the fixture
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    log = io.StringIO()
    monkeypatch.setattr(logger.registered_handler, "stream", log)
    given = service.post({"name": f"{MARK}.{MARK}", "size": len(COW), "prompt": "animal"})[1]
    result = service.put(given["upload"]["fields"]["key"])
    assert (result["outcome"], result["id"]) == ("answered", given["id"])
    assert service.find(given["id"])[1]["name"] == f"{MARK}.{MARK}", "who put it sees it"
    told = capsys.readouterr()
    assert MARK not in log.getvalue() + told.out + told.err + json.dumps(service.sent) + json.dumps(service.ended)
    assert MARK not in json.dumps(given), "nor in what a browser sends with the file"
    files = {
        f"{bucket}/{item['Key']}": service.s3.get_object(Bucket=bucket, Key=item["Key"])["Body"].read()
        for bucket in ("images", "results")
        for item in service.s3.list_objects_v2(Bucket=bucket)["Contents"]
    }
    assert not [name for name in files if MARK in name]
    named = [name for name, data in files.items() if MARK.encode() in data]
    assert named == [f"results/pictures/animal/{given['id'].removeprefix('animal-')}.json"]
