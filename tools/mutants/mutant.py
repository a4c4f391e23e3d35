"""One small change of one file, as text."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Mutant:
    """`path` (from the root) with `text` for its content; `line` and `says` describe it to people."""

    path: str
    line: int
    says: str
    text: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.says}"

    @property
    def key(self) -> tuple[str, str]:
        """What stays the same when lines move."""
        return self.path, self.says
