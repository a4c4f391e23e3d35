"""One picture from start to end: claim it, ask its prompt's question, keep the checked answer, once."""

import contextlib
import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol

from botocore.exceptions import ClientError
from pydantic import AwareDatetime, BaseModel, NonNegativeInt, PositiveInt

from identifier import expected, storage
from identifier.asking import Ask, Asked
from identifier.claim import Done, Taken, claim, held_by_another
from identifier.errors import Held, IdentifyError, Outcome, UnknownPrompt, Unusable
from identifier.keys import CANARY, split_key
from identifier.model import Reply
from identifier.picture import check_size, prepare_picture
from identifier.picture_id import id_of
from identifier.prompt import ID
from identifier.prompt_store import Loaded, PromptStore
from identifier.result import Image, PromptUsed, Record, Result, save_latest, save_record, save_result
from identifier.say import Say, Unsaid, spoken
from stitcher.storage import why_unreadable

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

DETAIL = 500
"""The most characters of an error in a result."""


class Failure(BaseModel):
    """The error that ended the execution's last try."""

    error: str
    cause: str = ""

    @property
    def detail(self) -> str:
        """The sentence for people: Lambda's message, without the trace around it."""
        try:
            said = json.loads(self.cause)["errorMessage"]
        except (ValueError, LookupError, TypeError):
            said = self.cause
        return str(said)[:DETAIL] or "no reason was given"


class Put(BaseModel):
    """A version of an object in the inbox: its upload time, its execution, and the failure of the last try, if any."""

    bucket: str
    key: str
    version_id: str
    size: NonNegativeInt
    put_at: AwareDatetime
    attempt: PositiveInt
    execution: str
    failure: Failure | None = None

    @property
    def execution_name(self) -> str:
        """The execution's name, the last part of its ARN."""
        return self.execution.rpartition(":")[2]

    @property
    def is_folder(self) -> bool:
        """Whether it is the empty object that S3's console makes for a new folder."""
        return self.key.endswith("/") and self.size == 0

    @property
    def is_canary(self) -> bool:
        """Whether it is a known picture of the canary: its result is nobody's."""
        return self.key.startswith(CANARY)


class Told(Protocol):
    """Gets reports during the work; they stay true if the work then fails."""

    def stale(self, prompt_id: str, reason: str) -> None:
        """The prompt in force cannot be loaded; the last good one is used."""

    def paid(self, result: Result) -> None:
        """A model was asked and paid; its answer may be unusable."""


