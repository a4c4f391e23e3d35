"""How long a campaign takes and how much memory: the command on this machine, and the steps that the workflow runs.

    python -m tools.bench.campaign command          100,000 rows, 20,000 distinct messages of ten clips
    python -m tools.bench.campaign split-and-join   1,000,000 rows, 60,000 distinct messages; real files
    python -m tools.bench.campaign chunk            one chunk, as the function says it, against the embedded AWS's S3
    python -m tools.bench.campaign embedded         100,000 rows through the workflow on the embedded AWS
    python -m tools.bench.campaign live             hits on the embedded AWS, alone and beside a campaign of 50,000 rows

`--save` writes what was measured into tools/bench/results/campaign.json, which `make cost` reads.

The tables and clips are made by a recipe: the same numbers give the same bytes.
"""

import argparse
import csv
import dataclasses
import itertools
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import wave
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import boto3
import numpy as np
from botocore.config import Config

from stitcher.campaigns.join import Join
from stitcher.campaigns.local import WORK
from stitcher.campaigns.messages import Reader, Settings, chunk_bytes, chunk_messages
from stitcher.campaigns.places import Run
from stitcher.campaigns.say import Result
from stitcher.campaigns.split import CHUNK, Counts, split
from stitcher.campaigns.steps import say_chunk
from stitcher.campaigns.table import Row, Table
from stitcher.clips.catalogues import Catalogues
from stitcher.clips.keeper import Keeper
from stitcher.clips.ready import make_ready
from stitcher.clips.store import PreparedStore
from stitcher.formats.profiles import FORMS
from stitcher.joining.splice import splice
from stitcher.planning.catalogue import clip_of, read_catalogue
from stitcher.planning.plan import plan_message
from stitcher.storage import BucketRepo, LocalRepo

TEMPLATE = "hello {name} farmers {weather} is expected {day} in {place} please do not spray"
FIXED = ("hello", "farmers", "is expected", "in", "please", "do not spray")
PLACES, WEATHERS, DAYS = 20, 5, 2
DISTINCT_OF_A_NAME = PLACES * WEATHERS * DAYS
RATE, SECONDS = 16_000, 0.6
HIT_EVERY, OBJECTIVE_SECONDS = 0.2, 1.0
RESULT = Path(__file__).parent / "results" / "campaign.json"


def named(kind: str, number: int) -> str:
    """A word of letters only: "name ac"."""
    return f"{kind} {chr(97 + number // 26)}{chr(97 + number % 26)}"


def columns(names: int) -> dict[str, list[str]]:
    """What the columns of the table may hold."""
    return {
        "name": [named("name", n) for n in range(names)],
        "weather": [named("weather", n) for n in range(WEATHERS)],
        "day": [named("day", n) for n in range(DAYS)],
        "place": [named("place", n) for n in range(PLACES)],
    }


def make_clips(folder: Path, names: int) -> int:
    """A voice: a clip of 0.6 s for each phrase, a tone with the loudness of syllables. Returns how many."""
    folder.mkdir(parents=True, exist_ok=True)
    said = [*FIXED, *itertools.chain.from_iterable(columns(names).values())]
    seconds = np.arange(int(RATE * SECONDS)) / RATE
    syllables = np.sin(np.pi * seconds / SECONDS) * (0.6 + 0.4 * np.sin(2 * np.pi * 6 * seconds))
    for number, phrase in enumerate(said):
        tone = sum(np.sin(2 * np.pi * (110 + number) * part * seconds) / part for part in range(1, 20))
        samples = (8_000 * syllables * tone / np.abs(tone).max()).astype("<i2")
        with wave.open(str(folder / f"{phrase.replace(' ', '_')}.wav"), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(RATE)
            file.writeframes(samples.tobytes())
    return len(said)


def make_table(file: Path, rows: int, names: int) -> None:
    """A table of which every message comes again after `200 * names` rows."""
    found = columns(names)
    every = list(itertools.product(*found.values()))
    with file.open("w", newline="", encoding="utf-8") as text:
        table = csv.writer(text)
        table.writerow(["phone", *found])
        for number in range(rows):
            table.writerow([f"+9198{number:08}", *every[number * 7_919 % len(every)]])


class Memory:
    """The most that this process's whole family has in memory (PSS, so that shared pages count once), in MB."""

    def __init__(self, pid: int) -> None:
        self._pid, self.peak, self._ends = pid, 0.0, threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        while not self._ends.wait(0.2):
            self.peak = max(self.peak, sum(map(_pss, _family(self._pid))) / 1024)

    def stop(self) -> float:
        """The peak."""
        self._ends.set()
        self._thread.join()
        return self.peak


def _family(pid: int) -> Iterator[int]:
    yield pid
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return
    for child in children:
        yield from _family(int(child))


def _pss(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))


