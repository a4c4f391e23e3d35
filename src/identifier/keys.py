"""Keys in buckets: a picture's prompt, its result and its claim."""

import hashlib
import json
import re

INBOX, RESULTS, CLAIMS, PROMPTS = "inbox/", "results/", "claims/", "prompts/"
KEY_BYTES = 1_000
"""S3's limit is 1,024; the rest is for the endings of files beside a result."""
MAX_ID = 64
"""Characters of a prompt's id."""

_UNSAFE = re.compile(r"[%/\\\x00-\x1f\x7f]")


def split_key(image_key: str) -> tuple[str, str]:
    """`inbox/<prompt id>/<name>` → prompt id and name; `inbox/cow.jpg` has no prompt: ("", "cow.jpg").

    The name is everything behind the prompt's folder, folders included. Raises `ValueError` for a key outside `inbox/`.
    """
    prompt_id, slash, name = _in_inbox(image_key).partition("/")
    return (prompt_id, name) if slash else ("", prompt_id)


def result_key(image_key: str, version_id: str) -> str:
    """The key of a picture version's result: `results/<prompt id>/<name>/<version id>.json`.

    Another picture or version never has the same key, and the key is valid whatever the picture's is: characters that
    S3 or its tools do not take well (controls, backslashes, empty, `.` and `..` folders) are percent-encoded, and so is
    the percent sign; a key that would be too long has the name's SHA-256 instead. Letters of any script stay.
    """
    parts = [_folder(part) for part in [*_in_inbox(image_key).split("/"), version_id]]
    path = f"{RESULTS}{'/'.join(parts)}.json"
    if len(path.encode()) <= KEY_BYTES:
        return path
    folder = parts[0] if len(parts[0]) <= MAX_ID else "%-"
    return f"{RESULTS}{folder}/%-{_digest(image_key, version_id)}.json"


def claim_key(image_key: str, version_id: str) -> str:
    """The key of the claim on a picture's version."""
    return f"{CLAIMS}{_digest(image_key, version_id)}.json"


def document_key(prompt_id: str, version: int) -> str:
    """The key of a prompt's version."""
    return f"{PROMPTS}{prompt_id}/{version}.json"


def _in_inbox(image_key: str) -> str:
    if not image_key.startswith(INBOX):
        raise ValueError(f"the picture is not in {INBOX}")
    return image_key.removeprefix(INBOX)


def _folder(name: str) -> str:
    """One part of a path. An empty part and dots have another meaning in a file system, so they are encoded."""
    if name in (".", ".."):
        return name.replace(".", "%2E")
    # Two hexadecimal digits follow every other percent sign, so that nobody else's name has this one.
    return _UNSAFE.sub(lambda found: f"%{ord(found[0]):02X}", name) or "%-"


def _digest(image_key: str, version_id: str) -> str:
    return hashlib.sha256(json.dumps([image_key, version_id]).encode()).hexdigest()
