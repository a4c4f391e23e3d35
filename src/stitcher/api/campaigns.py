"""Campaigns for callers: how one is asked for, and what is answered about it."""

import json
import unicodedata
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, BaseModel, Field, StrictInt, StrictStr, field_validator

from stitcher import limits
from stitcher.api.asked import Asked, refused
from stitcher.campaigns.join import MANIFEST
from stitcher.campaigns.messages import Settings
from stitcher.campaigns.places import FOLDER, TABLE, Campaign, Last, Run, id_of, is_id, summary_of
from stitcher.campaigns.script import CSV_NAME, HTML_NAME
from stitcher.errors import CampaignRuns, InvalidRequest, UnknownCampaign
from stitcher.formats.platforms import FORMATS, chosen
from stitcher.planning.catalogue import must_be_there, voice_prefix
from stitcher.planning.plan import ReadNumbers
from stitcher.planning.policies import fallback_of, is_policy
from stitcher.storage import CONNECTIONS, BucketRepo, Repo
from stitcher.text.words import JOINERS

TEMPLATE_CHARACTERS, COLUMN_CHARACTERS = limits.MESSAGE_CHARACTERS, 256
UPLOAD_SECONDS = 3_600
PAGE, LARGEST_PAGE = 20, 100

State = Literal["new", "running", "finished", "failed", "refused"]


class CampaignRequest(Asked):
    """The body of `POST /campaigns`: how the rows of a table become messages."""

    name: Annotated[StrictStr, Field(min_length=1, max_length=limits.CAMPAIGN_NAME)]
    """Of the campaign; with the voice, it makes its id."""
    voice: Annotated[StrictStr, Field(max_length=limits.VOICE_CHARACTERS)] = ""
    """A folder of clips, for rows that name none in a column `voice`; the default voice where it is empty."""
    template: Annotated[StrictStr, Field(max_length=TEMPLATE_CHARACTERS)] | None = None
    """The message with columns in braces: `hello, {name}: rain in {place}`; `{{` says a brace."""
    column: Annotated[StrictStr, Field(max_length=COLUMN_CHARACTERS)] | None = None
    """The column that has the message; `message` where neither this nor `template` is given."""
    format: Annotated[StrictStr, Field(max_length=limits.FORMAT_CHARACTERS)] = next(iter(FORMATS))
    """How the audio is encoded, or the platform that plays it."""
    gap_ms: Annotated[StrictInt, Field(ge=-limits.CROSSFADE_MS, le=limits.GAP_MS)] | None = None
    """Between words; the voice's where it is not given."""
    missing: Annotated[StrictStr, Field(max_length=limits.MISSING_CHARACTERS), AfterValidator(is_policy)] = "error"
    """What becomes of words without a clip, in each message."""
    read_numbers: ReadNumbers | None = None
    """`strict` refuses a number that can be read in two ways; `likely` says the likelier. Without it, the voice's."""
    on_refusal: Literal["report", "stop"] = "report"
    """Where rows cannot be said: `report` makes the others, `stop` makes none."""

    @field_validator("name", "voice", "template", "column", "missing")
    @classmethod
    def _is_text(cls, value: str | None) -> str | None:
        if value and any("\ud800" <= char <= "\udfff" for char in value):
            raise ValueError("half a surrogate pair is no character")
        return value

    @field_validator("name")
    @classmethod
    def _is_a_name(cls, value: str) -> str:
        value = unicodedata.normalize("NFC", value).strip()
        if not value or any(char == "/" or _is_control(char) for char in value):
            raise ValueError("a name is not empty, and has no '/' and no control character")
        return value

    @classmethod
    def faults(cls, given: dict[str, Any]) -> Iterator[str]:
        """Names of a format or a voice that none can have, and two ways of making the message."""
        yield from refused(chosen, given.get("format"))
        yield from refused(voice_prefix, given.get("voice"))
        if isinstance(missing := given.get("missing"), str):
            yield from refused(voice_prefix, fallback_of(missing))
        if given.get("template") is not None and given.get("column") is not None:
            yield "give template or column, not both"

    def campaign(self, *, created: datetime, dropped: str = "") -> Campaign:
        """The campaign that is asked for; `dropped` is the key of a table that is put already."""
        settings = Settings(**self.model_dump(exclude={"name"}))
        when = created.strftime("%Y-%m-%dT%H:%M:%SZ")
        return Campaign(id_of(self.voice, self.name), self.name, settings, when, dropped)


