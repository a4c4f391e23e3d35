"""A function's settings: environment variables, read once when the function starts."""

import os
from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    T = TypeVar("T", bound=DataclassInstance)
else:
    T = TypeVar("T")

_READ: Mapping[type, tuple[Callable[[str], Any], str]] = {
    str: (str, "text"),
    int: (int, "a whole number"),
    float: (float, "a number"),
    bool: ({"true": True, "false": False}.__getitem__, "true or false"),
}


class BadSettings(Exception):
    """Variables that are missing or have a wrong form; the sentence names all of them."""


def read(kind: "type[T]", environment: Mapping[str, str] = os.environ) -> "T":
    """The settings as a dataclass.

    Parameters
    ----------
    kind
        A dataclass of str, int, float and bool. Its field `bucket_input` is the variable BUCKET_INPUT.

    Raises
    ------
    BadSettings
        Names every variable that is not right.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> @dataclass
    ... class Settings:
    ...     cache_prefix: str
    ...     url_seconds: int
    >>> read(Settings, {"CACHE_PREFIX": "cache/", "URL_SECONDS": "900"})
    Settings(cache_prefix='cache/', url_seconds=900)
    >>> read(Settings, {"URL_SECONDS": "soon"})
    Traceback (most recent call last):
        ...
    handlers.settings.BadSettings: CACHE_PREFIX is not set; URL_SECONDS is 'soon', not a whole number
    """
    values: dict[str, Any] = {}
    faults: list[str] = []
    for field in fields(kind):
        name = field.name.upper()
        convert, form = _READ[field.type]  # type: ignore[index] # a type, not its name
        given = environment.get(name, "")
        try:
            values[field.name] = convert(given)
        except (ValueError, KeyError):
            faults.append(f"{name} is '{given}', not {form}" if given else f"{name} is not set")
        else:
            if not given:
                faults.append(f"{name} is not set")
    if faults:
        raise BadSettings("; ".join(faults))
    return kind(**values)
