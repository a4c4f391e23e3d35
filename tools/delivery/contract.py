"""Whether a change breaks those who call the API: docs/openapi.yaml of two commits, compared.

A request that was taken must be taken; what an answer promised it must go on to promise. New paths, new optional fields
and new statuses break nobody. oasdiff knows OpenAPI 3.1, and is a program in Go: neither PyPI nor npm has it.
"""

import datetime
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from tools.delivery.scan import accepted
from tools.delivery.select_checks import base_of, git_says
from tools.delivery.store import DeliveryError

DOCUMENT = Path("docs") / "openapi.yaml"
EXCEPTIONS = Path("tools") / "delivery" / "accepted-breaks.toml"
METHODS = ("get", "put", "post", "delete", "patch", "head")
Json = dict[str, Any]


def breaks(old: Json, new: Json) -> list[str]:
    """A sentence for each thing that a caller of the old document would meet."""
    return sorted(set(_paths(_Document(old), _Document(new))))


def main(base: str, head: str, root: Path) -> int:
    """Compare two commits; returns 1 if the change breaks callers in a way that is not accepted."""
    base = base_of(base, head, root)
    if not base:
        print("there is no commit to compare with")
        return 0
    texts = [git_says(root, "show", f"{commit}:{DOCUMENT}") for commit in (base, head)]
    if texts[0] is None or texts[1] is None:
        print(f"{DOCUMENT} is not in both commits")
        return 0
    today = datetime.datetime.now(datetime.UTC).date()
    known = accepted(root, EXCEPTIONS, today)
    found = breaks(*(yaml.safe_load(text) for text in texts if text))
    faults = [each for each in found if each not in known]
    for each in found:
        print(f"{'accepted' if each in known else 'breaks callers'}: {each}")
    if faults:
        raise DeliveryError(
            f"{len(faults)} changes break callers. Keep the old form, or put the sentence into {EXCEPTIONS}"
        )
    print("no caller is broken" if not found else "only accepted changes break callers")
    return 0


class _Document:
    """A document whose references are followed."""

    def __init__(self, document: Json) -> None:
        self.document = document

    def at(self, value: Any) -> Json:
        """A schema, response or parameter, in its own words."""
        seen: set[str] = set()
        while isinstance(value, dict) and "$ref" in value and value["$ref"] not in seen:
            seen.add(value["$ref"])
            found: Any = self.document
            for name in value["$ref"].removeprefix("#/").split("/"):
                found = found[name.replace("~1", "/").replace("~0", "~")]
            value = found
        return value if isinstance(value, dict) else {}


def _paths(old: _Document, new: _Document) -> Iterator[str]:
    later = {re.sub(r"{.*?}", "{}", path): item for path, item in new.document.get("paths", {}).items()}
    for path, before in old.document.get("paths", {}).items():
        after = later.get(re.sub(r"{.*?}", "{}", path))  # a part of the path has no name for callers
        if after is None:
            yield f"{path} is gone"
            continue
        for method in METHODS:
            if method in before:
                where = f"{method.upper()} {path}"
                if method in after:
                    yield from _operation(where, old, before[method], new, after[method])
                else:
                    yield f"{where} is gone"


def _operation(where: str, old: _Document, before: Json, new: _Document, after: Json) -> Iterator[str]:
    parameters = {(one["in"], one["name"]): one for one in map(old.at, before.get("parameters", ())) if one.get("name")}
    for one in map(new.at, after.get("parameters", ())):
        earlier = parameters.get((one["in"], one["name"]))
        if one["in"] != "path" and one.get("required") and not (earlier or {}).get("required"):
            yield f"{where} asks for {one['name']} in the {one['in']}"
        if earlier:
            yield from _Narrower(old, new, f"{where} {one['name']}").compare(earlier.get("schema"), one.get("schema"))
    body, body_after = old.at(before.get("requestBody")), new.at(after.get("requestBody"))
    if body_after.get("required") and not body.get("required"):
        yield f"{where} asks for a body"
    yield from _content(f"{where} body", old, body, new, body_after, request=True)
    for status, answer in before.get("responses", {}).items():
        later = after.get("responses", {}).get(status)
        if later is None:
            if not status.startswith(("4", "5")):
                yield f"{where} no longer answers {status}"
            continue
        named, named_after = old.at(answer), new.at(later)
        for header in named.get("headers", {}):
            if header not in named_after.get("headers", {}):
                yield f"{where} {status} lacks the header {header}"
        yield from _content(f"{where} {status}", old, named, new, named_after, request=False)


