"""Pictures over HTTP: an upload is prepared, one picture is looked up, pictures are listed.

The docstrings are part of docs/openapi.yaml.
"""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, Field, StrictInt, StrictStr, ValidationError, field_validator

from identifier import storage
from identifier.expected import METADATA, written
from identifier.keys import PICTURES
from identifier.limits import UPLOAD_BYTES
from identifier.picture_id import id_of_record, new_id, record_key, time_of, upload_key
from identifier.result import Record, Result, find_newest, save_record
from stitcher.api.asked import Asked
from stitcher.errors import InvalidRequest, StitchError, shown

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PAGE, LARGEST_PAGE = 20, 100
NAME_CHARACTERS = 120
AT_ONCE = 8
State = Literal["waiting", "working", "answered", "rejected", "failed"]


class UnknownPicture(StitchError):
    """No picture has this id."""

    code = "unknown_picture"
    title = "No such picture"
    status = 404


class UnknownPromptId(StitchError):
    """No prompt has this id; the detail lists those there are."""

    code = "unknown_prompt"
    title = "No such prompt"
    status = 422


class PictureRequest(Asked):
    """The body of `POST /pictures`: what to ask about which file."""

    name: Annotated[StrictStr, Field(min_length=1, max_length=NAME_CHARACTERS)]
    """The file's name. It is shown with the picture, and is in no key and no event."""
    size: Annotated[StrictInt, Field(ge=1, le=UPLOAD_BYTES)]
    """The file's bytes; exactly as many can be uploaded."""
    prompt: Annotated[StrictStr, Field(max_length=64)] = ""
    """The id of the question; the environment's default prompt where it is not given."""
    expected: dict[StrictStr, StrictStr] | None = None
    """The right values of some fields, if they are known: the answer is compared with them."""

    @field_validator("name")
    @classmethod
    def _is_a_name(cls, name: str) -> str:
        if any(char < " " or char in "/\\\x7f" or "\ud800" <= char <= "\udfff" for char in name):
            raise ValueError("a name has no slashes, control characters or halves of characters")
        if name in (".", "..") or len(name.encode()) > 3 * NAME_CHARACTERS:
            raise ValueError("it is no file's name, or too long")
        return name

    @field_validator("expected")
    @classmethod
    def _is_a_label(cls, expected: dict[str, str] | None) -> dict[str, str] | None:
        if expected is not None:
            written(expected)
        return expected


class PictureForm(BaseModel):
    """A form for the file: send `fields`, then the file as the field `file`, by POST as multipart/form-data."""

    url: str
    """Where the form goes; no other signature is needed."""
    fields: dict[str, str]
    """The form's fields, before the file."""
    expires_at: str
    """Until when the form works."""


class PictureUpload(BaseModel):
    """The answer of `POST /pictures`."""

    success: bool = True
    id: str
    """The picture's id, for `GET /pictures/{id}`."""
    state: State = "waiting"
    """`waiting`: the file has not come yet."""
    upload: PictureForm


class PictureEntry(BaseModel):
    """A picture and its outcome, so far."""

    id: str
    prompt: str
    """The id of the question; empty if the picture belongs to no prompt."""
    name: str
    """The file's name, with its folders."""
    at: str
    """The time of the upload, or of the request for it."""
    state: State
    """`waiting` for the file, `working`, or the outcome: `answered`, `rejected`, `failed`."""
    answer: dict[str, Any] | None
    """The answer, in the prompt's form; null if there is none."""
    confidence: str | None
    """The answer's field `confidence`; null if it has none."""
    reason: str | None
    """Why there is no answer, for programs; null if there is one or none yet."""
    detail: str | None
    """The same for people."""
    match: str | None
    """`match`, `mismatch` or `unsure`: the answer compared with the expected one; null if none was given."""


class PictureAnswer(PictureEntry):
    """A picture with everything that is known about it."""

    success: bool = True
    prompt_version: int | None
    """The version of the question; null until there is an outcome."""
    model: str | None
    """The model that was asked; `stand-in` in tests."""
    cost_usd: float | None
    """The estimated cost; null if no model was asked or its price is not known."""
    say: str | None
    """The message that says the answer; null if the answer is not said."""
    unsaid: str | None
    """Why nothing is said; null if something is."""
    audio_url: str | None
    """Where the spoken answer is, for a time; null if it is not there, or not yet."""
    audio_expires_at: str | None
    """Until when that address works."""


class PicturesPage(BaseModel):
    """Some pictures, oldest first."""

    success: bool = True
    pictures: list[PictureEntry]
    next: str | None
    """`after` of the next page; null if this is the last one."""


class PictureQuery(Asked):
    """Which pictures are asked for."""

    kind: ClassVar[str] = "parameter"

    prompt: str = ""
    after: str = ""
    limit: Annotated[int, Field(ge=1, le=LARGEST_PAGE)] = PAGE


