"""What callers ask for, in a body or a query, as pydantic checks it."""

from typing import Any, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from stitcher.errors import InvalidRequest, listed, shown


class Asked(BaseModel):
    """Base of what a caller asks for. Fields that it does not have are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @classmethod
    def of(cls, given: Any) -> Self:
        """Parse what a caller sent. Raises `InvalidRequest` with a sentence that names every fault."""
        try:
            return cls.model_validate(given)
        except ValidationError as error:
            raise InvalidRequest(_sentence(error)) from None


def _sentence(error: ValidationError) -> str:
    """Every fault that pydantic found, without the values: they may be people's."""
    faults = (
        ": ".join(filter(None, [shown(".".join(map(str, fault["loc"]))), fault["msg"].removeprefix("Value error, ")]))
        for fault in error.errors(include_url=False, include_input=False)
    )
    return listed(list(faults), "; ")
