"""How long a message of 500 words takes to plan against 50,000 clips.

The catalogue is made once and not counted: it is the listing's cost. Processor time, the best of many runs, because
planning does nothing but compute.
"""

import random
import time

from stitcher.planning.catalogue import Catalogue
from stitcher.planning.plan import plan_message
from stitcher.planning.settings import VoiceSettings
from stitcher.storage import Stored

WORDS, CLIPS, RUNS = 500, 50_000, 40


def catalogue(chance: random.Random, clips: int) -> tuple[Catalogue, list[str]]:
    """A voice whose clips have one to five words, and its phrases of two words."""
    alphabet = "abcdefghijklmnopqrstuvwxyz"
    vocabulary = ["".join(chance.choices(alphabet, k=3)) for _ in range(300)]
    names: set[str] = set(vocabulary)
    while len(names) < clips:
        names.add("_".join(chance.choices(vocabulary, k=chance.choice((2, 2, 3, 4, 5)))))
    listed = [Stored(f"{name}.wav", f"{number:032x}", 1) for number, name in enumerate(sorted(names))]
    return Catalogue.of("", listed, VoiceSettings(language="en")), sorted(
        name for name in names if name.count("_") == 1
    )


def planned(words: int = WORDS, clips: int = CLIPS, runs: int = RUNS) -> tuple[float, int]:
    """The least milliseconds of a processor of all runs, and how many clips say the message."""
    chance = random.Random(2026)  # noqa: S311 - a corpus, no secret
    voice, pairs = catalogue(chance, clips)
    message = " ".join(chance.choice(pairs).replace("_", " ") for _ in range(words // 2))
    best = float("inf")
    for _ in range(runs):
        begun = time.process_time()
        plan = plan_message(message, voice)
        best = min(best, time.process_time() - begun)
    return 1000 * best, len(plan.clips)
