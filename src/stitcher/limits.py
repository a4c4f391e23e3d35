"""The limits of messages, clips and audio, once. Each is checked, and the refusal names it."""

import json
from typing import Any

MESSAGE_CHARACTERS = 2_000
SEGMENTS = 500
"""Clips and pauses of one message."""
GAP_MS = 5_000
CROSSFADE_MS = 500
"""A negative gap of at most this overlaps two clips with a crossfade."""
CLIP_SECONDS = 60
CLIP_BYTES = 20 * 1024 * 1024
CLIP_CHANNELS = 8
"""What recorders and films have at most (7.1)."""
PLAN_BYTES = 200 * 1024
"""A plan travels through Step Functions, whose payload ends at 256 KiB; the rest is left for the envelope."""

VOICE_CHARACTERS, FORMAT_CHARACTERS, MISSING_CHARACTERS = 256, 32, 300
"""Of a request, as it is sent; a voice's name has 64 at most when its characters are composed."""
PART_CHARACTERS = 1_024
"""A key of S3 has 1,024 bytes at most."""
VOICE_FILES = 50_000
"""Of one voice: its catalogue was measured with as many clips (docs/benchmark.md)."""
SETTINGS_BYTES = 64 * 1024
"""A voice's settings file."""
SAID_CHARACTERS = 40_000
"""What the numbers of one message come to in words; 500 segments take less."""
MESSAGE_SECONDS = 600
"""The sound of one message."""

TABLE_BYTES, TABLE_ROWS = 1024**3, 10_000_000
"""A campaign's table. 1,000,000 rows are tried (docs/campaigns.md)."""
TABLE_COLUMNS, TABLE_LINE = 16_384, 1_000_000
"""As many columns as spreadsheets have, and the characters of a line in the file."""
CAMPAIGN_NAME = 64
"""Characters of a campaign's name."""

DEFAULT_GAP_MS = 120


def travelling(value: Any) -> int:
    """Bytes that a value has in Step Functions at most: as JSON text inside of a JSON text, in plain ASCII."""
    return len(json.dumps(json.dumps(value)))


def clip_too_large(size: int) -> str:
    """The reason for refusing a clip of this size in bytes."""
    return f"it has {size} bytes; the limit is {CLIP_BYTES // 1024**2} MB"


def too_many_characters(characters: int) -> str:
    """The reason for refusing a message of this many characters."""
    return f"the message has {characters} characters; the limit is {MESSAGE_CHARACTERS}"


def too_long_to_hear() -> str:
    """The reason for refusing a message whose clips and pauses take too long."""
    return f"the message takes over {MESSAGE_SECONDS} s to hear, which is the limit: say it in several messages"
