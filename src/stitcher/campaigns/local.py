"""A whole campaign on this machine: every processor says chunks, and a run that was ended goes on where it was."""

import contextlib
import hashlib
import io
import itertools
import json
import multiprocessing
import os
import signal
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from datetime import date
from functools import partial
from pathlib import Path
from typing import BinaryIO

from stitcher.campaigns.join import MANIFEST, Join, Summary
from stitcher.campaigns.messages import Reader, Settings, chunk_messages
from stitcher.campaigns.prepared import PreparedOnDemand
from stitcher.campaigns.say import AUDIO, Result, Speaker, result_bytes, results_of
from stitcher.campaigns.script import CSV_NAME, HTML_NAME, script_csv, script_html
from stitcher.campaigns.split import CHUNK, Counts, split
from stitcher.campaigns.table import CampaignFault, Interrupted, Row, Table
from stitcher.clip import Clip
from stitcher.clips.encode import encode
from stitcher.clips.prepared import CorruptPrepared, PreparedClip, prepared_key
from stitcher.clips.ready import read_and_prepare
from stitcher.clips.store import PreparedStore
from stitcher.planning.catalogue import read_voice
from stitcher.storage import PART, LocalRepo, NotStored, Repo

WORK = ".campaign"
"""Beside the manifest: prepared clips and the results so far."""
SUMMARY = "summary.json"
WAITING = 4
"""Chunks that wait for each processor."""
Tell = Callable[[int], None]


def run(
    table: Table, recordings: Callable[[], Repo], output: Path, settings: Settings, day: date, tell: Tell
) -> Summary:
    """Make a campaign's audio files, manifest, summary and recording script.

    Parameters
    ----------
    recordings
        Opens the recordings; it is called in every process, so that it has to be one that can be pickled.
    output
        The folder. `manifest.csv` is written last and whole.
    day
        The date on the recording script.
    tell
        Gets the number of rows read so far.

    Raises
    ------
    CampaignFault
        The table or the template cannot be used, the table has changed meanwhile, or another campaign works in this
        folder.
    Interrupted
        A process was ended from outside; the same command goes on.
    """
    reader = Reader(settings, table.header)
    with _alone(output):
        audio = settings.on_refusal == "report"
        done = _Run(table, recordings, output, settings, reader, tell)
        summary = done.all(audio=audio)
        if not audio and not summary.refused:
            summary = done.all(audio=True)
        store = LocalRepo(output)
        store.save(CSV_NAME, script_csv(summary.to_record), content_type="text/csv")
        store.save(HTML_NAME, script_html(summary.sessions, day), content_type="text/html")
        store.save(SUMMARY, json.dumps(summary.to_json(), indent=2).encode() + b"\n", content_type="application/json")
        return summary


class _Run:
    def __init__(
        self,
        table: Table,
        recordings: Callable[[], Repo],
        output: Path,
        settings: Settings,
        reader: Reader,
        tell: Tell,
    ) -> None:
        self._table, self._reader, self._output, self._tell = table, reader, output, tell
        self._work = LocalRepo(output / WORK)
        self._start = (recordings, output, settings)

    def all(self, *, audio: bool) -> Summary:
        """Say or check all messages and write the manifest."""
        if audio:
            (self._output / AUDIO).mkdir(exist_ok=True)
        chunks: list[str] = []
        with tempfile.TemporaryFile() as numbers:
            counts = self._say(numbers, chunks, audio=audio)
            if not counts.rows:
                raise CampaignFault(f"{self._table.name} has no rows below its header")
            numbers.seek(0)
            audio_at = self._output.resolve()
            with Join(
                self._table, counts.distinct, numbers, self._results(chunks), lambda file: (audio_at / file).as_uri()
            ) as joined:
                LocalRepo(self._output).save_blocks(MANIFEST, joined.manifest(self._reader), content_type="text/csv")
                return joined.summary

    def _results(self, chunks: Iterable[str]) -> Iterator[Result]:
        for name in chunks:
            yield from results_of(self._work.read(name))

    def _say(self, numbers: BinaryIO, chunks: list[str], *, audio: bool) -> Counts:
        """Split the table, and say each chunk as soon as there is one. `chunks` gets the names of their results."""
        waiting: set[Future[None]] = set()
        processors = os.cpu_count() or 1
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(processors, context, _start, self._start) as pool:

            def save(_number: int, chunk: bytes) -> None:
                nonlocal waiting
                folder = "said" if audio else "checked"
                # By its content: a table that has grown by some rows finds the results of the others.
                name = f"{folder}/{hashlib.sha256(chunk).hexdigest()}.jsonl"
                chunks.append(name)
                with _interrupts_wait():  # a process that begins inherits it: Ctrl-C is for the command alone
                    waiting.add(pool.submit(_say_chunk, name, chunk, audio))
                if len(waiting) >= WAITING * processors:
                    done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                    for one in done:
                        one.result()

            try:
                counts = split(self._told(self._table.rows()), self._reader, numbers, save)
                for one in waiting:
                    one.result()
            except BrokenProcessPool:
                told = "a process of the campaign was ended, perhaps for want of memory: the same command goes on"
                raise Interrupted(told) from None
            except KeyboardInterrupt:
                before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # it ends already; a second one changes nothing
                pool.shutdown(cancel_futures=True)
                signal.signal(signal.SIGINT, before)
                raise Interrupted("stopped: the same command goes on from here") from None
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise
        return counts

    def _told(self, rows: Iterable[Row]) -> Iterator[Row]:
        for count, row in enumerate(rows, 1):
            yield row
            if count % CHUNK == 0:
                self._tell(count)


