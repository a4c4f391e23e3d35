"""What a clip is: one recording of a voice. `clips` knows its audio, `planning` its place in a message."""

from dataclasses import dataclass
from pathlib import PurePosixPath


@dataclass(frozen=True, slots=True)
class Clip:
    """One recording: where it lies, which version of it, and the phrase that its file name says."""

    key: str
    etag: str
    size: int
    phrase: str

    take: str = ""
    """Where in a sentence it belongs, from `rain@final.wav`; "" anywhere."""

    @property
    def name(self) -> str:
        """The file name without the voice's folder."""
        return PurePosixPath(self.key).name
