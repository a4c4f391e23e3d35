"""The HTTP API as callers see it: the same tests against the embedded stack and against a deployed one.

Against a deployed one (`make functional API_URL=… VOICE=…`) the voice, by default the default one, must have the clips
`hello` and `shreeshail`, as the samples do, and not many more. Nothing but messages is made: no clip is written.
"""

import re
import time
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from tools.client import Caller, Response, fetch

from stitcher import limits
from stitcher.clips.decode import decode
from stitcher.formats.platforms import PLATFORMS
from stitcher.formats.profiles import LINEAR, PROFILES, RATE, Profile

MESSAGE = "hello, shreeshail"
NONSENSE = "xqzwv"
FRAME_MS = 24  # one MP3 frame at 48 kHz


def made(response: Response) -> dict[str, Any]:
    """The answer of a call that should have worked."""
    assert response.status == 200, response.body
    assert response.headers["x-request-id"]
    assert response.headers["content-type"].startswith("application/json")
    answer: dict[str, Any] = response.json()
    return answer


def refused(response: Response, status: int) -> dict[str, Any]:
    """The problem of a call that should have been refused, of the form that every refusal has."""
    assert response.status == status, response.body
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["x-request-id"]
    text = response.body.decode()
    assert not re.search(r"arn:|Traceback|\.py\b|s3:|RequestId", text), "details that are none of the caller's business"
    problem: dict[str, Any] = response.json()
    assert problem["success"] is False
    assert problem["title"]
    return problem


def test_a_message_is_said(caller: Caller) -> None:
    answer = made(caller.post("/stitch", {"message": MESSAGE}))
    assert answer["success"] is True
    assert [PurePosixPath(name).stem for name in answer["audio_files"]] == ["hello", "shreeshail"]
    assert re.fullmatch(r"cache/[0-9a-f]{64}\.mp3", answer["output_file"])
    audio = fetch(answer["public_url"])
    assert audio.status == 200
    assert audio.headers["content-type"] == "audio/mpeg"
    assert abs(1000 * len(decode(audio.body)) / RATE - answer["duration_ms"]) <= FRAME_MS


def test_the_same_message_comes_from_the_cache(caller: Caller) -> None:
    first = made(caller.post("/stitch", {"message": MESSAGE}))
    again = made(caller.post("/stitch", {"message": "  HELLO,  Shreeshail!"}))
    assert again["cached"] is True
    assert again["message"] == "Stitched audio retrieved from cache!"
    assert (again["output_file"], again["duration_ms"]) == (first["output_file"], first["duration_ms"])


def test_the_answer_says_when_its_url_ends(caller: Caller) -> None:
    before = time.time()
    answer = made(caller.post("/stitch", {"message": MESSAGE}))
    seconds = int(parse_qs(urlsplit(answer["public_url"]).query)["X-Amz-Expires"][0])
    ends = time.mktime(time.strptime(answer["expires_at"], "%Y-%m-%dT%H:%M:%SZ")) - time.timezone
    assert before + seconds - 2 <= ends <= time.time() + seconds + 2
    assert seconds <= 3600, "a role's session may end sooner"


def test_a_presigned_url_cannot_be_turned_to_another_file(caller: Caller) -> None:
    answer = made(caller.post("/stitch", {"message": MESSAGE}))
    digest = answer["output_file"].removeprefix("cache/").removesuffix(".mp3")
    assert fetch(answer["public_url"].replace(digest, "0" * 64)).status == 403
    assert fetch(answer["public_url"].partition("?")[0]).status == 403


def test_who_accepts_audio_is_sent_to_it(caller: Caller) -> None:
    response = caller.post("/stitch", {"message": MESSAGE}, {"Accept": "audio/mpeg"})
    assert response.status == 303
    audio = fetch(response.headers["location"])
    assert audio.status == 200
    assert len(decode(audio.body)) > RATE // 2


def test_any_accept_header_is_taken(caller: Caller) -> None:
    made(caller.post("/stitch", {"message": MESSAGE}, {"Accept": 'it\'s "any" \\ thing/*, \\" /'}))


def test_the_order_of_words_is_the_order_of_clips(caller: Caller) -> None:
    forth = made(caller.post("/stitch", {"message": "hello shreeshail"}))
    back = made(caller.post("/stitch", {"message": "shreeshail hello"}))
    assert forth["audio_files"] == back["audio_files"][::-1]
    assert forth["output_file"] != back["output_file"]


def test_a_repeated_word_is_said_each_time(caller: Caller) -> None:
    answer = made(caller.post("/stitch", {"message": "hello hello shreeshail"}))
    assert len(answer["audio_files"]) == 3