@contextlib.contextmanager
def _interrupts_wait() -> Iterator[None]:
    """Ctrl-C reaches this process only afterwards, and those that begin meanwhile never."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


# In each process


class _Process:
    """What a process keeps from chunk to chunk."""

    def __init__(self, recordings: Callable[[], Repo], output: Path, settings: Settings) -> None:
        self.work, self.shelf = LocalRepo(output / WORK), _Folder(output)
        repo = recordings()
        prepared = PreparedOnDemand(PreparedStore(self.work), partial(_prepare, repo, self.work))
        self.speaker = Speaker(partial(read_voice, repo), prepared.load, settings)


_process: _Process


def _start(recordings: Callable[[], Repo], output: Path, settings: Settings) -> None:
    global _process
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # where `_interrupts_wait` does nothing
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _process = _Process(recordings, output, settings)


def _end_with_parent() -> None:
    """A parent that is killed cannot tell."""
    if parent := multiprocessing.parent_process():
        parent.join()
        os._exit(1)


def _say_chunk(name: str, chunk: bytes, audio: bool) -> None:
    messages, work = chunk_messages(chunk), _process.work
    if not audio:
        work.save(name, result_bytes(_process.speaker.check(messages)))
        return
    try:
        known = {result.digest: result for result in results_of(work.read(name))}
    except (NotStored, ValueError, KeyError, TypeError):  # there are none, or the power failed while they were written
        known = {}
    work.save(name, result_bytes(_process.speaker.say(messages, _process.shelf, known)))


class _Folder:
    """The folder of the audio files. Plain calls: a campaign writes thousands of them a second."""

    def __init__(self, output: Path) -> None:
        self._output = str(output)
        self._part = f"{self._output}/{AUDIO}{PART[0]}{os.getpid()}{PART[1]}"

    def has(self, file: str, size: int) -> bool:
        # After a power failure a file may be shorter than it was written.
        try:
            return os.stat(f"{self._output}/{file}").st_size == size  # noqa: PTH116 - five times as fast as a `Path`
        except OSError:
            return False

    def keep(self, file: str, audio: bytes) -> None:
        if self.has(file, len(audio)):
            return
        # Two processes that say the same write the same bytes: the last one puts them in place again, whole.
        with open(self._part, "wb") as part:  # noqa: PTH123
            part.write(audio)
        os.replace(self._part, f"{self._output}/{file}")  # noqa: PTH105

    def wait(self) -> None:
        """Nothing: `keep` returns when the file is there."""


def _prepare(recordings: Repo, work: LocalRepo, clip: Clip, form: str) -> None:
    """A clip's prepared form in the work folder, for all processes."""
    key = prepared_key(clip, form)
    try:  # another process may have made it meanwhile
        PreparedClip.from_bytes(work.read(key))
    except (NotStored, CorruptPrepared):
        (ready,) = encode(read_and_prepare(clip, recordings), [form])
        work.save(key, ready.to_bytes())


@contextlib.contextmanager
def _alone(output: Path) -> Iterator[None]:
    """One campaign at a time in a folder; what one that was ended had half written is removed."""
    work = output / WORK
    work.mkdir(parents=True, exist_ok=True)
    with (work / "lock").open("w") as lock:
        _lock(lock, output)
        half = "*".join(PART)
        for part in itertools.chain(output.glob(half), (output / AUDIO).glob(half), work.rglob(half)):
            part.unlink()
        yield


def _lock(lock: io.TextIOWrapper, output: Path) -> None:
    try:
        import fcntl
    except ImportError:  # Windows
        return
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise CampaignFault(f"another campaign works in {output}: wait for it, or choose another folder") from None
