"""What a message costs: processor time inside the functions' handlers, for voices of 50 to 50,000 clips.

Each voice is tried in a fresh process against an S3 that answers from memory in another one, with X-Ray and Powertools
at work: `python -m tools.bench.messages --clips 1000`.
"""

import argparse
import contextlib
import io
import itertools
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

from stitcher import limits
from stitcher.clip import Clip
from stitcher.clips.encode import encode
from stitcher.clips.kept import Entry, Kept, catalogue_key
from stitcher.clips.prepare import prepare
from stitcher.clips.prepared import prepared_key
from stitcher.storage import Stored
from tools.bench.approaches import CLIPS
from tools.bench.handlers import ENVIRONMENT, LAMBDA, ROOT, environment
from tools.bench.s3_stand_in import Buckets, etag_of, serving
from tools.bench.workflow import Workflow

SIZES = (50, 1_000, 10_000, 50_000)
VOICE, SETTINGS = "bench", b'language = "en"\n'
SAID, WORDS = 50, 10
"""Clips of a voice that messages say, and clips of a message."""
ROUNDS, HITS, UNCACHED, WARM = 8, 30, 30, 5
"""Of each round. The cheapest round counts, which other load on the machine disturbs least."""
TRACE = "Root=1-67a1b2c3-0123456789abcdef01234567;Parent=0123456789abcdef;Sampled=1"
STEPS = ("cache_lookup", "stitch", "publish")


def measured(clips: int, hits: int = HITS, uncached: int = UNCACHED, rounds: int = ROUNDS) -> dict[str, Any]:
    """Costs with a voice of this size.

    Returns
    -------
    dict
        `hit_ms` and `uncached_ms`: milliseconds of a processor for one message, by step; `first_ms`: for the first hit
        of a function, which loads the voice's catalogue object; `listed_ms`: for a hit that lists the voice instead.
        `hit_requests`, `uncached_requests` and `listed_requests`: S3 requests of one, by operation.
    """
    with serving(_buckets(clips)) as address:
        command = [sys.executable, "-m", "tools.bench.messages", "--inside", str(hits), str(uncached), str(rounds)]
        given = environment(**LAMBDA, AWS_ENDPOINT_URL=address, _X_AMZN_TRACE_ID=TRACE)
        done = subprocess.run(command, env=given, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"a voice of {clips} clips: {done.stderr}")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _names() -> Iterator[str]:
    """Words of four letters."""
    return map("".join, itertools.product("bcdfgklmnprstvz", "aeiou", "bcdfgklmnprstvz", "aeiou"))


def _buckets(clips: int) -> Buckets:
    words = list(_names())
    # No message says a word of the other clips, which are phrases.
    others = (f"{first}_{second}" for first, second in itertools.product(words[SAID:], words))
    clips = min(clips, limits.VOICE_FILES - 1)  # the other file is the voice's settings
    names = [*words[:SAID], *itertools.islice(others, clips - SAID)]
    recorded = {f"{VOICE}/{name}.wav": name.encode() for name in names}
    sample = next(path for path in sorted(CLIPS.glob("*.wav")))
    form = encode(prepare(sample.name, sample.read_bytes()), ["mp3"])[0].to_bytes()
    output = {}
    listed = [Stored(key, etag_of(data), len(data)) for key, data in recorded.items()]
    for item in listed[:SAID]:
        output[prepared_key(Clip(item.key, item.etag, item.size, ""), "mp3")] = form
    settings = Stored(f"{VOICE}/voice.toml", etag_of(SETTINGS), len(SETTINGS))
    entries = [entry for item in listed if (entry := Entry.of(item))]
    output[catalogue_key(VOICE)] = Kept.of(VOICE, entries, settings).to_bytes()
    return {
        ENVIRONMENT["BUCKET_INPUT"]: recorded | {settings.key: SETTINGS},
        ENVIRONMENT["BUCKET_OUTPUT"]: output,
    }


def _inside(hits: int, uncached: int, rounds: int) -> dict[str, Any]:
    from handlers.catalogues import catalogues

    words = list(itertools.islice(_names(), SAID))
    messages = (
        " ".join(words[(start + step * place) % SAID] for place in range(WORDS))
        for step in range(1, SAID, 2)
        for start in range(SAID)
    )
    workflow = Workflow()
    for message in itertools.islice(messages, WARM):
        workflow.say({"message": message, "voice": VOICE})
    said = itertools.repeat(message)
    new = min(_cost(workflow, uncached, messages) for _ in range(rounds))
    hit = min(_cost(workflow, hits, said, cached=True) for _ in range(rounds))
    catalogues.cache_clear()  # as in a function that has just started
    first = _cost(workflow, 1, said, cached=True)
    listed = _cost(workflow, 1, said, cached=True, changed=True)
    return {
        "uncached_ms": new.ms,
        "uncached_requests": new.requests,
        "hit_ms": hit.ms,
        "hit_requests": hit.requests,
        "first_ms": first.total_ms,
        "listed_ms": listed.total_ms,
        "listed_requests": listed.requests,
    }


class _Cost(NamedTuple):
    """Of one message: milliseconds of a processor, those by step, and requests by operation."""

    total_ms: float
    ms: dict[str, float]
    requests: dict[str, float]


def _cost(
    workflow: Workflow, count: int, messages: Iterator[str], *, cached: bool = False, changed: bool = False
) -> _Cost:
    workflow.forget()
    for message in itertools.islice(messages, count):
        answer = workflow.say({"message": message, "voice": VOICE}, changed=changed)
        if answer["cached"] != cached or answer["path"] != "spliced":
            raise RuntimeError(answer)
    requests = sum(workflow.requests.values(), Counter())
    return _Cost(
        1000 * sum(workflow.seconds.values()) / count,
        {step: 1000 * workflow.seconds[step] / count for step in STEPS if step in workflow.seconds},
        {operation: number / count for operation, number in requests.items()},
    )


def main() -> int:
    """Print one voice's costs as JSON."""
    parser = argparse.ArgumentParser(prog="python -m tools.bench.messages", description="A message's cost, as JSON.")
    parser.add_argument("--clips", type=int, default=SIZES[0], help="in the voice")
    parser.add_argument("--inside", type=int, nargs=3, help=argparse.SUPPRESS)
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