@dataclass(frozen=True, slots=True)
class Pictures:
    """The pictures of one environment.

    Parameters
    ----------
    known
        Lists the ids of the prompts.
    default_prompt
        The prompt of a picture that names none; empty for none.
    url_s
        Seconds that a form and an address work.
    """

    s3: "S3Client"
    images_bucket: str
    results_bucket: str
    known: Callable[[], list[str]]
    default_prompt: str
    url_s: int

    def expect(self, request: PictureRequest, now: datetime) -> PictureUpload:
        """Note a new picture, and make the form that uploads it. Raises `UnknownPromptId`, `StorageFault`."""
        wanted, known = request.prompt.lower() or self.default_prompt, self.known()
        if wanted not in known:
            raise UnknownPromptId(f"there is no prompt '{shown(wanted)}'; there are: {', '.join(known) or 'none'}")
        picture_id = new_id(wanted, now)
        key = upload_key(picture_id, request.name)
        label = {METADATA: written(request.expected)} if request.expected else {}
        form = self.s3.generate_presigned_post(
            self.images_bucket, key,
            Fields=dict(label),
            Conditions=[
                ["content-length-range", request.size, request.size],
                ["starts-with", "$Content-Type", ""],  # a browser's form may have it
                *({name: value} for name, value in label.items()),
            ],
            ExpiresIn=self.url_s,
        )  # fmt: skip
        form["fields"].setdefault("Content-Type", "application/octet-stream")
        save_record(self.s3, self.results_bucket, Record(id=picture_id, key=key, given=request.name))
        until = _written(now + timedelta(seconds=self.url_s))
        return PictureUpload(
            id=picture_id, upload=PictureForm(url=form["url"], fields=form["fields"], expires_at=until)
        )

    def find(self, picture_id: str) -> PictureAnswer:
        """Everything about one picture. Raises `UnknownPicture`, `StorageFault`."""
        record = self._record(picture_id)
        if record is None:
            raise UnknownPicture(f"no picture has the id '{shown(picture_id)}'")
        result, entry = self._seen(record)
        audio, unsaid = self._speech(result) if result and result.say else (None, result.unsaid if result else None)
        until = _written(datetime.now(UTC) + timedelta(seconds=self.url_s)) if audio else None
        return PictureAnswer(
            **entry.model_dump(),
            prompt_version=result.prompt.version if result else None,
            model=result.model if result else None,
            cost_usd=result.cost_usd if result else None,
            say=result.say.message if result and result.say else None,
            unsaid=unsaid,
            audio_url=audio,
            audio_expires_at=until,
        )

    def page(self, query: PictureQuery) -> PicturesPage:
        """Pictures of a prompt, or of all, behind the id `after`. Raises `InvalidRequest`, `StorageFault`."""
        try:
            after = record_key(query.after) if query.after else ""
            prefix = (
                record_key(f"{query.prompt.lower()}-{'0' * 26}").rpartition("/")[0] + "/" if query.prompt else PICTURES
            )
        except ValueError:
            raise InvalidRequest("after must be a picture's id, and prompt a prompt's") from None
        with storage.faults(PICTURES):
            found = self.s3.list_objects_v2(
                Bucket=self.results_bucket, Prefix=prefix, StartAfter=after, MaxKeys=query.limit
            )
        ids = [id_of_record(item["Key"]) for item in found.get("Contents", ())]
        with ThreadPoolExecutor(AT_ONCE) as pool:
            records = [record for record in pool.map(self._record, ids) if record]
            entries = [entry for _, entry in pool.map(self._seen, records)]
        return PicturesPage(pictures=entries, next=ids[-1] if ids and found["IsTruncated"] else None)

    def _record(self, picture_id: str) -> Record | None:
        try:
            there = storage.read(self.s3, self.results_bucket, record_key(picture_id))
            return Record.model_validate_json(there.data) if there else None
        except (ValueError, ValidationError):
            return None

    def _seen(self, record: Record) -> tuple[Result | None, PictureEntry]:
        result = find_newest(self.s3, self.results_bucket, record)
        state: State = result.outcome if result else "working" if self._has_come(record) else "waiting"
        answer = result.answer if result else None
        prompt_id = record.id.rpartition("-")[0]
        return result, PictureEntry(
            id=record.id,
            prompt="" if prompt_id == "_" else prompt_id,
            name=record.name,
            at=_written(time_of(record.id)),
            state=state,
            answer=answer,
            confidence=result.confidence if result else None,
            reason=result.reason if result else None,
            detail=result.detail if result else None,
            match=result.match if result else None,
        )

    def _has_come(self, record: Record) -> bool:
        """By a list, because a HEAD needs the right to read pictures."""
        with storage.faults(record.key):
            found = self.s3.list_objects_v2(Bucket=self.images_bucket, Prefix=record.key, MaxKeys=1)
        return any(item["Key"] == record.key for item in found.get("Contents", ()))

    def _speech(self, result: Result) -> tuple[str | None, str | None]:
        """A presigned address of the spoken answer, or why there is none; both None while it is made."""
        there = storage.read(self.s3, self.results_bucket, result.key.removesuffix(".json") + ".spoken.json")
        if there is None:
            return None, None
        speech = json.loads(there.data)
        if speech["outcome"] != "spoken":
            problem = speech["problem"]
            return None, problem.get("detail") or problem["title"]
        place = {"Bucket": self.results_bucket, "Key": speech["audio"]}
        return self.s3.generate_presigned_url("get_object", Params=place, ExpiresIn=self.url_s), None


def _written(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")