def _is_control(char: str) -> bool:
    """Joiners are none: names in Indian scripts and in Persian are spelled with them."""
    return unicodedata.category(char)[0] == "C" and char not in JOINERS


class TableUpload(BaseModel):
    """An HTML form for the table: a POST of these fields and then of the file, to this URL (S3, "POST Object")."""

    url: str
    fields: dict[str, str]
    max_bytes: int
    """A larger file is refused."""
    expires_at: str


class CampaignAnswer(BaseModel):
    """A campaign, and what has become of its last run."""

    success: bool = True
    id: str
    name: str
    voice: str
    format: str
    """Of the last run, as `voice` and `on_refusal`; empty where the settings beside the table cannot be followed."""
    on_refusal: str
    created: str
    state: State
    """`new` before the first run; `refused`: the table cannot be used; `failed`: run it again, what is made is kept."""
    check: bool
    """Whether the last run only checked."""
    detail: str
    """Why it is refused or failed; empty otherwise."""
    rows: int
    distinct: int
    """Different messages."""
    made: int
    """Rows whose audio is made."""
    ready: int
    """Rows that a check found sayable."""
    refused: int
    """Rows that cannot be said; the manifest has each reason."""
    failed: int
    """Rows on which the service failed."""
    to_record: int
    """Recordings that are still missing."""
    percent: int
    """Of the last run, 0 to 100."""
    manifest: str | None
    """A link to the manifest, which is the table with what became of each row."""
    recording_script: str | None
    """A link to what is still to be recorded, as CSV."""
    recording_script_page: str | None
    """The same as a page to print."""
    upload: TableUpload | None
    """For the table; in the answer of `POST /campaigns` only."""


class CampaignsPage(BaseModel):
    """Campaigns by id."""

    success: bool = True
    campaigns: list[CampaignAnswer]
    next: str | None
    """Give it as `after` for the next page."""


class CampaignPage(Asked):
    """Which page of the campaigns is asked for."""

    kind: ClassVar[str] = "parameter"

    after: Annotated[str, Field(pattern="^([0-9a-f]{20})?$")] = ""
    limit: Annotated[int, Field(ge=1, le=LARGEST_PAGE)] = PAGE


Ended = Callable[[Run], bool]
"""Whether a run's execution has ended without success."""


def create(output: BucketRepo, recordings: Repo, request: CampaignRequest, ended: Ended) -> CampaignAnswer:
    """Store a campaign, and answer with the form for its table. One of the same voice and name is replaced.

    Raises
    ------
    NoSuchVoice
        No folder of clips has the voice's name.
    CampaignRuns
        The campaign of this voice and name runs.
    InvalidRequest
        A table of this voice and name was put into the clips' bucket; it has its own settings.
    """
    now = datetime.now(UTC)
    campaign = request.campaign(created=now)
    must_have_voices(recordings, campaign.settings)
    last = Last.of(output, campaign.id)
    known = Campaign.load(output, campaign.id)
    if known and known.dropped:
        raise InvalidRequest(f"the name is taken: {known.dropped} is a table in the clips' bucket; choose another")
    if last.name:  # what it has made is used again
        must_not_run(output, last, ended)
        last.replace(output, "")
    campaign.save(output)
    made = output.presign_post(campaign.prefix + TABLE, limits.TABLE_BYTES, UPLOAD_SECONDS, least=1)
    expires = (now + timedelta(seconds=UPLOAD_SECONDS)).strftime("%Y-%m-%dT%H:%M:%SZ")
    form = TableUpload(url=made.url, fields=dict(made.fields), max_bytes=limits.TABLE_BYTES, expires_at=expires)
    return _new(campaign).model_copy(update={"upload": form})


def find(output: BucketRepo, identity: str) -> Campaign:
    """The campaign of an id. Raises `UnknownCampaign`."""
    found = Campaign.load(output, identity) if is_id(identity) else None
    if found is None:
        raise UnknownCampaign("there is no campaign of this id")
    return found


def must_have_voices(recordings: Repo, settings: Settings) -> None:
    """Raises `NoSuchVoice` where the campaign's voice, or the one that says what it lacks, is not there."""
    for voice in (settings.voice, fallback_of(settings.missing) or ""):
        must_be_there(recordings, voice)


def must_not_run(output: BucketRepo, last: Last, ended: Ended) -> None:
    """Raises `CampaignRuns` where the last run of a campaign has not ended."""
    run = Run.load(output, last.campaign, last.name) if last.name else None
    if run and _summary(output, run, ended) is None and not ended(run):
        raise CampaignRuns(f"campaign {run.campaign} runs already: wait for its end")


