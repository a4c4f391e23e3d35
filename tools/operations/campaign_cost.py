"""What a campaign costs and how long it takes on AWS: arithmetic from measured figures, quotas and list prices."""

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stitcher.campaigns.split import CHUNK
from stitcher.storage import CONNECTIONS, PART_BYTES
from tools.operations.cost import PRICES, S3_MS, Line, Template, express, together

MEASURED: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "bench" / "results" / "campaign.json").read_text()
)  # fmt: skip
"""Written by `python -m tools.bench.campaign <part> --save`."""

# What S3 and Step Functions allow ("Best practices design patterns"; "Step Functions service quotas").
PUTS_A_SECOND, STARTS_A_SECOND = 3_500, 1_000
# Assumed: a campaign like the measured one, and what an emulator cannot tell.
DISTINCT_SHARE = 0.06
AUDIO_BYTES = 59_000  # ten clips of MP3
CLIPS, MANIFEST_ROW_BYTES = 350, 1_500
UPLOAD_BYTES_A_SECOND = 50e6
LINK_MS = 0.25
COLD_START_SECONDS, TRANSITIONS = 2, 12


@dataclass(frozen=True, slots=True)
class Estimate:
    """Seconds of each step, what bounds the making of audio, and US dollars by thing."""

    rows: int
    distinct: int
    chunks: int
    split: float
    say: float
    join: float
    bound: str
    lines: list[Line]

    @property
    def seconds(self) -> float:
        """From the upload of the table to the manifest."""
        return self.split + self.say + self.join

    @property
    def usd(self) -> float:
        """Without downloads."""
        return sum(line.usd for line in self.lines)


def chunk_seconds() -> float:
    """One chunk: its processor time, and its files' requests, some at a time."""
    cpu_ms: float = MEASURED["chunk"]["warm_ms_a_message"]
    return CHUNK * (cpu_ms + S3_MS / CONNECTIONS) / 1000


def estimate(template: Template, rows: int, at_once: int, days: int) -> Estimate:
    """A campaign of this number of rows, of which `DISTINCT_SHARE` are different, in a stage.

    Parameters
    ----------
    at_once
        Chunks that are said at the same time (`CampaignAtOnce`).
    days
        Days that the audio is kept (`CampaignDays`).
    """
    distinct = math.ceil(rows * DISTINCT_SHARE)
    chunks = math.ceil(distinct / CHUNK)
    per_row = {
        step: MEASURED["split-and-join"][step]["cpu_seconds"] / MEASURED["split-and-join"]["rows"]
        for step in ("split", "join")
    }
    manifest_bytes = rows * MANIFEST_ROW_BYTES
    split = COLD_START_SECONDS + rows * per_row["split"]
    join = COLD_START_SECONDS + rows * per_row["join"] + distinct * LINK_MS / 1000
    join += manifest_bytes / UPLOAD_BYTES_A_SECOND
    bounds = {
        f"{at_once} chunks at once": COLD_START_SECONDS + math.ceil(chunks / at_once) * chunk_seconds(),
        "S3's 3,500 PUT a second": distinct / PUTS_A_SECOND,
        "1,000 starts a second": chunks / STARTS_A_SECOND,
    }
    bound = max(bounds, key=lambda name: bounds[name])
    price, s3 = PRICES["lambda"], PRICES["s3"]
    gb_seconds = (
        split * template.memory_gb("Split")
        + chunks * chunk_seconds() * template.memory_gb("Say")
        + join * template.memory_gb("Join")
    )
    writes = distinct + 2 * chunks + math.ceil(manifest_bytes / PART_BYTES) + 20
    # The run, the chunk, results of this run and of the one before, the catalogue; and each clip once in a function.
    reads = 5 * chunks + min(at_once, chunks) * CLIPS
    lines = [
        Line("S3 requests", writes * s3["write"] + reads * s3["read"]),
        Line("S3 storage", (distinct * AUDIO_BYTES + manifest_bytes) / 1e9 * s3["gb_month"] * days / 30),
        Line("Lambda", (chunks + 2) * price["request"] + gb_seconds * price["gb_second"]),
        Line("Express children", chunks * express(1000 * chunk_seconds())),
        # AWS does not document whether a child costs its parent a transition (docs/aws.md): one is counted.
        Line("Standard workflow", (TRANSITIONS + chunks) * PRICES["standard"]["transition"]),
    ]
    return Estimate(rows, distinct, chunks, split, bounds[bound], join, bound, together(lines))


def table(template: Template) -> list[str]:
    """The lines that `make cost` prints."""
    parameters = template.parameters
    at_once, days = int(parameters["CampaignAtOnce"]["Default"]), int(parameters["CampaignDays"]["Default"])
    out = [
        f"A campaign of which {DISTINCT_SHARE:.0%} of the rows are different, ten clips a message, kept {days} days, "
        "without downloads:",
        f"{'rows':>12}{'messages':>10}{'seconds':>9}{'split':>7}{'say':>6}{'join':>6}{'USD':>8}  parts; bound of say",
    ]
    for rows in (10_000, 100_000, 1_000_000, 10_000_000):
        one = estimate(template, rows, at_once, days)
        parts = ", ".join(f"{line.what} {line.usd:.3f}" for line in one.lines[:2])
        out.append(
            f"{rows:12,}{one.distinct:10,}{one.seconds:9.0f}{one.split:7.0f}{one.say:6.0f}{one.join:6.0f}"
            f"{one.usd:8.2f}  {parts}; {one.bound}"
        )
    return out
