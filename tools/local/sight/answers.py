"""An answer that leaves everything open, in the form of any prompt's schema."""

from typing import Any

OPEN = ("cannot_tell", "unknown", "unsure", "unclear", "other")
"""Values of an enumeration that claim nothing, the best first."""


def nothing_known(schema: dict[str, Any], note: str, field: str = "") -> Any:
    """The least that a value of the schema can say: required fields, open values, the note in texts that hold it."""
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return _open(schema["enum"], field)
    kinds = [schema["type"]] if isinstance(schema["type"], str) else schema["type"]
    kind = "null" if "null" in kinds else kinds[0]
    if kind == "object":
        required = schema.get("required", ())
        parts = schema.get("properties", {}).items()
        return {name: nothing_known(part, note, name) for name, part in parts if name in required}
    if kind == "array":
        return _list(schema, note)
    if kind in ("integer", "number"):
        low, high = schema.get("minimum", 0), schema.get("maximum", schema.get("minimum", 0))
        return min(max(0, low), high) if kind == "number" else min(max(0, -int(-low // 1)), int(high // 1))
    if kind == "string":
        fits = len(note) <= schema.get("maxLength", len(note))
        return (note if fits else "").ljust(schema.get("minLength", 0), ".")
    return False if kind == "boolean" else None


def _open(values: list[Any], field: str) -> Any:
    wanted = ("low", *OPEN) if field == "confidence" else OPEN
    return next((value for value in wanted if value in values), values[-1])


def _list(schema: dict[str, Any], note: str) -> list[Any]:
    """As short as may be; the items of a list of unlike things are different."""
    least, item = schema.get("minItems", 0), schema["items"]
    if "enum" in item and schema.get("uniqueItems"):
        return list(item["enum"][:least])
    if schema.get("uniqueItems") and item.get("type") == "string":
        return [nothing_known(item, f"{number} {note}") for number in range(least)]
    if schema.get("uniqueItems") and item.get("type") in ("integer", "number"):
        low = item.get("minimum", 0)
        return [-int(-low // 1) + number for number in range(least)]
    return [nothing_known(item, note)] * least