def answer(output: BucketRepo, campaign: Campaign, ended: Ended, *, url_seconds: int) -> CampaignAnswer:
    """What has become of a campaign."""
    name = Last.of(output, campaign.id).name
    run = Run.load(output, campaign.id, name) if name else None
    return _new(campaign) if run is None else _of_run(output, campaign, run, ended, url_seconds)


def page(output: BucketRepo, asked: CampaignPage, ended: Ended, *, url_seconds: int) -> CampaignsPage:
    """The campaigns behind the id `after`, by id."""
    after = f"{FOLDER}{asked.after}/\U0010ffff" if asked.after else ""
    ids: list[str] = []
    for folder in output.folders(FOLDER, after):
        if is_id(identity := folder.rstrip("/")):
            ids.append(identity)
        if len(ids) > asked.limit:
            break
    shown = ids[: asked.limit]
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        found = pool.map(lambda identity: Campaign.load(output, identity), shown)
        answers = pool.map(
            lambda campaign: answer(output, campaign, ended, url_seconds=url_seconds), [one for one in found if one]
        )
        return CampaignsPage(campaigns=list(answers), next=shown[-1] if len(ids) > asked.limit else None)


def _new(campaign: Campaign) -> CampaignAnswer:
    settings = campaign.settings
    return CampaignAnswer(
        id=campaign.id, name=campaign.name, voice=settings.voice, format=settings.format,
        on_refusal=settings.on_refusal, created=campaign.created, state="new", check=False, detail="", rows=0,
        distinct=0, made=0, ready=0, refused=0, failed=0, to_record=0, percent=0, manifest=None,
        recording_script=None, recording_script_page=None, upload=None,
    )  # fmt: skip


def _of_run(output: BucketRepo, campaign: Campaign, run: Run, ended: Ended, url_seconds: int) -> CampaignAnswer:
    campaign = replace(campaign, settings=run.settings or campaign.settings)
    found: dict[str, Any] = {"check": not run.audio}
    counts = run.counts
    if counts:
        found |= {"rows": counts.rows, "distinct": counts.distinct, "refused": counts.refused}
    summary = _summary(output, run, ended)
    if summary is None:
        found["percent"] = _percent(output, run)
        found["state"] = "failed" if ended(run) else "running"
        if found["state"] == "failed":
            found["detail"] = "the service failed before the end: redrive the execution, or run the campaign again"
        return _new(campaign).model_copy(update=found)
    found |= {name: summary[name] for name in CampaignAnswer.model_fields if name in summary}
    if summary["state"] == "failed":
        found["detail"] = f"the service failed on {summary['failed']} rows: run the campaign again"
    if summary["state"] != "refused":
        links = {"manifest": MANIFEST, "recording_script": CSV_NAME, "recording_script_page": HTML_NAME}
        found |= {name: output.presign(run.prefix + file, url_seconds) for name, file in links.items()}
    return _new(campaign).model_copy(update=found | {"check": not summary["audio"], "percent": 100})


def _summary(output: BucketRepo, run: Run, ended: Ended) -> dict[str, Any] | None:
    """What became of a run; None before its end, and while it is redriven."""
    summary = summary_of(output, run)
    return None if summary and summary["state"] == "failed" and not ended(run) else summary


def _percent(output: BucketRepo, run: Run) -> int:
    """Of the chunks of a run, those that have results of all its steps. The end is the manifest."""
    if run.counts is None or not run.counts.chunks:
        return 0
    stops = run.settings is not None and run.settings.on_refusal == "stop"
    steps = [audio for audio, is_step in ((False, stops or not run.audio), (True, run.audio)) if is_step]
    done = sum(1 for audio in steps for _ in output.list(run.results(audio=audio)))
    return min(99, 100 * done // (len(steps) * run.counts.chunks))


def dropped_request(body: bytes | None, voice: str, name: str) -> CampaignRequest:
    """The settings of a table that was put into the clips' bucket, from the JSON beside it or without.

    Raises
    ------
    InvalidRequest
        The file is no JSON object, has a field that a campaign has not, or names another campaign.
    """
    try:
        settings = json.loads(body) if body else {}
    except (ValueError, RecursionError):
        raise InvalidRequest("the settings beside the table are not JSON") from None
    if not isinstance(settings, dict):
        raise InvalidRequest("the settings beside the table are no JSON object")
    if settings.keys() & {"voice", "name"}:
        raise InvalidRequest("the settings beside the table name neither voice nor name: the table's key does")
    return CampaignRequest.of({**settings, "voice": voice, "name": name})
