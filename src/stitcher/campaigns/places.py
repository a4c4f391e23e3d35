"""Where a campaign's files lie in the output bucket, and its tables in the clips' bucket."""

import hashlib
import json
import unicodedata
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from stitcher.campaigns.messages import Settings
from stitcher.campaigns.split import Counts
from stitcher.errors import CampaignRuns, InvalidRequest
from stitcher.planning.catalogue import RESERVED
from stitcher.planning.policies import DEFAULT
from stitcher.storage import AlreadyStored, BucketRepo, NotStored, Repo

FOLDER = RESERVED
"""In both buckets; no voice has this name."""
TABLE, CAMPAIGN, RUN, SUMMARY = "table.csv", "campaign.json", "run.json", "summary.json"
ID_DIGITS = 20


@dataclass(frozen=True, slots=True)
class Campaign:
    """A campaign as it is stored: `campaigns/<id>/campaign.json`.

    Attributes
    ----------
    id
        20 hexadecimal digits, of its voice and name: the same table put again is the same campaign.
    dropped
        The key of its table in the clips' bucket; empty where it is `table.csv` beside this.
    """

    id: str
    name: str
    settings: Settings
    created: str
    dropped: str = ""

    @property
    def prefix(self) -> str:
        """Its folder in the output bucket."""
        return prefix_of(self.id)

    def save(self, output: Repo) -> None:
        """Store it; an earlier one is replaced."""
        document = {
            "id": self.id,
            "name": self.name,
            "settings": self.settings.to_json(),
            "created": self.created,
            "dropped": self.dropped,
        }
        _save(output, self.prefix + CAMPAIGN, document)

    @classmethod
    def load(cls, output: Repo, identity: str) -> "Campaign | None":
        """The campaign of an id, or None."""
        document = _load(output, prefix_of(identity) + CAMPAIGN)
        return cls(**document | {"settings": Settings(**document["settings"])}) if document else None


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a campaign, or check of it: `campaigns/<id>/runs/<name>/`.

    Attributes
    ----------
    name
        Of the workflow's execution.
    execution
        The execution's ARN.
    audio
        False of a check.
    settings
        The campaign's when the run began; those beside a table that was put are read anew by `split`.
    etag
        Of the table.
    counts
        What `split` counted; None while it works.
    earlier
        The name of the last run before it that made audio; its results are used again.
    """

    campaign: str
    name: str
    execution: str
    audio: bool
    started: str
    settings: Settings | None = None
    etag: str = ""
    counts: Counts | None = None
    earlier: str = ""

    @property
    def prefix(self) -> str:
        """Its folder."""
        return f"{prefix_of(self.campaign)}runs/{self.name}/"

    def chunk(self, number: int) -> str:
        """The key of a chunk of messages."""
        return f"{self.prefix}chunks/{number:06}.jsonl"

    def results(self, *, audio: bool) -> str:
        """The folder of the chunks' results: of those that are said, or of those that are only checked."""
        return f"{self.prefix}{'results' if audio else 'checked'}/"

    def result(self, number: int, *, audio: bool) -> str:
        """The key of a chunk's results."""
        return f"{self.results(audio=audio)}{number:06}.jsonl"

    def save(self, output: Repo) -> None:
        """Store it."""
        counts = self.counts
        document = {
            "campaign": self.campaign,
            "name": self.name,
            "execution": self.execution,
            "audio": self.audio,
            "started": self.started,
            "settings": self.settings.to_json() if self.settings else None,
            "etag": self.etag,
            "counts": [counts.rows, counts.refused, counts.distinct, counts.chunks] if counts else None,
            "earlier": self.earlier,
        }
        _save(output, self.prefix + RUN, document)

    @classmethod
    def load(cls, output: Repo, campaign: str, name: str) -> "Run | None":
        """The run of a name, or None."""
        document = _load(output, f"{prefix_of(campaign)}runs/{name}/{RUN}")
        if document is None:
            return None
        settings, counts = document["settings"], document["counts"]
        return cls(
            **document
            | {"settings": Settings(**settings) if settings else None, "counts": Counts(*counts) if counts else None}
        )


@dataclass(frozen=True, slots=True)
class Last:
    """Which run of a campaign is its last: `campaigns/<id>/run.json`.

    Attributes
    ----------
    name
        Of the run; empty where there is none since the campaign was asked for.
    made
        The run whose results are used again: the last one, or the last one before the campaign was asked for anew.
    etag
        Of the file; None where there is none.
    """

    campaign: str
    name: str = ""
    made: str = ""
    etag: str | None = None

    @classmethod
    def of(cls, output: BucketRepo, campaign: str) -> "Last":
        """The last run of a campaign, as it is now."""
        try:
            data, etag = output.read_unless(prefix_of(campaign) + RUN, None)
        except NotStored:
            return cls(campaign)
        document = json.loads(data)
        return cls(campaign, document["name"], document.get("made") or document["name"], etag)

    def replace(self, output: BucketRepo, name: str) -> None:
        """Make the run of this name the last one; of none, where it is empty.

        Raises
        ------
        CampaignRuns
            Another run has become the last one meanwhile.
        """
        data = json.dumps({"name": name, "made": name or self.made}).encode()
        try:
            output.replace(prefix_of(self.campaign) + RUN, data, self.etag)
        except (NotStored, AlreadyStored):
            raise CampaignRuns(f"campaign {self.campaign} was just started: wait for its end") from None


def summary_of(output: Repo, run: Run) -> dict[str, Any] | None:
    """What became of a run; None before its end."""
    return _load(output, run.prefix + SUMMARY)


def save_summary(output: Repo, run: Run, document: dict[str, Any]) -> None:
    """Store what became of a run."""
    _save(output, run.prefix + SUMMARY, document)


def prefix_of(identity: str) -> str:
    """The folder of a campaign in the output bucket."""
    return f"{FOLDER}{identity}/"


def id_of(voice: str, name: str) -> str:
    """The id of the campaign of a voice and a name."""
    text = unicodedata.normalize("NFC", f"{voice}\0{name}")
    return hashlib.sha256(text.encode()).hexdigest()[:ID_DIGITS]


def is_id(text: str) -> bool:
    """Whether a text has the form of an id."""
    return len(text) == ID_DIGITS and not set(text) - set("0123456789abcdef")


def is_table(key: str) -> bool:
    """Whether a file that was put below `campaigns/` is to be a table: not settings, nor a console's folder."""
    return not key.endswith("/") and PurePosixPath(key).suffix.lower() != ".json"


def dropped(key: str) -> tuple[str, str]:
    """Voice and name of a table that was put as `campaigns/<voice>/<name>.csv`; `-` is the default voice.

    Raises
    ------
    InvalidRequest
        The key has another form.
    """
    parts = key.split("/")
    path = PurePosixPath(parts[-1])
    if len(parts) != 3 or f"{parts[0]}/" != FOLDER or path.suffix.lower() != ".csv" or not path.stem.strip():
        raise InvalidRequest("a table lies at campaigns/<voice>/<name>.csv; '-' is the default voice")
    return "" if parts[1] == DEFAULT else parts[1], path.stem


def _save(output: Repo, key: str, document: dict[str, Any]) -> None:
    output.save(key, json.dumps(document, ensure_ascii=False).encode(), content_type="application/json")


def _load(output: Repo, key: str) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = json.loads(output.read(key))
    except NotStored:
        return None
    return found
