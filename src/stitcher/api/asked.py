"""What callers ask for, in a body or a query, as pydantic checks it."""

from collections.abc import Iterator
from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from stitcher.errors import InvalidRequest, listed
from stitcher.fields import sentences


class Asked(BaseModel):
    """Base of what a caller asks for. Fields that it does not have are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    kind: ClassVar[str] = "field"
    """What its names are: fields of a body, or parameters of a query."""

    @classmethod
    def of(cls, given: Any) -> Self:
        """Parse what a caller sent. Raises `InvalidRequest` with a sentence that names every fault."""
        faults: list[str] = []
        try:
            made = cls.model_validate(given)
        except ValidationError as error:
            faults = sentences(error, cls, given, cls.kind)
        if isinstance(given, dict):
            faults += dict.fromkeys(fault for fault in cls.faults(given) if fault not in faults)
        if faults:
            raise InvalidRequest(listed(faults, "; "))
        return made

    @classmethod
    def faults(cls, given: dict[str, Any]) -> Iterator[str]:
        """What is wrong beside the form of each field; a field may have any value here."""
        yield from ()


def refused(check: Any, value: Any) -> Iterator[str]:
    """Why a check of the service refuses a text; nothing where it takes it, or where the value is no text."""
    if isinstance(value, str):
        try:
            check(value)
        except InvalidRequest as refusal:
            yield str(refusal)