def command(folder: Path, rows: int, names: int) -> dict[str, Any]:
    """`stitcher campaign`, from nothing prepared to the manifest; then once more, when all is there."""
    clips = make_clips(folder / "clips", names)
    make_table(folder / "table.csv", rows, names)
    line = [sys.executable, "-m", "stitcher.cli", "campaign", "--messages", str(folder / "table.csv"), "--json"]
    line += ["--audios", str(folder / "clips"), "--output", str(folder / "out"), "--template", TEMPLATE]
    found: dict[str, Any] = {"rows": rows, "distinct": DISTINCT_OF_A_NAME * names, "clips": clips}
    for name in ("first", "again"):
        before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
        with subprocess.Popen(line, stdout=subprocess.PIPE) as process:
            memory = Memory(process.pid)
            answer = json.loads(process.communicate()[0])
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        took = {"seconds": time.monotonic() - began, "cpu_seconds": cpu, "memory_mb": memory.stop()}
        found[name] = {key: round(value, 1) for key, value in took.items()}
        if process.returncode or answer["made"] != rows:
            raise SystemExit(f"not all is made: {answer}")
    found["bare"] = _bare(folder)
    return found


def _bare(folder: Path) -> dict[str, float]:
    """No more than the join and one write of each message, in one process, on the clips that the command prepared."""
    with Table(folder / "table.csv") as table:
        reader = Reader(Settings(template=TEMPLATE), table.header)
        messages = {message.digest: message.text for message in map(reader.message, table.rows())}
    catalogue = read_catalogue(LocalRepo(folder / "clips"), "")
    store = PreparedStore(LocalRepo(folder / "out" / WORK))
    joins = []
    for text in messages.values():
        plan = plan_message(text, catalogue)
        joins.append((store.load(plan.clips, "mp3"), plan.pauses))
    (folder / "bare").mkdir()
    before = time.process_time()
    for number, (clips, pauses) in enumerate(joins):
        (folder / "bare" / f"{number}.mp3").write_bytes(splice(clips, pauses, "mp3")[0])
    return {"cpu_seconds": round(time.process_time() - before, 1)}


def split_and_join(folder: Path, rows: int, names: int) -> dict[str, Any]:
    """The domain's two steps around the audio, on real files, each in a process of its own."""
    make_table(folder / "table.csv", rows, names)
    found: dict[str, Any] = {"rows": rows, "distinct": DISTINCT_OF_A_NAME * names}
    for step in (_split, _join):
        found[step.__name__.strip("_")] = _alone(step, folder)
    return found


def _alone(step: Callable[[Path], None], folder: Path) -> dict[str, float]:
    """Runs a step in a child; seconds, and its largest memory in MB."""
    child = os.fork()
    began = time.monotonic()
    if not child:
        step(folder)
        os._exit(0)
    memory = Memory(child)
    _, status, used = os.wait4(child, 0)
    if status:
        raise SystemExit(f"{step.__name__} failed")
    took = {"seconds": time.monotonic() - began, "cpu_seconds": used.ru_utime + used.ru_stime}
    return {key: round(value, 1) for key, value in (took | {"memory_mb": memory.stop()}).items()}


def _split(folder: Path) -> None:
    (folder / "chunks").mkdir()
    with Table(folder / "table.csv") as table, (folder / "rows").open("wb") as numbers:
        reader = Reader(Settings(template=TEMPLATE), table.header)
        counts = split(
            table.rows(), reader, numbers, lambda number, chunk: _save(folder / "chunks" / f"{number:05}", chunk)
        )
    (folder / "counts").write_text(json.dumps([counts.rows, counts.refused, counts.distinct, counts.chunks]))


def _save(file: Path, data: bytes) -> None:
    file.write_bytes(data)


def _join(folder: Path) -> None:
    counts = Counts(*json.loads((folder / "counts").read_text()))
    link = "https://bucket.s3.ap-south-1.amazonaws.com/campaigns/x/audio/y.mp3?" + "X" * 1_200

    def results() -> Iterator[Result]:
        for number in range(counts.chunks):
            for one in chunk_messages((folder / "chunks" / f"{number:05}").read_bytes()):
                yield Result(one.digest, one.voice, "made", f"audio/{one.digest * 2}.mp3", 7_000)

    with Table(folder / "table.csv") as table, (folder / "rows").open("rb") as numbers:
        reader = Reader(Settings(template=TEMPLATE), table.header)
        with (
            Join(table, counts.distinct, numbers, results(), lambda _file: link) as joined,
            (folder / "manifest.csv").open("wb") as manifest,
        ):
            manifest.writelines(joined.manifest(reader))
            if joined.summary.made != counts.rows:
                raise SystemExit(f"not all is made: {joined.summary}")


