"""What is wrong with the fields of a document, in plain sentences: of a body, a query, settings or a prompt.

pydantic finds the faults; its own words are for programmers.
"""

import types
from collections.abc import Iterator
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel, ValidationError
from typing_extensions import is_typeddict

from stitcher.errors import shown
from stitcher.near import did_you_mean, near

_NUMBER, _WHOLE, _YES = "it must be a number", "it must be a whole number", "it must be true or false"
_SENTENCES = {
    "string_type": "it must be text",
    "string_unicode": "half of a surrogate pair is no character of unicode",
    "string_pattern_mismatch": "it is not written in the form that it must have",
    "int_type": _WHOLE,
    "int_parsing": _WHOLE,
    "int_from_float": _WHOLE,
    "int_parsing_size": "the number is too large",
    "float_type": _NUMBER,
    "float_parsing": _NUMBER,
    "finite_number": _NUMBER,
    "bool_type": _YES,
    "bool_parsing": _YES,
    "list_type": "it must be a list",
    "tuple_type": "it must be a list",
    "literal_error": "it must be {expected}",
    "greater_than": "it must be over {gt}",
    "greater_than_equal": "it must be {ge} or more",
    "less_than": "it must be under {lt}",
    "less_than_equal": "it must be {le} or less",
    "string_too_long": "it has over {max_length} characters, which is the limit",
    "too_short": "it needs {min_length} entries or more",
    "too_long": "it has over {max_length} entries, which is the limit",
    "json_invalid": "it is not JSON: {error}",
    "value_error": "{error}",
    "assertion_error": "{error}",
}
SHORTENED = 3
"""The least characters of a beginning that stands for a name."""
_OBJECTS = ("dict_type", "model_type", "model_attributes_type")


def sentences(error: ValidationError, form: type[BaseModel], given: Any, kind: str = "field") -> list[str]:
    """Every fault that pydantic found, each once, without the values: they may be people's.

    Parameters
    ----------
    form, given
        What was validated, and against what.
    kind
        What a name of the document is: a field, a setting, or a parameter.
    """
    found: dict[str, list[str]] = {}
    for fault in error.errors(include_url=False, include_input=False):
        path = _path(fault["loc"], given)
        place = shown(".".join(map(str, path)))
        match fault["type"]:
            case "missing":
                found[f"{shown('.'.join(map(str, (*path, fault['loc'][-1]))))} is missing"] = []
            case "extra_forbidden":
                known = list(_names(form, path[:-1]))
                above = "".join(f"{part}." for part in path[:-1])
                hint = did_you_mean([above + name for name in _meant(str(path[-1]), known)])
                found[f"there is no {kind} '{place}'{hint}"] = []
            case type_ if type_ in _OBJECTS:
                what = "a table" if kind == "setting" else "a JSON object"
                found.setdefault(place or "the body", []).append(f"it must be {what}")
            case _:
                found.setdefault(place, []).append(_said(fault["type"], fault.get("ctx", {}), fault["msg"]))
    return [": ".join(filter(None, [place, ", or ".join(dict.fromkeys(said))])) for place, said in found.items()]


def _meant(name: str, known: list[str]) -> list[str]:
    """Names that are spelled much like one, or of which it is the beginning ("lang")."""
    begun = [other for other in known if len(name) >= SHORTENED and other.startswith(name.casefold())]
    return near(name, known) or begun[:3]


def _said(type_: str, told: dict[str, Any], otherwise: str) -> str:
    if type_ == "string_too_short":
        least = told["min_length"]
        return "it must not be empty" if least == 1 else f"it needs {least} characters or more"
    return _SENTENCES[type_].format(**told) if type_ in _SENTENCES else otherwise


def _path(place: tuple[int | str, ...], given: Any) -> list[int | str]:
    """The parts of pydantic's place that are in the document: it names the forms that a value may have, too."""
    path: list[int | str] = []
    for part in place:
        if isinstance(given, dict) and part in given:
            given = given[part]
        elif isinstance(given, list) and isinstance(part, int) and part < len(given):
            given = given[part]
        else:
            continue
        path.append(part)
    return path


def _names(form: Any, path: list[int | str]) -> Iterator[str]:
    """The names that a document of this form may have at a place."""
    for kind in _plain(form):
        inner = _fields(kind)
        if not path:
            yield from inner
        elif get_origin(kind) in (dict, list):
            yield from _names(get_args(kind)[-1], path[1:])
        elif path[0] in inner:
            yield from _names(inner[str(path[0])], path[1:])


def _plain(form: Any) -> Iterator[Any]:
    if get_origin(form) is Annotated:
        yield from _plain(get_args(form)[0])
    elif get_origin(form) in (Union, types.UnionType):
        for one in get_args(form):
            yield from _plain(one)
    else:
        yield form


def _fields(kind: Any) -> dict[str, Any]:
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return {name: field.annotation for name, field in kind.model_fields.items()}
    return get_type_hints(kind, include_extras=True) if is_typeddict(kind) else {}
