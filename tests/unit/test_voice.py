"""A voice's settings file."""

import pytest

from stitcher.errors import UnusableClip
from stitcher.planning.settings import VoiceSettings, voice_of

KEY = "hindi/voice.toml"


def test_every_setting_has_a_default() -> None:
    assert voice_of(KEY, b"") == VoiceSettings()


def test_settings_are_read() -> None:
    text = (
        'language = "hi"\ngap_ms = -20\naliases = ["hello = hi = नमस्ते"]\n[pauses]\ncomma = 0\n[numbers]\nminus = "ऋण"\n'
    )
    settings = voice_of(KEY, text.encode())
    assert (settings.language, settings.gap_ms, settings.pauses.comma) == ("hi", -20, 0)
    assert settings.groups == [["hello", "hi", "नमस्ते"]]
    assert settings.numbers == {"minus": "ऋण"}


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"language = hi", "not TOML"),
        (b"\xff\xfe", "not UTF-8"),
        (b'lnguage = "hi"', "lnguage"),
        (b'language = "Hindi language"', "language"),
        (b"gap_ms = 99999", "gap_ms"),
        (b"[pauses]\ncomma = -1", "pauses.comma"),
        (b"[pauses]\nsemicolon = 5", "pauses.semicolon"),
        (b'language = "hi"\n[numbers]\nminus = { a = 1 }', "minus"),
    ],
)
def test_settings_that_cannot_be_read_are_refused_by_name(data: bytes, reason: str) -> None:
    with pytest.raises(UnusableClip, match=reason) as refused:
        voice_of(KEY, data)
    assert refused.value.unusable[0][0] == KEY
