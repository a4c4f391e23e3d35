"""The three steps of a campaign on buckets: what the workflow's functions do."""

import json
import tempfile
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from stitcher import limits
from stitcher.campaigns.join import MANIFEST, Join
from stitcher.campaigns.messages import Reader, chunk_messages
from stitcher.campaigns.places import TABLE, Campaign, Last, Run, save_summary
from stitcher.campaigns.say import Result, Speaker, result_bytes, results_of
from stitcher.campaigns.script import CSV_NAME, HTML_NAME, script_csv, script_html
from stitcher.campaigns.shelf import BucketShelf
from stitcher.campaigns.split import CHUNK, Counts, split
from stitcher.campaigns.table import CampaignFault, Row, Table
from stitcher.clips.catalogues import Catalogues
from stitcher.errors import CampaignRuns, StitchError
from stitcher.joining.stitch import Load
from stitcher.storage import CONNECTIONS, BucketRepo, NotStored, StorageFault, Stored

ROWS, CHUNKS = "rows", "chunks.json"
"""Beside a run's chunks: the number of each row's message, and the list of chunks for the workflow's map."""


@dataclass(frozen=True, slots=True)
class Buckets:
    """The clips, and what is made of them."""

    recordings: BucketRepo
    output: BucketRepo


def begin(
    output: BucketRepo, campaign: Campaign, name: str, execution: str, *, audio: bool, last: Last | None = None
) -> Run:
    """Store that a run of a campaign has begun; what an earlier one has made is used again.

    A run that has begun already, because its step is tried again, is the same run.

    Parameters
    ----------
    last
        The last run as the caller saw it. Without it, this run becomes the last one whatever there is.

    Raises
    ------
    CampaignRuns
        Another run has begun since `last` was seen.
    """
    if known := Run.load(output, campaign.id, name):
        return known
    started = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    while True:
        seen = last or Last.of(output, campaign.id)
        run = Run(
            campaign.id,
            name,
            execution,
            audio,
            started,
            campaign.settings,
            earlier=_useful(output, campaign.id, seen.made),
        )
        run.save(output)
        try:
            seen.replace(output, name)
        except CampaignRuns:
            if last:
                raise
        else:
            return run


def _useful(output: BucketRepo, campaign: str, name: str) -> str:
    """The run whose results are used again: this one, or the one that it used itself, if it made nothing."""
    run = Run.load(output, campaign, name) if name else None
    return run.earlier if run and not (run.audio and run.counts) else name


def split_table(buckets: Buckets, campaign: Campaign, run: Run) -> Run:
    """Split the campaign's table into chunks. Returns the run with its counts.

    Raises
    ------
    CampaignFault
        There is no table, or it cannot be used. The sentence says why.
    StitchError
        The settings cannot be followed.
    """
    repo, key = _table_of(buckets, campaign)
    stored = repo.stat(key)
    _check_size(stored)
    assert stored  # noqa: S101 - for the type checker
    with tempfile.TemporaryDirectory() as folder, _Saving(buckets.output) as saving:
        file, numbers = Path(folder) / TABLE, Path(folder) / ROWS
        repo.fetch(key, file, stored.etag)
        with Table(file, "the table") as table, numbers.open("wb") as written:
            reader = Reader(run.settings or campaign.settings, table.header)
            counts = split(
                _bounded(table.rows()), reader, written, lambda number, data: saving.save(run.chunk(number), data)
            )
        if not counts.rows:
            raise CampaignFault("the table has no rows below its header")
        saving.wait()
        buckets.output.save_blocks(run.prefix + ROWS, _blocks(numbers))
    save_chunks(buckets.output, run, range(counts.chunks))
    run = replace(run, etag=stored.etag, counts=counts)
    run.save(buckets.output)
    return run


def save_chunks(output: BucketRepo, run: Run, chunks: Iterable[int]) -> str:
    """Store the list of chunks that the workflow's map reads; returns its key."""
    key = run.prefix + CHUNKS
    output.save(key, json.dumps([{"chunk": number} for number in chunks]).encode(), content_type="application/json")
    return key


def say_chunk(
    output: BucketRepo,
    catalogues: Catalogues,
    run: Run,
    number: int,
    load: Load,
    *,
    audio: bool,
    days: int,
    today: date,
) -> Sequence[Result]:
    """Say a chunk's messages, or only plan them, and store the results. A voice is listed only as in a single call.

    Raises
    ------
    StorageFault
        The storage does not answer; the chunk can be tried again.
    """
    settings = _settings(run)
    messages = chunk_messages(output.read(run.chunk(number)))
    speaker = Speaker(catalogues.listed, load, settings, kept=catalogues.kept)
    if audio:
        known = _earlier(output, run, number)
        prefix = Campaign(run.campaign, "", settings, "").prefix
        with BucketShelf(output, prefix, settings.profile, days, today) as shelf:
            results = speaker.say(messages, shelf, known)
    else:
        results = speaker.check(messages)
    output.save(run.result(number, audio=audio), result_bytes(results), content_type="application/x-ndjson")
    return results