def embedded(folder: Path, rows: int, names: int) -> dict[str, Any]:
    """The deployed workflow on the embedded AWS, from the upload of the table to the manifest."""
    from tools.local import campaign as campaigns
    from tools.local.stack import running

    make_clips(folder / "clips", names)
    table = folder / "table.csv"
    make_table(table, rows, names)
    found: dict[str, Any] = {"rows": rows, "distinct": DISTINCT_OF_A_NAME * names}
    with running(state=folder / "aws") as stack:
        clips = stack.put_clips(folder / "clips")
        _wait_until_prepared(stack, len(clips))
        emulator, before = Memory(os.getpid()), _cpu_of_family(os.getpid())
        began = time.monotonic()
        done = campaigns.run(stack, table, {"template": TEMPLATE})
        took = {"seconds": time.monotonic() - began, "cpu_seconds": _cpu_of_family(os.getpid()) - before}
        if done["made"] != rows:
            raise SystemExit(f"not all is made: {done}")
    return found | {key: round(value, 1) for key, value in (took | {"memory_mb": emulator.stop()}).items()}


def live(folder: Path, rows: int, names: int) -> dict[str, Any]:
    """How long a hit takes for its caller, alone and while a campaign runs.

    The objective is 1 s (docs/operations.md, "Objectives"). Here all functions share the processors, on Lambda none.
    """
    from tools.local import campaign as campaigns
    from tools.local.stack import running

    make_clips(folder / "clips", names)
    table = folder / "table.csv"
    make_table(table, rows, names)
    with running(state=folder / "aws") as stack:
        _wait_until_prepared(stack, len(stack.put_clips(folder / "clips")))
        said = {"message": "hello farmers please do not spray"}
        for _ in range(10):
            stack.caller.post("/stitch", said)

        def hit() -> float:
            began = time.monotonic()
            answer = stack.caller.post("/stitch", said)
            if answer.status != 200 or not answer.json()["cached"]:
                raise SystemExit(f"no hit: {answer.status} {answer.body.decode()}")
            took = time.monotonic() - began
            time.sleep(HIT_EVERY)
            return took

        alone = [hit() for _ in range(100)]
        with ThreadPoolExecutor(1) as pool:
            campaign = pool.submit(campaigns.run, stack, table, {"template": TEMPLATE})
            beside = [hit() for _ in iter(campaign.done, True)]
            done = campaign.result()
        if done["made"] != rows:
            raise SystemExit(f"not all is made: {done}")
    found: dict[str, Any] = {"rows": rows, "distinct": DISTINCT_OF_A_NAME * names}
    for name, times in (("alone", alone), ("beside", beside)):
        p95 = statistics.quantiles(times, n=20)[-1]
        within = 100 * sum(one <= OBJECTIVE_SECONDS for one in times) / len(times)
        found[name] = {"hits": len(times), "median_ms": round(1000 * statistics.median(times))}
        found[name] |= {"p95_ms": round(1000 * p95), "percent_within_1_s": round(within, 1)}
    return found | {"median_ratio": round(statistics.median(beside) / statistics.median(alone), 1)}


def _wait_until_prepared(stack: Any, clips: int) -> None:
    s3, bucket = stack.client("s3"), stack.outputs["OutputBucketName"]
    while True:
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix="prepared/")
        if sum(len(page.get("Contents", ())) for page in pages) >= clips * len(FORMS):
            return
        time.sleep(1)


def chunk(folder: Path, _rows: int, names: int) -> dict[str, Any]:
    """One chunk as the function says it: processor time of this process alone, in ms a message.

    `bare` is no more than the join and the request that stores it, of the same messages.
    """
    from tools.local.stack import emulator, free_port

    make_clips(folder / "clips", names)
    port = free_port()
    (folder / "aws").mkdir()
    with emulator(port, folder / "aws") as root:
        session: Any = boto3.Session(root.access_key, root.secret_key, region_name="ap-south-1")
        config = Config(retries={"total_max_attempts": 1}, read_timeout=60, s3={"addressing_style": "path"})
        client = session.client("s3", endpoint_url=f"http://127.0.0.1:{port}", config=config)
        for bucket in ("recordings", "output"):
            client.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "ap-south-1"})
        recordings, output = BucketRepo("recordings", client), BucketRepo("output", client)
        for file in (folder / "clips").iterdir():
            recordings.save(file.name, file.read_bytes())
        for clip in filter(None, map(clip_of, list(recordings.list()))):
            make_ready(clip, recordings, output)
        Keeper(recordings, output).rebuild("")
        return _chunk(recordings, output, names)


