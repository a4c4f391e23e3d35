"""No request makes an output that Step Functions cannot carry: then the caller could make 5xx, and alarms, at will."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stitcher.api.requests import StitchRequest
from stitcher.clip import Clip
from stitcher.errors import LISTED, SHOWN, MissingWords, StitchError, UnusableClip
from stitcher.planning.catalogue import Catalogue, voice_prefix
from stitcher.planning.plan import Plan, plan_message, plan_parts
from stitcher.storage import Stored
from tests.asl import evaluated
from tests.paths import ROOT

PAYLOAD_BYTES = 262_144
LETTERS = ["x", '"', "\\", "\n", "न", "🌧", "\u0001"]
FIELDS = {"message", "message_parts", "voice", "format", "missing", "gap_ms"}
CATALOGUE = Catalogue.of("", [Stored(f"{name}.wav", "0" * 32, 9) for name in ("hello", "world")])
STATES = json.loads((ROOT / "statemachine" / "stitch.asl.json").read_text())["States"]


def carried(problem: dict[str, Any]) -> int:
    """Bytes of the execution's output, as the workflow's last state makes it of a refusal."""
    body = json.dumps(problem, ensure_ascii=False, separators=(",", ":"))
    return len(json.dumps({"status": 400, "body": body}).encode())


def refusal(body: Any) -> StitchError:
    with pytest.raises(StitchError) as refused:
        plan(body)
    return refused.value


def plan(body: Any) -> Plan:
    asked = StitchRequest.of(body)
    voice_prefix(asked.voice)
    if asked.message_parts is None:
        return plan_message(asked.message or "", CATALOGUE, profile=asked.format)
    return plan_parts(asked.message_parts, CATALOGUE, profile=asked.format)


@pytest.mark.parametrize("letter", LETTERS)
@pytest.mark.parametrize("length", [SHOWN, 1_000, 120_000])
@pytest.mark.parametrize("field", ["message", "message_parts", "voice", "format", "missing", "no field"])
def test_a_refusal_repeats_little_of_what_was_sent(field: str, length: int, letter: str) -> None:
    text = letter * length
    body: dict[str, Any] = {"message": "hello", field: text} if field != "message_parts" else {field: [text]}
    if field == "no field":
        body = {"message": "hello", text: 1}
    said = refusal(body)
    assert str(said).count(letter) <= 2 * SHOWN + (2 * len(FIELDS) if letter == "x" else 4)
    assert carried(said.problem()) < 16 * 1024


@given(
    body=st.dictionaries(
        st.sampled_from(sorted(FIELDS)) | st.text(),
        st.none() | st.integers() | st.text() | st.lists(st.text(), max_size=40) | st.booleans(),
    )
)
def test_any_body_is_taken_or_refused_in_few_bytes(body: dict[str, Any]) -> None:
    try:
        StitchRequest.of(body)
    except StitchError as error:
        said = error.problem()
    else:
        return
    assert carried(said) < PAYLOAD_BYTES // 2


@pytest.mark.parametrize("letter", LETTERS)
@pytest.mark.parametrize("length", [10, 90, 190])
def test_the_most_missing_words_fit(letter: str, length: int) -> None:
    size = len(json.dumps(letter)) - 2
    refused = refusal({"message_parts": [f"{number}{letter * (length // size)}" for number in range(500)]})
    assert isinstance(refused, MissingWords)
    assert carried(refused.problem()) < PAYLOAD_BYTES
    assert len(refused.missing) == 500, "programs get all of them"
    assert f"and {500 - LISTED} more" in str(refused)


@pytest.mark.parametrize("letter", LETTERS)
def test_the_most_unusable_clips_fit_every_state(letter: str) -> None:
    """Fifty clips at a time are made ready: the map's output, and the refusal that is made of it."""
    clips = [{"key": f"{number}{letter * 250}", "etag": "0" * 32, "size": 9, "phrase": letter} for number in range(500)]
    items = evaluated(STATES["FetchClips"]["Items"], {"input": {"clips": clips}})
    assert len(items) == 50
    made = [{"outcome": "unusable", "problem": UnusableClip((clip["key"], "r" * 1_000)).problem()} for clip in items]
    assert len(json.dumps(made).encode()) < PAYLOAD_BYTES
    output = evaluated(STATES["ClipsReady"]["Choices"][0]["Output"], {"input": made})
    assert len(output["unusable"]) == 50
    assert carried(output) < PAYLOAD_BYTES


@pytest.mark.parametrize("count", [1, 2, 49, 50, 51])
def test_clips_that_are_not_prepared_are_a_list_however_few(count: int) -> None:
    clips = [{"key": str(number)} for number in range(count)]
    assert evaluated(STATES["FetchClips"]["Items"], {"input": {"clips": clips}}) == clips[:50]


@pytest.mark.parametrize("letter", ['"', "\\", "न", "🌧"])
@pytest.mark.parametrize("count", [1, 20, 60, 120, 500])
def test_a_plan_fits_however_its_clips_are_called(letter: str, count: int) -> None:
    name = letter * (1_000 // len(letter.encode()))
    found = {f"{number}": Clip(f"{number}{name}.wav", "0" * 32, 9, f"{number} {name}") for number in range(count)}
    catalogue = Catalogue("", found, {clip.name: clip for clip in found.values()}, 1)
    try:
        made = plan_parts(list(catalogue.by_name), catalogue)
    except StitchError as error:
        out = error.problem()
    else:
        miss = {"outcome": "miss", "plan": made.to_json(), "output_key": "x" * 100}
        assert len(json.dumps(miss).encode()) < PAYLOAD_BYTES
        out = {"audio_files": [clip.key for clip in made.clips], "public_url": "u" * 2_000}
    assert carried(out) < PAYLOAD_BYTES
