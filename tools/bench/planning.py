"""How long a message of 500 words takes to plan against 50,000 clips: `python -m tools.bench.planning`.

The catalogue is made once and not counted: it is the listing's cost. Processor time, the best of many runs, because
planning does nothing but compute.
"""

import argparse
import random
import sys
import time

from stitcher.planning.catalogue import Catalogue
from stitcher.planning.plan import plan_message
from stitcher.planning.settings import VoiceSettings
from stitcher.storage import Stored

WORDS, CLIPS, LIMIT_MS, RUNS = 500, 50_000, 5.0, 40


def catalogue(chance: random.Random) -> tuple[Catalogue, list[str]]:
    """A voice of 50,000 clips of one to five words, and its phrases of two words."""
    alphabet = "abcdefghijklmnopqrstuvwxyz"
    vocabulary = ["".join(chance.choices(alphabet, k=3)) for _ in range(300)]
    names: set[str] = set(vocabulary)
    while len(names) < CLIPS:
        names.add("_".join(chance.choices(vocabulary, k=chance.choice((2, 2, 3, 4, 5)))))
    listed = [Stored(f"{name}.wav", f"{number:032x}", 1) for number, name in enumerate(sorted(names))]
    return Catalogue.of("", listed, VoiceSettings(language="en")), sorted(
        name for name in names if name.count("_") == 1
    )


def main() -> int:
    """Print the time; returns 1 if it is over the limit."""
    argparse.ArgumentParser(prog="python -m tools.bench.planning", description=__doc__).parse_args()
    chance = random.Random(2026)  # noqa: S311 - a corpus, no secret
    voice, pairs = catalogue(chance)
    message = " ".join(chance.choice(pairs).replace("_", " ") for _ in range(WORDS // 2))
    best = float("inf")
    for _ in range(RUNS):
        begun = time.process_time()
        plan = plan_message(message, voice)
        best = min(best, time.process_time() - begun)
    clips, words = len(plan.clips), len(message.split())
    planned = f"{words} words against {len(voice.by_name)} clips: {clips} clips chosen in {1000 * best:.1f} ms"
    print(f"{planned} (limit {LIMIT_MS})")
    return int(1000 * best > LIMIT_MS)


if __name__ == "__main__":
    sys.exit(main())
