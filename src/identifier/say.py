"""The spoken message about an answer."""

from dataclasses import dataclass
from typing import Any

from identifier.prompt import FIELD, Prompt

TEXT = str.maketrans("[]", "()")
"""What a model writes is text: a mark (`[clip …]`, `[pause …]`) is only what the prompt's author wrote."""

LONGEST = 2_000
"""The most characters of a message; the stitcher has the same limit."""


@dataclass(frozen=True, slots=True)
class Say:
    """A message for the stitcher."""

    message: str
    voice: str
    format: str


@dataclass(frozen=True, slots=True)
class Unsaid:
    """No message, for this reason."""

    reason: str


class _NoWords(Exception):
    """The message has no words for this answer."""


def spoken(prompt: Prompt, answer: dict[str, Any]) -> Say | Unsaid:
    """The prompt's message with the answer's values, or the reason for none."""
    say = prompt.say
    if say is None:
        return Unsaid("the prompt says nothing aloud")
    for path, values in say.when.items():
        if (value := _value(answer, path)) not in values:
            return Unsaid(f"nothing is said when {path} is {'missing' if value is None else value}"[:LONGEST])
    try:
        message = FIELD.sub(lambda found: _words(say.words, found[1], answer), say.template)
    except _NoWords as why:
        return Unsaid(str(why))
    if len(message) > LONGEST:
        return Unsaid(f"the message would have {len(message)} characters; the limit is {LONGEST}")
    return Say(message, say.voice, say.format)


def _words(words: dict[str, str | None], path: str, answer: dict[str, Any]) -> str:
    value = _value(answer, path)
    if value is None or value in ("", []):
        raise _NoWords(f"the answer has no {path}")
    said = [_one(words, path, item) for item in (value if isinstance(value, list) else [value])]
    return ", ".join(said)


def _value(answer: dict[str, Any], path: str) -> Any:
    value: Any = answer
    for name in path.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _one(words: dict[str, str | None], path: str, value: Any) -> str:
    if isinstance(value, dict | list):
        raise _NoWords(f"{path} is not a single value")
    if isinstance(value, bool):
        text = "true" if value else "false"
    else:
        # A model may write a whole number as 20.0; nobody says the zero.
        text = str(int(value) if isinstance(value, float) and value.is_integer() else value)
    said = words.get(text, text.translate(TEXT))
    if said is None:
        raise _NoWords(f"nothing is said when {path} is {text}")
    return said
