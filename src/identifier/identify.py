"""One picture from start to end: claim it, ask its prompt's question, keep the checked answer, once."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol

from botocore.exceptions import ClientError
from pydantic import AwareDatetime, BaseModel, NonNegativeInt, PositiveInt

from identifier import storage
from identifier.claim import Done, Taken, claim
from identifier.errors import Held, Outcome, Rejected, Unusable
from identifier.keys import split_key
from identifier.model import Reply
from identifier.picture import Picture, check_size, prepare_picture
from identifier.prices import cost_usd
from identifier.prompt import Prompt
from identifier.prompt_store import Loaded, PromptStore
from identifier.result import Image, PromptUsed, Result, save_result
from identifier.say import Say, spoken

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
    def is_folder(self) -> bool:
        """Whether it is the empty object that S3's console makes for a new folder."""
        return self.key.endswith("/") and self.size == 0


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
        Asks a prompt's model about a picture; raises as `identifier.model.ask`.
    lease_s
        Seconds that a claim holds.
    """

    s3: "S3Client"
    prompts: PromptStore
    ask: Callable[[Prompt, Picture], Reply]
    results_bucket: str
    lease_s: float
    told: Told

    def identify(self, put: Put) -> tuple[Result, str]:
        """The valid result, and the picture's outcome: answered, rejected, failed or duplicate.

        Raises
        ------
        Held, Busy, StorageFault, PromptUnavailable
            A retry may help.
        """
        if put.failure:
            return self._keep(self._given_up(put, put.failure))
        prompt_id, _ = split_key(put.key)
        about: dict[str, Any] = {
            "image": Image(bucket=put.bucket, key=put.key, version_id=put.version_id),
            "prompt": PromptUsed(id=prompt_id),
            "attempts": put.attempt,
        }
        try:
            check_size(put.size)
            loaded = self._prompt(prompt_id)
            about["prompt"] = PromptUsed(id=prompt_id, version=loaded.prompt.version, sha256=loaded.sha256)
            match claim(
                self.s3, self.results_bucket, put.key, put.version_id,
                owner=put.execution, now=datetime.now(UTC), lease_s=self.lease_s,
            ):  # fmt: skip
                case Done(result):
                    return result, "duplicate"
                case Taken(until):
                    raise Held(f"another execution is at work on it until {until:%H:%M:%S}")
            data = self._read(put)
            about["image"] = about["image"].model_copy(update={"sha256": hashlib.sha256(data).hexdigest()})
            picture = prepare_picture(data, loaded.prompt.longest_edge)
            about["model"] = loaded.prompt.model
            reply = self.ask(loaded.prompt, picture)
        except Outcome as refusal:
            used = refusal if isinstance(refusal, Rejected) else Rejected("", "")
            result = self._result(about, used, outcome="rejected", reason=refusal.reason, detail=refusal.detail)
        else:
            words = spoken(loaded.prompt, reply.answer)
            said = {"say": words} if isinstance(words, Say) else {"unsaid": words.reason}
            result = self._result(about, reply, outcome="answered", answer=reply.answer, **said)
        # The answer is paid: write it before anything else.
        return self._keep(result)

    def _keep(self, result: Result) -> tuple[Result, str]:
        stands = save_result(self.s3, self.results_bucket, result)
        return stands, stands.outcome if stands is result else "duplicate"

    def _prompt(self, prompt_id: str) -> Loaded:
        loaded = self.prompts.get(prompt_id)
        if loaded.stale_reason:
            self.told.stale(prompt_id, loaded.stale_reason)
        return loaded

    def _read(self, put: Put) -> bytes:
        """Exactly the version that the event names; the key may have a newer one."""
        try:
            found = storage.read(self.s3, put.bucket, put.key, put.version_id)
        except ClientError as error:
            if not (reason := storage.why_unreadable(error)):
                raise
            raise Unusable("unreadable", reason) from None
        if found is None:
            raise Unusable("deleted", "this version of the picture was deleted before it was read")
        return found.data

    def _result(self, about: dict[str, Any], used: Any, **outcome: Any) -> Result:
        counts = {name: getattr(used, name) for name in ("input_tokens", "output_tokens", "latency_ms")}
        cost = cost_usd(about["model"], used.input_tokens, used.output_tokens) if "model" in about else None
        result = Result(**about, **counts, cost_usd=cost, **outcome, at=datetime.now(UTC))
        if result.model:
            self.told.paid(result)
        return result

    def _given_up(self, put: Put, failure: Failure) -> Result:
        """Write a failed result; an existing answer stays."""
        return Result(
            image=Image(bucket=put.bucket, key=put.key, version_id=put.version_id),
            prompt=PromptUsed(id=split_key(put.key)[0]),
            outcome="failed",
            reason=failure.error,
            detail=failure.detail,
            attempts=put.attempt,
            at=datetime.now(UTC),
        )
