"""What X-Ray is sent of a call and of a fault: nothing that may be people's."""

import json
from typing import Any

import pytest
from aws_xray_sdk.core.models.segment import Segment
from aws_xray_sdk.core.models.subsegment import Subsegment
from pydantic import BaseModel, ValidationError

from handlers.telemetry import _quiet
from handlers.traces import WithoutWords, told, without_words
from stitcher.storage import NotStored, StorageFault

NAME = "Ramesh_Patil_+919999"
CONTEXT: Any = None


class Sent:
    """Keeps what would go to the daemon."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.set_daemon_address = "the emitter's own"

    def send_entity(self, entity: Any) -> None:
        self.texts.append(entity.serialize())


def traced() -> Segment:
    """A segment as the SDK makes it of a step that called S3 and failed."""
    segment = Segment("step")
    call = Subsegment("s3", "aws", segment)
    call.set_aws({"operation": "GetObject", "bucket_name": "audios", "key": f"inbox/form/{NAME}.jpg", "region": "x"})
    call.put_http_meta("status", 404)
    call.put_http_meta("url", f"https://audios/{NAME}")
    call.add_exception(NotStored(f"{NAME}: not found"), [])
    call.put_metadata("handler error", {"text": NAME})
    segment.add_subsegment(call)
    segment.put_metadata("event", {"key": NAME})
    return segment


def test_the_sdk_itself_would_send_the_name() -> None:
    assert NAME in traced().serialize()


def test_a_trace_names_no_object_and_repeats_no_text() -> None:
    sent = Sent()
    WithoutWords(sent).send_entity(traced())
    (text,) = sent.texts
    assert NAME not in text
    call = json.loads(text)["subsegments"][0]
    assert call["aws"] == {"operation": "GetObject", "bucket_name": "audios", "region": "x"}
    assert call["http"] == {"response": {"status": 404}}
    assert [found["message"] for found in call["cause"]["exceptions"]] == ["NotStored"]


def test_the_emitter_is_otherwise_the_sdks() -> None:
    assert WithoutWords(Sent()).set_daemon_address == "the emitter's own"


def test_a_tracer_that_is_off_is_left_alone() -> None:
    class Off:
        disabled = True

    assert without_words(Off()).disabled


def test_every_tracer_that_is_on_sends_no_words() -> None:
    class Provider:
        emitter: Any = Sent()

    class On:
        disabled, provider = False, Provider()

    provider = without_words(On()).provider
    assert isinstance(provider.emitter, WithoutWords)
    assert provider.max_trace_back == 0  # the SDK would read the whole stack anew for each file that S3 does not have


class Asked(BaseModel):
    phrase: int


def unparsed() -> Exception:
    with pytest.raises(ValidationError) as found:
        Asked.model_validate({"phrase": NAME})
    return found.value


@pytest.mark.parametrize("fault", [NotStored(f"{NAME}.wav"), KeyError(NAME), ValueError(NAME), unparsed()])
def test_a_fault_leaves_a_function_by_name_and_without_its_text(fault: Exception) -> None:
    def handler(_event: dict[str, Any], _context: Any) -> dict[str, Any]:
        raise fault

    with pytest.raises(Exception, match="may be people's") as raised:
        _quiet(handler)({}, CONTEXT)
    assert type(raised.value).__name__ == type(fault).__name__, "the workflow tries again by it"
    assert NAME not in repr(raised.value) + str(raised.value.args)
    assert raised.value.__cause__ is None
    assert raised.value.__suppress_context__


def test_a_fault_that_may_be_told_keeps_its_text() -> None:
    def handler(_event: dict[str, Any], _context: Any) -> dict[str, Any]:
        raise StorageFault("S3 did not answer: ConnectTimeoutError")

    with pytest.raises(StorageFault, match="S3 did not answer"):
        _quiet(handler)({}, CONTEXT)


def test_what_is_raised_is_still_of_its_class() -> None:
    assert isinstance(told(NotStored(NAME)), NotStored)