def test_a_list_of_clips_is_said_as_it_stands(caller: Caller) -> None:
    named = made(caller.post("/stitch", {"message": "shreeshail hello"}))["audio_files"]
    answer = made(caller.post("/stitch", {"message_parts": named}))
    assert answer["audio_files"] == named
    assert answer["cached"] is True


@pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES)
def test_every_format_is_made_on_request(caller: Caller, profile: Profile) -> None:
    answer = made(caller.post("/stitch", {"message": MESSAGE, "format": profile.name}))
    assert answer["output_file"].endswith(profile.suffix)
    assert answer["path"] == ("spliced" if profile.spliced else "rendered")
    assert bool(answer["why"]) is not profile.spliced
    audio = fetch(answer["public_url"])
    assert audio.headers["content-type"] == profile.content_type
    if profile.raw:
        length_ms = 1000 * len(audio.body) / (profile.rate * LINEAR[profile.codec][0])
    else:
        length_ms = 1000 * len(decode(audio.body)) / RATE
    assert abs(length_ms - answer["duration_ms"]) <= (1 if profile.spliced else 2 * FRAME_MS)


@pytest.mark.parametrize("platform", ["asterisk", "connect", "whatsapp"])
def test_a_platform_is_a_format(caller: Caller, platform: str) -> None:
    """The same file as for its profile, from the cache."""
    named = made(caller.post("/stitch", {"message": MESSAGE, "format": PLATFORMS[platform].format}))
    answer = made(caller.post("/stitch", {"message": MESSAGE, "format": platform}))
    assert (answer["output_file"], answer["cached"], answer["warnings"]) == (named["output_file"], True, [])


def test_clips_may_overlap(caller: Caller) -> None:
    apart = made(caller.post("/stitch", {"message": "hello shreeshail", "gap_ms": 0}))
    crossfaded = made(caller.post("/stitch", {"message": "hello shreeshail", "gap_ms": -80}))
    assert crossfaded["path"] == "rendered"
    assert abs(apart["duration_ms"] - crossfaded["duration_ms"] - 80) <= 1


def test_a_longer_gap_makes_a_longer_message(caller: Caller) -> None:
    short = made(caller.post("/stitch", {"message": "hello shreeshail", "gap_ms": 100}))
    long = made(caller.post("/stitch", {"message": "hello shreeshail", "gap_ms": 1100}))
    assert abs(long["duration_ms"] - short["duration_ms"] - 1000) <= FRAME_MS


def test_punctuation_is_heard_as_a_pause(caller: Caller) -> None:
    plain = made(caller.post("/stitch", {"message": "hello shreeshail"}))
    stopped = made(caller.post("/stitch", {"message": "hello. shreeshail"}))
    assert stopped["duration_ms"] > plain["duration_ms"] + 200


def test_a_pause_may_be_set_by_a_mark(caller: Caller) -> None:
    plain = made(caller.post("/stitch", {"message": "hello shreeshail", "gap_ms": 500}))
    marked = made(caller.post("/stitch", {"message": "hello [pause 1500ms] shreeshail"}))
    assert abs(marked["duration_ms"] - plain["duration_ms"] - 1000) <= FRAME_MS


def test_a_mark_that_cannot_be_followed_is_refused(caller: Caller) -> None:
    assert "[pause long]" in refused(caller.post("/stitch", {"message": "hello [pause long]"}), 400)["detail"]


@pytest.mark.parametrize("policy", ["skip", "silence"])
def test_missing_words_may_be_left_out_and_are_reported(caller: Caller, policy: str) -> None:
    answer = made(caller.post("/stitch", {"message": f"hello {NONSENSE} shreeshail", "missing": policy}))
    assert answer["missing"] == [NONSENSE]
    assert len(answer["audio_files"]) == 2
    again = made(caller.post("/stitch", {"message": f"hello {NONSENSE} shreeshail", "missing": policy}))
    assert (again["cached"], again["missing"]) == (True, [NONSENSE])


def test_a_slip_gets_suggestions(caller: Caller) -> None:
    problem = refused(caller.post("/stitch", {"message": "hello shreshail"}), 422)
    assert problem["suggestions"] == {"shreshail": ["shreeshail"]}


def test_every_word_without_a_clip_is_named(caller: Caller) -> None:
    problem = refused(caller.post("/stitch", {"message": f"hello {NONSENSE} shreeshail {NONSENSE}y {NONSENSE}"}), 422)
    assert problem["missing"] == [NONSENSE, f"{NONSENSE}y"]
    assert problem["status"] == 422


