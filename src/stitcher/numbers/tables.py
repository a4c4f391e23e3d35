"""The tables of the languages: one TOML file each in `languages/`, with a voice's own rules on top.

`common.toml` knows what all languages share: how units and currencies are written. A language's table knows its words.
A code falls back to its language ("en-IN" to "en"), and a language without a table to CLDR's rules for plain numbers.
"""

import json
import tomllib
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from stitcher.near import did_you_mean, near

FOLDER = Path(__file__).parent / "languages"

NUMBERS = frozenset({"at", "shift", "singular_below", "limit"})

Table = dict[str, Any]


class BadRule(ValueError):
    """A voice's rule that has another form than the same rule in the language's table; says which one."""


def supported() -> list[str]:
    """The codes of the languages that have a table, in alphabetical order."""
    return sorted(path.stem for path in FOLDER.glob("*.toml") if path.stem != "common" and "-" not in path.stem)


@lru_cache(maxsize=1)
def _names() -> dict[str, str]:
    """Codes by the names of the languages in small letters."""
    return {str(_read(code)["name"]).casefold(): code for code in supported() if "name" in _read(code)}


def meant(language: str) -> list[str]:
    """The codes that a wrong name or code of a language may mean, nearest first.

    Examples
    --------
    >>> meant("hindi"), meant("EN"), meant("swa")
    (['hi'], ['en'], ['sw'])
    >>> meant("en_in")
    ['en-IN']
    """
    code = _code(language)
    known = {**_names(), **{code: code for code in supported()}}
    base, *region = code.split("-")
    exact = ["-".join([known[base], *map(str.upper, region)])] if base in known else []
    return list(dict.fromkeys([*exact, *(known[name] for name in near(base, known) if not exact)]))


def about(language: str) -> str:
    """What a voice's owner should know of its language; empty where its numbers are said in full.

    Examples
    --------
    >>> about("hi")
    ''
    >>> about("hin")
    "there are no numbers of the language 'hin', so they need clips as they are written; did you mean 'hi'?"
    """
    if table(language) is None:
        said = f"there are no numbers of the language '{language}', so they need clips as they are written"
        return said + did_you_mean(meant(language))
    if _language_file(_code(language)):
        return ""
    return f"of the language '{language}', only plain numbers are said: prices, times and dates need clips"


def table(language: str, rules: Mapping[str, Any] | None = None) -> Table | None:
    """What is known of a language, the voice's rules winning; None where nothing can say its numbers.

    Raises
    ------
    BadRule
        Where a rule of the voice is, say, a list where the table has text.
    """
    return _table(_code(language), json.dumps(rules or {}, sort_keys=True, default=str))


@lru_cache(maxsize=256)
def _table(code: str, rules: str) -> Table | None:
    known = _language(code)
    if known is None:
        return None
    own = json.loads(rules)
    _check(own)
    return _merged(_merged(_read("common"), known), own, checked=True)


def abbreviations(language: str, rules: Mapping[str, Any] | None = None) -> Mapping[str, list[str]]:
    """The language's abbreviations by what a full stop after them means; those of `common.toml` are in all."""
    known = table(language, rules) or with_common({})
    return dict(known.get("abbreviations", {}))


def with_common(own: Mapping[str, Any]) -> Table:
    """A table on top of what all languages share."""
    return _merged(_read("common"), own)


def _check(rules: Mapping[str, Any], path: str = "") -> None:
    """Everything in rules is text or lists of it, but for the few numbers and the list of scales."""
    for key, value in rules.items():
        name = f"{path}{key}"
        if isinstance(value, Mapping):
            _check(value, f"{name}.")
        elif key == "scales":
            if not isinstance(value, list) or not all(map(_is_scale, value)):
                raise BadRule(f"the rule '{name}' has to be a list of tables, each with a number 'at' over 1")
            for scale in value:
                _check(scale, f"{name}.")
        elif key in NUMBERS:
            if _form(value) != "a number":
                raise BadRule(f"the rule '{name}' is {_form(value)}; it has to be a number")
        elif not isinstance(value, str) and not (isinstance(value, list) and value and all(map(_is_text, value))):
            raise BadRule(f"the rule '{name}' has to be text or a list of texts")


def _is_scale(scale: Any) -> bool:
    return isinstance(scale, Mapping) and isinstance(scale.get("at"), int) and scale["at"] > 1


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and value != ""


def _code(language: str) -> str:
    return language.strip().replace("_", "-").casefold()


def _language_file(code: str) -> str:
    """The name of the language's table; empty where it has none."""
    for name in (code, code.split("-")[0]):
        if name.replace("-", "").isalnum() and name != "common" and (FOLDER / f"{name}.toml").is_file():
            return name
    return ""


def _language(code: str) -> Table | None:
    if not (name := _language_file(code)):
        return _plain(code.split("-")[0])
    own = _read(name)
    base = own.pop("base", None)
    return _merged(_read(base), own) if base else own


def _plain(code: str) -> Table | None:
    """What is enough for the integers and decimals of a language that has no table."""
    known = _read("common")["plain"]
    style = {"decimal": ",", "group": " ."} if code in known["decimal_comma"] else {"decimal": ".", "group": ","}
    for engine in ("rbnf", "num2words"):
        if code in known[engine]:
            return {"style": style, "numbers": {"engine": engine, "code": code}}
    return None


@lru_cache(maxsize=64)
def _text(name: str) -> str:
    return (FOLDER / f"{name}.toml").read_text(encoding="utf-8")


def _read(name: str) -> Table:
    return tomllib.loads(_text(name))


def _merged(base: Mapping[str, Any], over: Mapping[str, Any], *, checked: bool = False, path: str = "") -> Table:
    merged = dict(base)
    for key, value in over.items():
        known = base.get(key)
        if key == "words" and isinstance(known, list) and isinstance(value, Mapping):
            known = {str(number): word for number, word in enumerate(known)}  # some numbers' words, not all of them
        name = f"{path}{key}"
        if isinstance(known, Mapping) and isinstance(value, Mapping):
            merged[key] = _merged(known, value, checked=checked, path=f"{name}.")
        elif path.startswith(("signs.", "abbreviations.")) and isinstance(known, list) and isinstance(value, list):
            merged[key] = [*known, *value]  # a sign more does not take away the others
        elif checked and known is not None and not _alike(known, value):
            raise BadRule(f"the rule '{name}' is {_form(value)}; it has to be {_form(known)}")
        else:
            merged[key] = value
    return merged


def _alike(known: Any, value: Any) -> bool:
    return _form(known) == _form(value) or {_form(known), _form(value)} == {"a list", "a table"}


def _form(value: Any) -> str:
    forms = {bool: "yes or no", str: "text", list: "a list", dict: "a table"}
    return next((name for kind, name in forms.items() if isinstance(value, kind)), "a number")
