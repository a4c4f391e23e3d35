"""What a message costs: processor time inside the functions' handlers, for voices of 50 to 50,000 clips.

Each voice is tried in a fresh process against an S3 that answers from memory in another one, with X-Ray and Powertools
at work: `python -m tools.bench.messages --clips 1000`.
"""

import argparse
import contextlib
import importlib.util
import io
import itertools
import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

from stitcher.clip import Clip
from stitcher.clips.encode import encode
from stitcher.clips.prepare import prepare
from stitcher.clips.prepared import prepared_key
from stitcher.planning.catalogue import clip_of
from stitcher.storage import Stored
from tools.bench.approaches import CLIPS
from tools.bench.handlers import ENVIRONMENT, LAMBDA, ROOT, environment
from tools.bench.s3_stand_in import Buckets, etag_of, serving
from tools.bench.workflow import Workflow

SIZES = (50, 1_000, 10_000, 50_000)
VOICE, SETTINGS = "bench", b'language = "en"\n'
SAID, WORDS = 50, 10
"""Clips of a voice that messages say, and clips of a message."""
HITS, UNCACHED, WARM = 200, 200, 5
SECONDS = 20
"""Where a hit takes long, fewer are measured."""
TRACE = "Root=1-67a1b2c3-0123456789abcdef01234567;Parent=0123456789abcdef;Sampled=1"
STEPS = ("cache_lookup", "stitch", "publish")


def measured(clips: int, hits: int = HITS, uncached: int = UNCACHED) -> dict[str, Any]:
    """Costs with a voice of this size.

    Returns
    -------
    dict
        `hit_ms` and `uncached_ms`: milliseconds of a processor for one message, by step; `hit_requests` and
        `uncached_requests`: S3 requests of one; `kept`: whether the voice has a catalogue object.
    """
    buckets, kept = _buckets(clips)
    with serving(buckets) as address:
        command = [sys.executable, "-m", "tools.bench.messages", "--inside", str(hits), str(uncached)]
        given = environment(**LAMBDA, AWS_ENDPOINT_URL=address, _X_AMZN_TRACE_ID=TRACE)
        done = subprocess.run(command, env=given, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"a voice of {clips} clips: {done.stderr}")
    found: dict[str, Any] = json.loads(done.stdout)
    return found | {"kept": kept}


def _names() -> Iterator[str]:
    """Words of four letters."""
    return map("".join, itertools.product("bcdfgklmnprstvz", "aeiou", "bcdfgklmnprstvz", "aeiou"))


def _buckets(clips: int) -> tuple[Buckets, bool]:
    words = list(_names())
    # No message says a word of the other clips, which are phrases.
    others = (f"{first}_{second}" for first, second in itertools.product(words[SAID:], words))
    names = [*words[:SAID], *itertools.islice(others, clips - SAID)]
    recorded = {f"{VOICE}/{name}.wav": name.encode() for name in names}
    sample = next(path for path in sorted(CLIPS.glob("*.wav")))
    form = encode(prepare(sample.name, sample.read_bytes()), ["mp3"])[0].to_bytes()
    output = {}
    listed = [Stored(key, etag_of(data), len(data)) for key, data in recorded.items()]
    for item in listed[:SAID]:
        output[prepared_key(Clip(item.key, item.etag, item.size, ""), "mp3")] = form
    settings = Stored(f"{VOICE}/voice.toml", etag_of(SETTINGS), len(SETTINGS))
    kept = _catalogue(listed, settings)
    buckets = {
        ENVIRONMENT["BUCKET_INPUT"]: recorded | {settings.key: SETTINGS},
        ENVIRONMENT["BUCKET_OUTPUT"]: output | kept,
    }
    return buckets, bool(kept)


def _catalogue(listed: list[Stored], settings: Stored) -> dict[str, bytes]:
    """The voice's catalogue object, where this version keeps one."""
    if not importlib.util.find_spec("stitcher.clips.kept"):
        return {}
    module: Any = importlib.import_module("stitcher.clips.kept")
    entries = [entry for item in listed if clip_of(item) and (entry := module.Entry.of(item))]
    return {module.catalogue_key(VOICE): module.Kept.of(VOICE, entries, settings).to_bytes()}


def _inside(hits: int, uncached: int) -> dict[str, Any]:
    words = list(itertools.islice(_names(), SAID))
    messages = (
        " ".join(words[(start + step * place) % SAID] for place in range(WORDS))
        for step in range(1, SAID, 2)
        for start in range(SAID)
    )
    workflow = Workflow()
    for message in itertools.islice(messages, WARM):
        workflow.say({"message": message, "voice": VOICE})
    said = message
    found: dict[str, Any] = {}
    asked: dict[str, tuple[int, Iterator[str]]] = {
        "uncached_ms": (uncached, messages),
        "hit_ms": (hits, itertools.repeat(said)),
    }
    for name, (count, texts) in asked.items():
        workflow.forget()
        done = 0
        while done < count and sum(workflow.seconds.values()) < SECONDS:
            answer = workflow.say({"message": next(texts), "voice": VOICE})
            if answer["cached"] != (name == "hit_ms") or answer["path"] != "spliced":
                raise RuntimeError(f"{name}: {answer}")
            done += 1
        found[name] = {step: 1000 * workflow.seconds[step] / done for step in STEPS if step in workflow.seconds}
        found[name.replace("_ms", "_requests")] = sum(one.total() for one in workflow.requests.values()) / done
    return found


def main() -> int:
    """Print one voice's costs as JSON."""
    parser = argparse.ArgumentParser(prog="python -m tools.bench.messages", description="A message's cost, as JSON.")
    parser.add_argument("--clips", type=int, default=SIZES[0], help="in the voice")
    parser.add_argument("--inside", type=int, nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.inside:
        with contextlib.redirect_stdout(io.StringIO()):  # logs and metrics
            found = _inside(*options.inside)
    else:
        found = measured(options.clips)
    print(json.dumps(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