@pytest.mark.parametrize(
    ("message", "missing"),
    [
        (f"don't {NONSENSE}", ["don't", NONSENSE]),
        (f'say "{NONSENSE}" \\ {NONSENSE}2', ["say", NONSENSE, f"{NONSENSE}2"]),
        (f"{NONSENSE}\n{NONSENSE}2\t{NONSENSE}3\r\n", [NONSENSE, f"{NONSENSE}2", f"{NONSENSE}3"]),
        ("क्षत्रिय ज़्यादा किसानों", ["क्षत्रिय", "ज़्यादा", "किसानों"]),
        ("ከሰላምታ እንዴት", ["ከሰላምታ", "እንዴት"]),
        ("مرحبا‌به", ["مرحبا‌به"]),
        (f"{NONSENSE}😀👩🏽‍🌾 {NONSENSE}2", [NONSENSE, f"{NONSENSE}2"]),
        (f"#set($x = y) ${{{NONSENSE}}} $util.x </script>", ["#", "set", "$", "x", "=", "y", NONSENSE, "util"]),
        ("{% $states.input %}", ["%", "$", "states", "input"]),
    ],
    ids=["apostrophe", "quotes", "newlines", "devanagari", "ethiopic", "joiner", "emoji", "templates", "jsonata"],
)
def test_text_arrives_as_it_was_sent(caller: Caller, message: str, missing: list[str]) -> None:
    found = refused(caller.post("/stitch", {"message": message}), 422)["missing"]
    assert [word for word in missing if word not in found] == []


def test_a_typographic_apostrophe_is_the_plain_one(caller: Caller) -> None:
    assert refused(caller.post("/stitch", {"message": "don’t"}), 422)["missing"] == ["don't"]


def test_2000_characters_are_taken(caller: Caller) -> None:
    assert made(caller.post("/stitch", {"message": MESSAGE.ljust(limits.MESSAGE_CHARACTERS)}))["duration_ms"] > 0


def test_2001_characters_are_too_long(caller: Caller) -> None:
    problem = refused(caller.post("/stitch", {"message": MESSAGE.ljust(limits.MESSAGE_CHARACTERS + 1)}), 413)
    assert "2000" in problem["detail"]


def test_the_limit_counts_characters_not_bytes(caller: Caller) -> None:
    refused(caller.post("/stitch", {"message": ("क" * 1999) + " "}), 422)
    refused(caller.post("/stitch", {"message": "क" * 2001}), 413)


def test_more_than_500_segments_are_too_long(caller: Caller) -> None:
    problem = refused(caller.post("/stitch", {"message": "hello " * 251}), 413)
    assert "501" in problem["detail"]


def test_a_body_over_the_workflows_limit_is_too_long(caller: Caller) -> None:
    refused(caller.post("/stitch", {"message": "a" * 300_000}), 413)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b'"hello"',
        b"[]",
        b"null",
        {},
        {"message": None},
        {"message": ""},
        {"message": "  ,.!  "},
        {"message": 5},
        {"message": ["hello"]},
        {"message_parts": "hello"},
        {"message_parts": []},
        {"message_parts": [1]},
        {"message": "hello", "message_parts": ["hello"]},
        {"message": "hello", "bucket": "mine"},
        {"message": "hello", "format": "exe"},
        {"message": "hello", "gap_ms": "fast"},
        {"message": "hello", "gap_ms": -501},
        {"message": "hello", "gap_ms": 5001},
        {"message": "hello", "gap_ms": 1.5},
        {"message": "hello", "voice": "../hindi"},
        {"message": "hello", "voice": "a/b"},
        {"message": "hello", "missing": "perhaps"},
        {"message": "hello", "missing": "fallback:../x"},
    ],
    ids=repr,
)
def test_a_malformed_request_is_refused_with_a_reason(caller: Caller, body: Any) -> None:
    assert len(refused(caller.post("/stitch", body), 400)["detail"]) > 10


def test_another_media_type_is_not_supported(caller: Caller) -> None:
    refused(caller.post("/stitch", b"message=hello", {"Content-Type": "application/x-www-form-urlencoded"}), 415)


def test_nobody_is_let_in_unsigned(nobody: Caller) -> None:
    refused(nobody.post("/stitch", {"message": MESSAGE}), 403)


def test_nobody_is_let_in_with_a_wrong_signature(impostor: Caller) -> None:
    refused(impostor.post("/stitch", {"message": MESSAGE}), 403)


def test_a_body_changed_after_signing_is_refused(caller: Caller) -> None:
    refused(caller.post("/stitch", {"message": MESSAGE}, sent=b'{"message": "hello"}'), 403)


def test_a_path_that_is_not_there_is_refused(caller: Caller) -> None:
    refused(caller.post("/other", {"message": MESSAGE}), 403)
