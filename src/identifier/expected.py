"""The expected answer of a picture, from its metadata `x-amz-meta-expected`, and the comparison with the answer.

The metadata is a JSON object of fields and values, percent-encoded UTF-8 (S3 takes ASCII only), or one plain value,
which is compared with the answer's first enumerated field: `cattle`.
"""

import json
from collections.abc import Mapping
from typing import Any, Literal
from urllib.parse import quote, unquote

NAME = "expected"
METADATA = f"x-amz-meta-{NAME}"
MOST_BYTES = 1_000
"""S3 takes 2 KB of metadata in all."""
UNSURE = ("cannot_tell", "unsure", "unknown")
"""Values that say that the model could not tell."""

Match = Literal["match", "mismatch", "unsure"]


def written(expected: Mapping[str, Any]) -> str:
    """The metadata's value for these fields. Raises `ValueError` if it would be too long."""
    text = quote(json.dumps(expected, ensure_ascii=False, separators=(",", ":")), safe='{}":,_- ')
    if not expected or len(text) > MOST_BYTES:
        raise ValueError(f"expected has at least one field and at most {MOST_BYTES} bytes")
    return text


def read(value: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    """The expected fields in a metadata value. Raises `ValueError` for what fits no field of the prompt's schema."""
    properties = schema["properties"]
    text = unquote(value.strip())
    try:
        found = json.loads(text)
    except ValueError:
        found = text
    if not isinstance(found, dict):
        first = next((name for name, part in properties.items() if "enum" in part), None)
        if first is None:
            raise ValueError('the prompt has no enumerated field: name the field, {"field": "value"}')
        found = {first: found}
    strange = sorted(map(str, found.keys() - properties.keys()))
    if strange or not found:
        raise ValueError(f"the answer has no field {', '.join(strange)}" if strange else "it names no field")
    for name, value in found.items():
        check_value(name, value, properties[name])
    return found


def check_value(name: str, value: Any, part: Mapping[str, Any]) -> None:
    """Raises `ValueError` for a value that an enumerated field never has."""
    values = part.get("enum")
    if values and _plain(value) not in map(_plain, values):
        raise ValueError(f"{name} is never '{str(value)[:60]}'; it is one of {', '.join(map(str, values))}")


def compared(expected: Mapping[str, Any], answer: Mapping[str, Any]) -> Match:
    """`unsure` if the answer leaves an expected field open or its confidence is low; else `match` or `mismatch`.

    Texts are compared without regard to case and outer spaces.
    """
    given = {name: answer.get(name) for name in expected}
    right = all(_plain(given[name]) == _plain(value) for name, value in expected.items())
    if right:
        return "match"
    open_fields = any(value is None or _plain(value) in UNSURE for value in given.values())
    return "unsure" if open_fields or answer.get("confidence") == "low" else "mismatch"


def _plain(value: Any) -> Any:
    return value.strip().casefold() if isinstance(value, str) else value