def _chunk(recordings: BucketRepo, output: BucketRepo, names: int) -> dict[str, Any]:
    run = Run("bench", "run", "", audio=True, started="", settings=Settings(template=TEMPLATE))
    combined = itertools.islice(itertools.product(*columns(names).values()), CHUNK)
    filled = [dict(zip(columns(names), row, strict=True)) for row in combined]
    reader = Reader(Settings(template=TEMPLATE), list(columns(names)))
    messages = [reader.message(Row(0, cells)) for cells in filled]
    output.save(run.chunk(0), chunk_bytes(messages))
    store, catalogues = PreparedStore(output), Catalogues(recordings, output)
    cpu: dict[str, float] = {}
    before = time.process_time()
    say_chunk(output, catalogues, run, 0, store.load, audio=True, days=30, today=date(2026, 1, 1))
    cpu["cold"] = time.process_time() - before
    catalogue = read_catalogue(recordings, "")
    plans = [plan_message(message.text, catalogue) for message in messages]
    prepared = [store.load(plan.clips, "mp3") for plan in plans]
    before = time.process_time()
    for number, (plan, clips) in enumerate(zip(plans, prepared, strict=True)):
        audio, _ = splice(clips, plan.pauses, "mp3")
        output.save(f"campaigns/bench/bare/{number}.mp3", audio, content_type="audio/mpeg", only_new=True)
    cpu["bare"] = time.process_time() - before
    again = dataclasses.replace(run, campaign="again")
    output.save(again.chunk(0), chunk_bytes(messages))
    output.save(again.chunk(1), chunk_bytes(messages[:1]))
    for number, name in enumerate(("warm", "alone")):
        before = time.process_time()
        say_chunk(output, catalogues, again, number, store.load, audio=True, days=30, today=date(2026, 1, 1))
        cpu[name] = time.process_time() - before
    alone = 1000 * cpu.pop("alone")
    found = {f"{name}_ms_a_message": round(1000 * seconds / CHUNK, 2) for name, seconds in cpu.items()}
    found["ms_a_chunk_of_one_message"] = round(alone, 2)
    return found | {"messages": CHUNK, "warm_to_bare": round(cpu["warm"] / cpu["bare"], 2)}


def _cpu_of_family(pid: int) -> float:
    """Processor seconds of a process and of all that live under it; of those that have ended, too."""
    ticks = 0
    for one in _family(pid):
        try:
            fields = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        ticks += sum(int(field) for field in fields[11:15])
    return ticks / os.sysconf("SC_CLK_TCK")


def save(part: str, found: dict[str, Any]) -> None:
    """Write what was measured beside what other parts were."""
    kept = json.loads(RESULT.read_text()) if RESULT.exists() else {}
    RESULT.write_text(json.dumps(kept | {part: found}, indent=1) + "\n")


def main() -> None:
    """Measure one part and print it as JSON."""
    parser = argparse.ArgumentParser(prog="python -m tools.bench.campaign", description=__doc__)
    parser.add_argument("part", choices=["command", "split-and-join", "chunk", "embedded", "live"])
    parser.add_argument("--save", action="store_true", help=f"into {RESULT.name}")
    parser.add_argument("--rows", type=int)
    parser.add_argument("--names", type=int, help=f"{DISTINCT_OF_A_NAME} distinct messages for each")
    options = parser.parse_args()
    parts = {
        "command": (command, 100_000, 100),
        "split-and-join": (split_and_join, 1_000_000, 300),
        "chunk": (chunk, 0, 100),
        "embedded": (embedded, 100_000, 100),
        "live": (live, 50_000, 50),
    }
    part, rows, names = parts[options.part]
    with tempfile.TemporaryDirectory(prefix="campaign-") as folder:
        found = part(Path(folder), options.rows or rows, options.names or names)
    found = {"measured": f"{datetime.now(UTC):%Y-%m-%d}", **found}
    print(json.dumps(found, indent=2))
    if options.save:
        save(options.part, found)


if __name__ == "__main__":
    main()
