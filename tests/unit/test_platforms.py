"""Platforms: names for `format`, and limits that are kept before a platform refuses the file."""

import re
import tomllib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stitcher.clip import Clip
from stitcher.clips.prepared import PreparedClip
from stitcher.errors import InvalidRequest, MessageTooLong
from stitcher.formats.platforms import FORMATS, PLATFORMS, Platform, check, chosen, warnings
from stitcher.formats.profiles import PROFILES, RATE, ending_of
from stitcher.joining.stitch import stitch
from stitcher.planning.plan import Pause, Plan
from tests.audio import REPORT
from tests.paths import ROOT

every_platform = pytest.mark.parametrize("platform", PLATFORMS.values(), ids=PLATFORMS)


# The table


@every_platform
def test_the_table_says_what_the_profile_is(platform: Platform) -> None:
    assert platform.rate == PROFILES[platform.format].rate
    assert platform.name not in PROFILES
    assert re.fullmatch(r"[a-z]+", platform.name)
    assert platform.documentation


@every_platform
def test_a_platform_stands_for_its_profile(platform: Platform) -> None:
    assert chosen(platform.name) == (platform.format, platform.name)
    assert chosen(platform.format) == (platform.format, "")


@pytest.mark.parametrize("name", ["", "Asterisk", "asterisk ", "wav-44k", "format", "x" * 10_000])
def test_another_name_is_refused_with_all_that_there_are(name: str) -> None:
    with pytest.raises(InvalidRequest, match=r"is not one of mp3, .*, asterisk, ") as refused:
        chosen(name)
    assert len(str(refused.value)) < 500


@every_platform
def test_the_page_has_each_platform(platform: Platform) -> None:
    page = (ROOT / "docs" / "phones.md").read_text(encoding="utf-8")
    assert platform.documentation in page
    assert re.search(rf"^\| `{platform.name}` \| `{platform.format}` \|", page, re.MULTILINE)
    assert re.search(rf'(--format |"format": ?"){platform.name}\b', page), "the lines that play a message"


def test_the_table_can_be_read_by_itself() -> None:
    table = (ROOT / "src" / "stitcher" / "formats" / "platforms.toml").read_text(encoding="utf-8")
    assert list(tomllib.loads(table)) == list(PLATFORMS)


def test_every_ending_is_one_that_a_name_can_have() -> None:
    for profile in PROFILES.values():
        assert [ending_of(f"hello{ending}") for ending in profile.endings] == list(profile.endings)


# Limits

LIMITED = Platform("p", "wav-8k", 8000, "a page", under_seconds=300, under_bytes=1_000_000)


@pytest.mark.parametrize(("duration_ms", "size"), [(0, 0), (62_499, 0), (62_499, 999_999), (299_999, 999_999)])
def test_a_message_under_the_limits_is_played(duration_ms: int, size: int) -> None:
    LIMITED.check(duration_ms, size)


@pytest.mark.parametrize(
    ("duration_ms", "size", "limit"),
    [
        (300_000, 1, "p plays messages under 300 s: say it in several messages"),
        (400_000, 2_000_000, "p plays messages under 300 s: say it in several messages"),
        (10, 1_000_000, "p takes files under 1 MB: say it in several messages"),
        (62_500, 0, "p takes files under 1 MB: say it in several messages"),  # 8,000 samples a second, 2 bytes each
    ],
)
def test_a_message_over_a_limit_is_refused_with_the_limit(duration_ms: int, size: int, limit: str) -> None:
    with pytest.raises(MessageTooLong, match=f"^{limit}$"):
        LIMITED.check(duration_ms, size)


@given(st.integers(0, 10**9), st.integers(0, 10**12))
def test_without_a_limit_nothing_is_refused(duration_ms: int, size: int) -> None:
    check("mp3", "", duration_ms, size)
    check("wav-8k", "asterisk", duration_ms, size)


def test_a_format_whose_encoder_is_slow_has_a_limit_of_its_own() -> None:
    check("gsm", "", 119_999)
    with pytest.raises(MessageTooLong, match=r"^gsm is made of messages under 120 s: say it in several messages, or"):
        check("gsm", "", 120_000)


@pytest.mark.parametrize("platform", ["connect", "sinch"])
def test_a_message_that_is_too_long_is_not_joined(platform: str) -> None:
    """Payloads that cannot be joined show that nobody tries: 8 clips of 40 s."""
    seconds = 40
    clip = PreparedClip("wav-8k", b"", seconds * RATE, 0, 0, seconds * RATE, REPORT)
    said = [Clip(f"{number}.wav", "e", 1, "") for number in range(8)]
    plan = Plan(tuple(said), PLATFORMS[platform].format, platform=platform)
    with pytest.raises(MessageTooLong, match=rf"^{platform} (plays|takes)"):
        stitch(plan, lambda clips, form: [replace(clip, profile=form)] * len(clips))


def test_a_file_that_is_too_large_when_it_is_made_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a bit rate that varies nobody knows the size before."""
    monkeypatch.setitem(PLATFORMS, "whatsapp", replace(PLATFORMS["whatsapp"], under_bytes=100))
    clip = PreparedClip("opus", b"\x08\0" + b"\xf8" + bytes(7), 960, 0, 0, 960, REPORT)
    plan = Plan((Clip("a.wav", "e", 1, "a"),), "opus", platform="whatsapp")
    with pytest.raises(MessageTooLong, match=r"^whatsapp takes files under 0.0001 MB"):
        stitch(plan, lambda clips, _form: [clip] * len(clips))


@pytest.mark.parametrize(
    ("profile", "platform", "size", "warned"),
    [
        ("opus", "whatsapp", 512 * 1024, False),
        ("opus", "whatsapp", 512 * 1024 + 1, True),
        ("opus", "", 512 * 1024 + 1, True),
        ("mp3", "", 10**7, False),
        ("wav-8k", "asterisk", 10**7, False),
    ],
)
def test_a_voice_note_over_512_kb_is_made_with_a_warning(profile: str, platform: str, size: int, warned: bool) -> None:
    sentence = "the file has 512 KB: whatsapp shows a voice note with a play button up to 512 KB"
    assert warnings(profile, platform, size) == ([sentence] if warned else [])


# In a plan


def test_the_audio_does_not_depend_on_the_platform() -> None:
    """Messages for two platforms with one profile are one file in the cache."""
    plan = Plan((Clip("a.wav", "e", 1, "a"), Pause(120), Clip("b.wav", "f", 1, "b")), "wav-8k")
    assert replace(plan, platform="asterisk").cache_key == plan.cache_key


@pytest.mark.parametrize("platform", ["", "connect"])
def test_a_plan_carries_its_platform_from_step_to_step(platform: str) -> None:
    plan = Plan((Clip("a.wav", "e", 1, "a"),), "ulaw", platform=platform)
    assert Plan.from_json(plan.to_json()) == plan
    assert ("platform" in plan.to_json()) is bool(platform)


def test_a_platform_is_a_format_like_a_profile() -> None:
    assert (*PROFILES, *PLATFORMS) == FORMATS
    assert len(set(FORMATS)) == len(FORMATS)