@dataclass(frozen=True, slots=True)
class Identifier:
    """Works on pictures.

    Parameters
    ----------
    ask
        Asks a prompt's model about a picture (`identifier.asking`).
    lease_s
        Seconds that a claim holds.
    default_prompt
        The prompt of a picture whose folder names none; empty for none.
    announce
        Tells others about a stored result, at least once; raises `EventFault`.
    """

    s3: "S3Client"
    prompts: PromptStore
    ask: Ask
    results_bucket: str
    lease_s: float
    told: Told
    default_prompt: str = ""
    announce: Callable[[Result], None] = lambda _: None

    def identify(self, put: Put) -> tuple[Result, str]:
        """The valid result, and the picture's outcome: answered, rejected, failed or duplicate.

        Raises
        ------
        Held, Busy, Throttled, StorageFault, EventFault, PromptUnavailable
            A retry may help.
        """
        about = _about(put)
        if put.failure:
            return self._given_up(put, put.failure, about)
        try:
            loaded = self._prompt(put)
            about |= _asked_by(put, loaded)
            check_size(put.size)
            match claim(
                self.s3, self.results_bucket, put.key, put.version_id,
                owner=put.execution, now=datetime.now(UTC), lease_s=self.lease_s,
            ):  # fmt: skip
                case Done(result):
                    # This execution's own result: its last try ended before it had told everybody.
                    return self._told(result) if result.execution == put.execution_name else (result, "duplicate")
                case Taken(until):
                    raise Held(f"another execution is at work on it until {until:%H:%M:%S}")
            file = read_version(self.s3, put.bucket, put.key, put.version_id)
            about["image"] = about["image"].model_copy(update={"sha256": hashlib.sha256(file.data).hexdigest()})
            label = _label(file.metadata, loaded)
            picture = prepare_picture(file.data, loaded.prompt.longest_edge)
            found = self.ask(loaded.prompt, picture)
            about |= _used(found) | {"expected": label}
        except Outcome as refusal:
            return self._keep(_result(about, refusal))
        if isinstance(found.outcome, Reply):
            words = Unsaid("the canary says nothing") if put.is_canary else spoken(loaded.prompt, found.outcome.answer)
            about |= {"say": words} if isinstance(words, Say) else {"unsaid": words.reason}
            about["match"] = expected.compared(label, found.outcome.answer) if label else None
        result = _result(about, found.outcome)
        self.told.paid(result)
        # The answer is paid: write it before anything else.
        return self._keep(result)

    def schema_of(self, result: Result) -> dict[str, Any] | None:
        """The form of the result's answer, if this worker still has its prompt in memory."""
        return self.prompts.schema_in_memory(result.prompt.id, result.prompt.version)

    def _keep(self, result: Result) -> tuple[Result, str]:
        stands = save_result(self.s3, self.results_bucket, result)
        if stands is result:
            return self._told(stands)
        # A failure that was noted before, as by a redrive that fails again, is a failure still.
        return stands, "duplicate" if stands.final else stands.outcome

    def _told(self, result: Result) -> tuple[Result, str]:
        """Everything that follows from a stored result; done again if a try ends in the middle of it."""
        if result.image.key.startswith(CANARY):
            return result, result.outcome
        save_latest(self.s3, self.results_bucket, result)
        if result.id:
            record = Record(id=result.id, key=result.image.key, version_id=result.image.version_id)
            save_record(self.s3, self.results_bucket, record)
        self.announce(result)
        return result, result.outcome

    def _prompt(self, put: Put) -> Loaded:
        folder, _, in_inbox = split_key(put.key)
        # The canary asks what is new: the version on trial, if there is one.
        draw = 0 if put.is_canary else int.from_bytes(hashlib.sha256(put.version_id.encode()).digest()[:4], "big") % 100
        wanted = [folder] if folder else []
        if not (folder and in_inbox) and self.default_prompt:
            wanted.append(self.default_prompt)
        for prompt_id in wanted:
            try:
                loaded = self.prompts.get(prompt_id, draw)
            except UnknownPrompt:
                continue
            if loaded.stale_reason:
                self.told.stale(prompt_id, loaded.stale_reason)
            return loaded
        raise UnknownPrompt(folder, self.prompts.ids())

    def _given_up(self, put: Put, failure: Failure, about: dict[str, Any]) -> tuple[Result, str]:
        """Write a failed result; an existing answer stays, and so does another execution's work."""
        with contextlib.suppress(IdentifyError, ClientError):
            about |= _asked_by(put, self._prompt(put))
        failed = Result(**about, outcome="failed", reason=failure.error, detail=failure.detail, at=datetime.now(UTC))
        if held_by_another(
            self.s3, self.results_bucket, put.key, put.version_id, owner=put.execution, now=datetime.now(UTC)
        ):
            return failed, "duplicate"
        return self._keep(failed)


def read_version(s3: "S3Client", bucket: str, key: str, version_id: str) -> storage.Stored:
    """Exactly the version that an event names; the key may have a newer one. Raises `Unusable`, `StorageFault`."""
    try:
        found = storage.read(s3, bucket, key, version_id)
    except ClientError as error:
        if not (reason := why_unreadable(error)):
            raise
        raise Unusable("unreadable", reason) from None
    if found is None:
        raise Unusable("deleted", "this version of the picture was deleted before it was read")
    return found


def _about(put: Put) -> dict[str, Any]:
    """What a result says of the picture, before its prompt is known."""
    folder = split_key(put.key)[0]
    prompt_id = folder if ID.match(folder) else ""
    return {
        "id": id_of(put.key, put.version_id, prompt_id, put.put_at),
        "image": Image(bucket=put.bucket, key=put.key, version_id=put.version_id),
        "prompt": PromptUsed(id=prompt_id),
        "attempts": put.attempt,
        "execution": put.execution_name,
        "put_at": put.put_at,
    }


def _asked_by(put: Put, loaded: Loaded) -> dict[str, Any]:
    prompt = loaded.prompt
    return {
        "id": id_of(put.key, put.version_id, prompt.id, put.put_at),
        "prompt": PromptUsed(id=prompt.id, version=prompt.version, sha256=loaded.sha256),
    }


def _label(metadata: Mapping[str, str], loaded: Loaded) -> dict[str, Any] | None:
    """The expected answer that the picture came with."""
    if not (value := metadata.get(expected.NAME)):
        return None
    try:
        return expected.read(value, loaded.prompt.answer_schema)
    except ValueError as error:
        raise Unusable("bad_label", f"{expected.METADATA} cannot be used: {error}") from None


def _used(found: Asked) -> dict[str, Any]:
    names = ("model", "asks", "input_tokens", "output_tokens", "latency_ms", "cost_usd")
    return {name: getattr(found, name) for name in names}


def _result(about: dict[str, Any], outcome: Reply | Outcome) -> Result:
    if isinstance(outcome, Reply):
        return Result(**about, outcome="answered", answer=outcome.answer, at=datetime.now(UTC))
    return Result(**about, outcome="rejected", reason=outcome.reason, detail=outcome.detail, at=datetime.now(UTC))