def join_results(buckets: Buckets, campaign: Campaign, run: Run, *, seconds: int, audio: bool) -> dict[str, Any]:
    """Write the manifest, the recording script and the summary of a run. Returns the summary.

    Parameters
    ----------
    seconds
        How long the manifest's links work.

    Raises
    ------
    CampaignFault
        The table was replaced while the campaign ran.
    """
    output, counts = buckets.output, run.counts or Counts(0, 0, 0, 0)
    repo, key = _table_of(buckets, campaign)
    failed: list[int] = []
    with tempfile.TemporaryDirectory() as folder:
        file, numbers = Path(folder) / TABLE, Path(folder) / ROWS
        try:
            repo.fetch(key, file, run.etag)
        except NotStored:
            raise CampaignFault("the table was replaced while the campaign ran: run it again") from None
        output.fetch(run.prefix + ROWS, numbers)
        with Table(file, "the table") as table, numbers.open("rb") as rows:
            reader = Reader(_settings(run), table.header)
            results = _results(output, run, counts, failed, audio=audio)
            link = lambda audio_file: output.presign(campaign.prefix + audio_file, seconds)  # noqa: E731
            with Join(table, counts.distinct, rows, results, link) as joined:
                output.save_blocks(run.prefix + MANIFEST, joined.manifest(reader), content_type="text/csv")
                summary = joined.summary
    today = datetime.now(UTC).date()
    output.save(run.prefix + CSV_NAME, script_csv(summary.to_record), content_type="text/csv; charset=utf-8")
    page = script_html(summary.sessions, today)
    output.save(run.prefix + HTML_NAME, page, content_type="text/html; charset=utf-8")
    document = {"state": "failed" if failed else "finished", "audio": audio, **summary.to_json()}
    document |= {"failed_chunks": len(failed), "finished": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")}
    save_chunks(output, run, failed or range(counts.chunks))  # what the workflow says next, if it does
    if run.audio and not audio and not failed and not summary.refused:
        return document  # of a campaign that was only checked first: now it is said
    save_summary(output, run, document)
    return document


def _settings(run: Run) -> Any:
    if run.settings is None:
        raise StorageFault("a run of a campaign has no settings")
    return run.settings


def _table_of(buckets: Buckets, campaign: Campaign) -> tuple[BucketRepo, str]:
    if campaign.dropped:
        return buckets.recordings, campaign.dropped
    return buckets.output, campaign.prefix + TABLE


def _check_size(stored: Stored | None) -> None:
    if stored is None:
        raise CampaignFault("there is no table: put it first")
    if stored.size > limits.TABLE_BYTES:
        mib = 1024**2
        raise CampaignFault(f"the table has {stored.size // mib} MiB; the limit is {limits.TABLE_BYTES // mib} MiB")


def _bounded(rows: Iterable[Row]) -> Iterator[Row]:
    for count, row in enumerate(rows, 1):
        if count > limits.TABLE_ROWS:
            raise CampaignFault(f"the table has over {limits.TABLE_ROWS:,} rows: make two campaigns of it")
        yield row


def _blocks(file: Path) -> Iterator[bytes]:
    with file.open("rb") as data:
        while block := data.read(1024 * 1024):
            yield block


def _earlier(output: BucketRepo, run: Run, number: int) -> dict[str, Result]:
    """By digest, what is known of the chunk: from this run, if its step is tried again, and from the one before."""
    known: dict[str, Result] = {}
    for name in filter(None, (run.earlier, run.name)):
        try:
            found = results_of(output.read(replace(run, name=name).result(number, audio=True)))
        except NotStored:
            continue
        known |= {result.digest: result for result in found}
    return known


def _results(
    output: BucketRepo, run: Run, counts: Counts, failed: list[int], *, audio: bool
) -> Iterator[Result | None]:
    """The results in order, some chunks read ahead; None for each message of a chunk without them."""

    def read(number: int) -> list[Result] | None:
        try:
            return results_of(output.read(run.result(number, audio=audio)))
        except NotStored:
            return None

    with ThreadPoolExecutor(CONNECTIONS) as pool:
        ahead: deque[Future[list[Result] | None]] = deque()
        for number in range(counts.chunks):
            while len(ahead) < CONNECTIONS and number + len(ahead) < counts.chunks:
                ahead.append(pool.submit(read, number + len(ahead)))
            found = ahead.popleft().result()
            if found is None:
                failed.append(number)
                yield from [None] * min(CHUNK, counts.distinct - number * CHUNK)
            else:
                yield from found


class _Saving:
    """Stores chunks while the table is read on. A context manager."""

    def __init__(self, output: BucketRepo) -> None:
        self._output, self._pool = output, ThreadPoolExecutor(CONNECTIONS)
        self._waiting: deque[Future[Stored]] = deque()

    def __enter__(self) -> "_Saving":
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(cancel_futures=True)

    def save(self, key: str, data: bytes) -> None:
        while len(self._waiting) >= 2 * CONNECTIONS:
            self._waiting.popleft().result()
        self._waiting.append(self._pool.submit(self._output.save, key, data, content_type="application/x-ndjson"))

    def wait(self) -> None:
        while self._waiting:
            self._waiting.popleft().result()


def refuse(output: BucketRepo, run: Run, fault: CampaignFault | StitchError) -> dict[str, Any]:
    """Store that a run ended before it began, and why."""
    document = {"state": "refused", "audio": run.audio, "detail": str(fault)}
    document["finished"] = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    save_summary(output, run, document)
    return document