def _content(where: str, old: _Document, before: Json, new: _Document, after: Json, *, request: bool) -> Iterator[str]:
    for media, entry in before.get("content", {}).items():
        later = after.get("content", {}).get(media)
        if later is None:
            yield f"{where} is no longer {media}"
        elif request:
            yield from _Narrower(old, new, where).compare(entry.get("schema"), later.get("schema"))
        else:  # an answer breaks its readers where the old document is the narrower one
            yield from _Narrower(new, old, where, answer=True).compare(later.get("schema"), entry.get("schema"))


class _Narrower:
    """Finds what one schema (`wide`) allows and another (`narrow`) does not."""

    def __init__(self, wide: _Document, narrow: _Document, where: str, *, answer: bool = False) -> None:
        self.wide, self.narrow, self.where, self.answer = wide, narrow, where, answer
        self.seen: set[tuple[str, str]] = set()

    def compare(self, wide: Any, narrow: Any, path: str = "") -> Iterator[str]:
        if isinstance(wide, dict) and isinstance(narrow, dict) and "$ref" in wide and "$ref" in narrow:
            if (pair := (wide["$ref"], narrow["$ref"])) in self.seen:
                return
            self.seen.add(pair)
        before, after = self.wide.at(wide), self.narrow.at(narrow)
        place = f"{self.where}{path}"
        yield from self._alternatives(before, after, path)
        types, choices = _types(after), "anyOf" in before or "oneOf" in before
        if types and not choices and (not _types(before) or not _types(before) <= types):
            old, new = (after, before) if self.answer else (before, after)
            yield f"{place}: the type changed from {_words(old)} to {_words(new)}"
        if not self.answer:
            yield from self._values(before, after, place)
        yield from self._fields(before, after, place, path)
        if "items" in before and "items" in after:
            yield from self.compare(before["items"], after["items"], f"{path}[]")

    def _alternatives(self, before: Json, after: Json, path: str) -> Iterator[str]:
        for word in ("anyOf", "oneOf"):
            if word not in before and word not in after:
                continue
            choices = after.get(word, [after])
            for one in before.get(word, [before]):
                if all(any(True for _ in self._copy().compare(one, other, path)) for other in choices):
                    yield f"{self.where}{path}: an alternative is {'new' if self.answer else 'gone'}"

    def _copy(self) -> "_Narrower":
        return _Narrower(self.wide, self.narrow, self.where, answer=self.answer)

    def _values(self, before: Json, after: Json, place: str) -> Iterator[str]:
        choices, later = _choices(before), _choices(after)
        if later is not None and (lost := [one for one in choices or ["any value"] if one not in later]):
            yield f"{place}: {', '.join(map(str, lost))} is no longer taken"
        for word in ("pattern", "format", "multipleOf", "uniqueItems"):
            if after.get(word) and after[word] != before.get(word):
                yield f"{place}: the {word} changed"
        for word in ("maxLength", "maxItems", "maximum", "exclusiveMaximum", "maxProperties"):
            if word in after and after[word] < before.get(word, float("inf")):
                yield f"{place}: {word} fell to {after[word]}"
        for word in ("minLength", "minItems", "minimum", "exclusiveMinimum", "minProperties"):
            free = float("-inf") if "inimum" in word else 0  # a length of at least 0 is any length
            if word in after and after[word] > before.get(word, free):
                yield f"{place}: {word} rose to {after[word]}"

    def _fields(self, before: Json, after: Json, place: str, path: str) -> Iterator[str]:
        for name in after.get("required", ()):
            if name not in before.get("required", ()):
                yield f"{place}: {name} " + ("is no longer always there" if self.answer else "is asked for")
        fields, later = before.get("properties", {}), after.get("properties", {})
        for name in fields.keys() & later.keys():
            yield from self.compare(fields[name], later[name], f"{path}.{name}")
        if self.answer:
            for name in later.keys() - fields.keys():
                yield f"{place}: {name} is gone"
        elif after.get("additionalProperties") is False:
            for name in fields.keys() - later.keys():
                yield f"{place}: {name} is no longer taken"


def _choices(schema: Json) -> list[Any] | None:
    """The only values that a schema takes, or None."""
    chosen: list[Any] | None = [schema["const"]] if "const" in schema else schema.get("enum")
    return chosen


def _types(schema: Json) -> set[str]:
    named = schema.get("type", [])
    found = {named} if isinstance(named, str) else set(named)
    return found | {"integer"} if "number" in found else found


def _words(schema: Json) -> str:
    return " or ".join(sorted(_types(schema) - ({"integer"} if "number" in _types(schema) else set()))) or "anything"
