"""Keys in buckets: a picture's prompt, its result and its claim."""

import hashlib
import json
import re

INBOX, RESULTS, CLAIMS, PROMPTS = "inbox/", "results/", "claims/", "prompts/"
PICTURES, CORRECTIONS = "pictures/", "corrections/"
CANARY = "canary/"
"""The inbox of known pictures, whose results are nobody's (`identifier.canary`)."""
KEY_BYTES = 1_000
"""S3's limit is 1,024; the rest is for the endings of files beside a result."""
MAX_ID = 64
"""Characters of a prompt's id."""

_OUTSIDE = "%~"
"""The folder for pictures outside of the inbox: no key of the inbox becomes it."""
_UNSAFE = re.compile(r"[%/\\\x00-\x1f\x7f]")


def split_key(image_key: str) -> tuple[str, str, bool]:
    """The folder that may name the prompt, the rest of the key, and whether the picture is in the inbox.

    `inbox/<prompt id>/<name>` → ("<prompt id>", "<name>", True). Upper and lower case make no difference in the two
    folders. `canary/<prompt id>/<name>` is the same, for known pictures. A key without a folder names no prompt:
    ("", "cow.jpg", False), and so does `inbox/cow.jpg`. The name is everything behind the prompt's folder, folders
    included.
    """
    first, slash, rest = image_key.partition("/")
    in_inbox = bool(slash) and (f"{first.casefold()}/" == INBOX or image_key.startswith(CANARY))
    folder, slash, name = (rest if in_inbox else image_key).partition("/")
    return (folder.strip().casefold(), name, in_inbox) if slash else ("", folder, in_inbox)


def result_key(image_key: str, version_id: str) -> str:
    """The key of a picture version's result: `results/<prompt id>/<name>/<version id>.json`.

    The result of a picture outside of `inbox/` is in `results/%~/<key>/`. Another picture or version never has the same
    key, and the key is valid whatever the picture's is: characters that S3 or its tools do not take well (controls,
    backslashes, empty, `.` and `..` folders) are percent-encoded, and so is the percent sign; a key that would be too
    long has the name's SHA-256 instead. Letters of any script stay.
    """
    inside = image_key.startswith(INBOX)
    parts = [_folder(part) for part in [*image_key.removeprefix(INBOX).split("/"), version_id]]
    parts = parts if inside else [_OUTSIDE, *parts]
    path = f"{RESULTS}{'/'.join(parts)}.json"
    if len(path.encode()) <= KEY_BYTES:
        return path
    folder = parts[0] if len(parts[0]) <= MAX_ID else "%-"
    return f"{RESULTS}{folder}/%-{_digest(image_key, version_id)}.json"


def latest_key(image_key: str) -> str:
    """The key of the result for a picture's newest version. No version of S3 has the name `latest`."""
    return result_key(image_key, "latest")


def claim_key(image_key: str, version_id: str) -> str:
    """The key of the claim on a picture's version."""
    return f"{CLAIMS}{_digest(image_key, version_id)}.json"


def document_key(prompt_id: str, version: int) -> str:
    """The key of a prompt's version."""
    return f"{PROMPTS}{prompt_id}/{version}.json"


def _folder(name: str) -> str:
    """One part of a path. An empty part and dots have another meaning in a file system, so they are encoded."""
    if name in (".", ".."):
        return name.replace(".", "%2E")
    # Two hexadecimal digits follow every other percent sign, so that nobody else's name has this one.
    return _UNSAFE.sub(lambda found: f"%{ord(found[0]):02X}", name) or "%-"


def _digest(image_key: str, version_id: str) -> str:
    return hashlib.sha256(json.dumps([image_key, version_id]).encode()).hexdigest()
