"""The second step of a campaign: a chunk of distinct messages becomes audio files and results."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, Protocol, cast

from stitcher.campaigns.messages import Message, Settings, of_lines, to_lines
from stitcher.campaigns.needs import Needs
from stitcher.campaigns.script import Example
from stitcher.clips.catalogues import CatalogueOf, NotKept
from stitcher.errors import MissingWords, StitchError, UnusableClip
from stitcher.joining.stitch import Load, load_parts, stitch
from stitcher.planning.plan import Plan, Policy, plan_message
from stitcher.planning.policies import fallback_of
from stitcher.storage import NotStored, StorageFault

CATALOGUES = 3
"""Of a voice whose recordings change while they are read."""
AUDIO = "audio/"
"""The folder of a campaign's audio files."""

Status = Literal["made", "ready", "refused"]


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a message.

    Attributes
    ----------
    status
        `made`: the file is there; `ready`: it was only checked, and can be said; `refused`: it cannot.
    file
        `audio/<cache key>.mp3`, or empty. Messages that sound the same have the same file.
    missing
        Words that are not said.
    reason
        Why it is refused, as a sentence.
    to_record
        What somebody has to record for it: the words, and the message with them marked.
    language
        Of its voice (BCP 47), or empty.
    size
        The file's bytes.
    """

    digest: str
    voice: str
    status: Status
    file: str = ""
    duration_ms: int = 0
    missing: tuple[str, ...] = ()
    reason: str = ""
    to_record: tuple[tuple[str, Example], ...] = ()
    language: str = ""
    size: int = 0


class Shelf(Protocol):
    """Where audio files are kept."""

    def has(self, file: str, size: int) -> bool:
        """Whether a file is there, whole with its `size` bytes, and will be for a while."""

    def keep(self, file: str, audio: bytes) -> None:
        """Store a file, unless `has` is true of it. May return before it is stored."""

    def wait(self) -> None:
        """Until all is stored; raises the first fault."""


class Speaker:
    """Says messages on one catalogue of each voice, read when the voice is first needed.

    Parameters
    ----------
    listed
        Gives a voice's catalogue by its listing.
    load
        Gives prepared clips; raises `NotStored` where a recording is no longer what the catalogue says.
    kept
        Gives the catalogue that is kept of a voice, and raises `NotKept`; it may be some seconds old. So once one of
        them does not suffice, all are read by the listing.
    """

    def __init__(self, listed: CatalogueOf, load: Load, settings: Settings, kept: CatalogueOf | None = None) -> None:
        self._listed, self._load, self._settings = listed, load, settings
        self._needs, self._is_listed = Needs(kept or listed), kept is None
        self._broken: dict[str, StitchError] = {}

    def say(self, messages: Iterable[Message], shelf: Shelf, known: Mapping[str, Result]) -> list[Result]:
        """Make the messages' files; those that an earlier result has already made are not made again.

        Parameters
        ----------
        known
            Earlier results by digest.

        Raises
        ------
        StorageFault
            The storage does not answer, or recordings change each time they are read.
        """

        def made(message: Message, plan: Plan) -> Result:
            return self._made(message, plan, shelf, known.get(message.digest))

        results = [self._ended(message, made) for message in messages]
        shelf.wait()
        return results

    def check(self, messages: Iterable[Message]) -> list[Result]:
        """Plan the messages and load their clips, so that only what can be made is `ready`; raises as `say`."""

        def ready(message: Message, plan: Plan) -> Result:
            load_parts(plan, self._load)
            return self._result(message, "ready", plan)

        return [self._ended(message, ready) for message in messages]

    def _ended(self, message: Message, make: Callable[[Message, Plan], Result]) -> Result:
        """What becomes of a message, by `make` or as a refusal."""
        if not self._is_listed:
            try:
                plan = self._plan(message)
                if plan.is_whole():
                    return make(message, plan)
            except (NotKept, NotStored, MissingWords, UnusableClip):
                pass  # the listing decides
            except StitchError as refusal:
                return self._refused(message, refusal)
            self._list()
        for _ in range(CATALOGUES):
            try:
                return make(message, self._plan(message))
            except StitchError as refusal:
                return self._refused(message, refusal)
            except NotStored:  # recorded again since the voice was listed
                self._list()
        raise StorageFault("the recordings of a voice changed each time they were read")

    def _list(self) -> None:
        self._needs, self._broken, self._is_listed = Needs(self._listed), {}, True

    def _made(self, message: Message, plan: Plan, shelf: Shelf, known: Result | None) -> Result:
        file = f"{AUDIO}{plan.cache_key}{self._settings.profile.suffix}"
        if known and known.status == "made" and known.file == file and shelf.has(file, known.size):
            return known
        made = stitch(plan, self._load)
        shelf.keep(file, made.audio)
        return replace(
            self._result(message, "made", plan), file=file, duration_ms=made.duration_ms, size=len(made.audio)
        )

    def _plan(self, message: Message) -> Plan:
        other = fallback_of(self._settings.missing)
        return plan_message(
            message.text,
            self._voice(message.voice),
            gap_ms=self._settings.gap_ms,
            profile=self._settings.format,
            policy=cast("Policy", self._settings.missing.partition(":")[0]),
            fallback=None if other is None else self._voice(other),
            read_numbers=self._settings.read_numbers,
        )

    def _voice(self, name: str) -> Any:
        if name in self._broken:  # not read again for each message
            raise self._broken[name]
        try:
            return self._needs.voice(name).catalogue
        except StitchError as refusal:
            self._broken[name] = refusal
            raise

    def _result(self, message: Message, status: Status, plan: Plan) -> Result:
        missing = tuple(word for word in plan.missing if word not in plan.decoration)
        lacking = (*missing, *plan.substituted)
        recorded = self._to_record(message) if lacking else ()
        language = self._language(message.voice)
        return Result(message.digest, message.voice, status, "", 0, missing, "", recorded, language)

    def _refused(self, message: Message, refusal: StitchError) -> Result:
        missing: tuple[str, ...] = ()
        recorded: tuple[tuple[str, Example], ...] = ()
        reason = str(refusal)
        if isinstance(refusal, MissingWords):
            missing = tuple(word for word in refusal.missing if word not in refusal.decoration)
            recorded = self._to_record(message)
            if type(refusal) is MissingWords:
                reason = refusal.sentence(_as_recorded(refusal.missing, [words for words, _ in recorded]))
        language = "" if message.voice in self._broken else self._language(message.voice)
        return Result(message.digest, message.voice, "refused", "", 0, missing, reason, recorded, language)

    def _language(self, voice: str) -> str:
        return self._needs.voice(voice).catalogue.settings.language or ""

    def _to_record(self, message: Message) -> tuple[tuple[str, Example], ...]:
        needs = self._needs.of(message.voice, message.filled)
        if isinstance(needs, str):
            return ()
        filled = message.filled
        return tuple((words, self._needs.example(message.voice, filled, words, span)) for words, span in needs.items())


def _as_recorded(missing: Sequence[str], recorded: Iterable[str]) -> list[str]:
    """The missing words, those in phrases that are recorded as one."""
    phrases = [words for words in recorded if " " in words and set(words.split()) <= set(missing)]
    within = {word for words in phrases for word in words.split()}
    return [*(word for word in missing if word not in within), *phrases]


def result_bytes(results: Sequence[Result]) -> bytes:
    """A chunk's results as they are stored, without empty fields."""
    return to_lines({name: value for name, value in asdict(result).items() if value} for result in results)


def results_of(data: bytes) -> list[Result]:
    """The reverse of `result_bytes`."""
    return [_result(one) for one in of_lines(data)]


def _result(document: dict[str, Any]) -> Result:
    recorded = tuple(
        (words, tuple((piece, marked) for piece, marked in example)) for words, example in document.pop("to_record", ())
    )
    missing = tuple(document.pop("missing", ()))
    return Result(**{"voice": "", **document}, missing=missing, to_record=recorded)
