"""The JSON Schemas that a prompt may have: closed, bounded and small.

So an answer has only the schema's fields, and every text has a limit, even if a picture gives orders to the model.
Every model's tools understand the allowed keywords, and they are quick to check: no references, no patterns.
"""

import json
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError

from identifier.errors import InvalidPrompt
from identifier.limits import SCHEMA_BYTES

TEXT, ITEMS, DEPTH = 2_000, 100, 5
"""The most that a schema may allow: characters of a text, items of a list, levels of objects and lists."""

_KEYWORDS = {
    "type", "title", "description", "enum", "const", "properties", "required", "additionalProperties",
    "items", "minItems", "maxItems", "uniqueItems", "minLength", "maxLength", "minimum", "maximum",
}  # fmt: skip


def check_schema(schema: dict[str, Any]) -> None:
    """Raises `InvalidPrompt` for the first broken rule, with its path in the schema."""
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        raise InvalidPrompt(f"answer_schema{error.json_path.removeprefix('$')}: {error.message}") from None
    if schema.get("type") != "object":
        raise InvalidPrompt("answer_schema: its type must be 'object'")
    if (size := len(json.dumps(schema).encode())) > SCHEMA_BYTES:
        raise InvalidPrompt(f"answer_schema has {size} bytes; the limit is {SCHEMA_BYTES}")
    _check(schema, "answer_schema", DEPTH)


def _check(schema: Any, where: str, depth: int) -> None:
    def demand(holds: bool, what: str) -> None:
        if not holds:
            raise InvalidPrompt(f"{where}: {what}")

    demand(isinstance(schema, dict), "it must be an object")
    demand(depth > 0, f"it is more than {DEPTH} levels deep")
    unknown = sorted(set(schema) - _KEYWORDS)
    demand(not unknown, f"{', '.join(unknown)} cannot be used here; what can: {', '.join(sorted(_KEYWORDS))}")
    if "enum" in schema or "const" in schema:
        return
    demand("type" in schema, "it needs a type, an enum or a const")
    types = {schema["type"]} if isinstance(schema["type"], str) else set(schema["type"])
    if "object" in types:
        properties = schema.get("properties", {})
        demand(schema.get("additionalProperties") is False, "an object needs additionalProperties: false")
        demand(bool(properties), "an object needs properties")
        strange = sorted(set(schema.get("required", [])) - set(properties))
        demand(not strange, f"it requires what is not among its properties: {', '.join(strange)}")
        for name, part in properties.items():
            _check(part, f"{where}.{name}", depth - 1)
    if "array" in types:
        demand(0 < schema.get("maxItems", 0) <= ITEMS, f"a list needs maxItems, at most {ITEMS}")
        _check(schema.get("items"), f"{where}[]", depth - 1)
    if "string" in types:
        demand(0 < schema.get("maxLength", 0) <= TEXT, f"a text needs maxLength, at most {TEXT}, or an enum")
    if types & {"number", "integer"}:
        demand("minimum" in schema and "maximum" in schema, "a number needs minimum and maximum")
