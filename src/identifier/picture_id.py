"""The id of a picture: `animal-01jdm4…`, its prompt and 26 characters that begin with the time.

The characters are those of a ULID (github.com/ulid/spec) in lower case, so ids of one prompt sort by time. The API
makes the id of a picture before the picture is there. The id is the picture's key; the file's name is in the picture's
record only, because keys stay in the history of executions for 90 days (docs/privacy.md). A picture that comes straight
to the bucket has no id in its key: time and digest of its version make one, always the same.
"""

import contextlib
import hashlib
import json
import os
import re
from datetime import UTC, datetime
from pathlib import PurePosixPath

from identifier.keys import INBOX, MAX_ID, PICTURES

NO_PROMPT = "_"
"""What stands in an id for the prompt of a picture that has none."""
_DIGITS = "0123456789abcdefghjkmnpqrstvwxyz"
_STAMP = r"[0-6][0-9a-hjkmnp-tv-z]{25}"
"""Its time ends in the year 9774; a ULID's would end in 10889, which `datetime` has not."""
ID = re.compile(rf"(?P<prompt>_|[a-z0-9]+(?:-[a-z0-9]+)*)-(?P<stamp>{_STAMP})\Z")
_OWN_KEY = re.compile(rf"{INBOX}(?P<prompt>[^/]+)/(?P<stamp>{_STAMP})(?:\.[a-z]{{3,4}}|/[^/]+)?\Z")
"""Older keys have the file's name behind the stamp."""
ENDINGS = frozenset(
    {".avif", ".bmp", ".gif", ".heic", ".heif", ".jpeg", ".jpg", ".pdf", ".png", ".tif", ".tiff", ".webp"}
)
"""Endings of names that a key keeps. Any other may say something about a person, and is left out."""


def new_id(prompt_id: str, now: datetime) -> str:
    """A new id, for a picture that is still to come."""
    return f"{prompt_id}-{_stamp(now, os.urandom(10))}"


def upload_key(picture_id: str, name: str) -> str:
    """The key under which a picture with this id is uploaded: of the file's name it has a known ending at most.

    Raises `ValueError` for what is no id.

    Examples
    --------
    >>> upload_key("form-01jdm4aaaaaaaaaaaaaaaaaaaa", "Ramesh Patil.JPG")
    'inbox/form/01jdm4aaaaaaaaaaaaaaaaaaaa.jpg'
    """
    prompt_id, stamp = parts(picture_id)
    ending = PurePosixPath(name).suffix.lower()
    return f"{INBOX}{prompt_id}/{stamp}{ending if ending in ENDINGS else ''}"


def id_of(image_key: str, version_id: str, prompt_id: str, put_at: datetime) -> str:
    """The id of a picture's version: the one in its key, or one made of time, key and version."""
    if own := _OWN_KEY.match(image_key):
        picture_id = f"{own['prompt']}-{own['stamp']}"
        with contextlib.suppress(ValueError):  # anybody may put a key that only looks as if it had one
            parts(picture_id)
            return picture_id
    digest = hashlib.sha256(json.dumps([image_key, version_id]).encode()).digest()
    return f"{prompt_id or NO_PROMPT}-{_stamp(put_at, digest[:10])}"


def parts(picture_id: str) -> tuple[str, str]:
    """Prompt and stamp of an id. Raises `ValueError` for what is no id."""
    found = ID.match(picture_id)
    if not found or len(found["prompt"]) > MAX_ID:
        raise ValueError("it is no picture's id")
    return found["prompt"], found["stamp"]


def record_key(picture_id: str) -> str:
    """The key of the picture's record in the results bucket. Raises `ValueError` for what is no id."""
    prompt_id, stamp = parts(picture_id)
    return f"{PICTURES}{prompt_id}/{stamp}.json"


def id_of_record(key: str) -> str:
    """The id of the picture whose record has this key."""
    prompt_id, _, name = key.removeprefix(PICTURES).partition("/")
    return f"{prompt_id}-{name.removesuffix('.json')}"


def time_of(picture_id: str) -> datetime:
    """When the id was made, or the picture put; to the millisecond. Raises `ValueError` for what is no id."""
    value = 0
    for digit in parts(picture_id)[1][:10]:
        value = value * 32 + _DIGITS.index(digit)
    return datetime.fromtimestamp(value / 1000, UTC)


def _stamp(at: datetime, rest: bytes) -> str:
    value = int(at.timestamp() * 1000) << 80 | int.from_bytes(rest, "big")
    return "".join(_DIGITS[value >> 5 * place & 31] for place in reversed(range(26)))
