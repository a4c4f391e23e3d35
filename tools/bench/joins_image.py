"""Draw docs/images/joins.png: one spliced message of the sample clips, and one of its joins from near.

    python -m tools.bench.joins_image

Everything that is drawn is measured on the decoded MP3 with the measures of tools/bench/quality.py. Only the begin and
the end of a clip's frames follow from the prepared clip.
"""

import argparse
import importlib
import sys
import tempfile
from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from stitcher.clip import Clip
from stitcher.clips.decode import Samples
from stitcher.clips.encode import encode
from stitcher.clips.prepare import prepare
from stitcher.clips.prepared import PreparedClip
from stitcher.formats import mp3
from stitcher.formats.profiles import PROFILES, RATE
from stitcher.planning.catalogue import Catalogue
from stitcher.planning.plan import plan_message
from stitcher.storage import LocalRepo
from tools.bench.quality import AUDIBLE_DB, GAP_MS, Message, Speaker, audible_words

ROOT = Path(__file__).resolve().parents[2]
MESSAGE, PROFILE, JOIN = "good morning farmers, heavy rain is expected tomorrow", "mp3", 2
"""`JOIN` is the one to look at from near: between the clips `JOIN` and `JOIN` + 1, counted from 0."""
PAPER = {"facecolor": "white", "edgecolor": "none", "pad": 1.0, "alpha": 0.85}
INK, SPEECH, AUDIBLE, EDGE, FRAMES = "#33414e", "#1f6f8b", "#d7ebf0", "#c1121f", "#8d99a6"


def draw(to: Path) -> None:
    """Make the message, measure it, and write the image as PNG."""
    repo = LocalRepo(ROOT / "samples" / "clips")
    clips = plan_message(MESSAGE, Catalogue.of("", repo.list()), profile=PROFILE).clips

    @cache
    def prepared(clip: Clip, profile: str) -> PreparedClip:
        return encode(prepare(clip.key, repo.read(clip.key)), [profile])[0]

    with tempfile.TemporaryDirectory() as folder:
        speaker = Speaker(PROFILE, lambda wanted, profile: [prepared(clip, profile) for clip in wanted], Path(folder))
        message, _ = speaker.hear(clips, speaker.say(clips, "image")[0])
    coded = [_coded(place, prepared(clip, PROFILE)) for clip, (place, _) in zip(clips, message.places, strict=True)]
    # By name, because only the bench's own environment has it.
    plot: Any = importlib.import_module("matplotlib.pyplot")
    figure, (whole, wave, level) = plot.subplots(3, 1, figsize=(12, 9), height_ratios=(1.1, 1, 1), layout="constrained")
    words = audible_words(message)
    _draw_message(whole, message, words, coded, [clip.phrase for clip in clips])
    _draw_join(wave, level, message, words, coded, [clip.phrase for clip in clips])
    to.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(to, dpi=110, metadata={"Software": None})


def _coded(place: int, clip: PreparedClip) -> tuple[int, int]:
    """Where a clip's frames begin and end in the decoded message."""
    begin = place - clip.lead
    return begin, begin + len(clip.payload) // mp3.frame_bytes(PROFILES[PROFILE].kbps) * mp3.FRAME


def _draw_message(
    axes: Any,
    message: Message,
    words: Sequence[tuple[int, int]],
    coded: Sequence[tuple[int, int]],
    phrases: Sequence[str],
) -> None:
    seconds = np.arange(len(message.samples)) / RATE
    axes.plot(seconds, message.samples, color=SPEECH, linewidth=0.4)
    for index, ((begin, end), (first, last), phrase) in enumerate(zip(words, coded, phrases, strict=True)):
        axes.axvspan(begin / RATE, end / RATE, color=AUDIBLE, zorder=0, label="audible part" if index == 0 else None)
        for edge in (begin, end):
            axes.axvline(edge / RATE, color=EDGE, linewidth=0.8, label="audible edge" if edge == words[0][0] else None)
        for join in (first, last):
            label = "join: a clip's frames begin or end" if join == coded[0][0] else None
            axes.axvline(join / RATE, color=FRAMES, linewidth=1.0, linestyle="--", label=label)
        axes.text((begin + end) / 2 / RATE, 0.86, phrase, ha="center", fontsize=12, color=INK, weight="bold")
    for (_, end), (begin, _) in pairwise(words):
        pause = (begin - end) * 1000 / RATE
        axes.annotate("", (end / RATE, -0.78), (begin / RATE, -0.78), arrowprops={"arrowstyle": "<->", "color": EDGE})
        axes.text((begin + end) / 2 / RATE, -0.93, f"{pause:.0f} ms", ha="center", fontsize=9, color=EDGE, bbox=PAPER)
    axes.set(ylim=(-1, 1), xlim=(-0.05, seconds[-1] + 0.05), ylabel="full scale")
    axes.set_xlabel("seconds", loc="left")
    axes.set_title(f"“{MESSAGE}”, spliced from MP3 frames, {GAP_MS} ms asked for between the words", loc="left")
    axes.legend(loc="upper right", ncols=3, fontsize=9, frameon=False, bbox_to_anchor=(1.0, -0.08))


def _draw_join(
    wave: Any,
    level: Any,
    message: Message,
    words: Sequence[tuple[int, int]],
    coded: Sequence[tuple[int, int]],
    phrases: Sequence[str],
) -> None:
    end, begin = words[JOIN][1], words[JOIN + 1][0]
    last, first = coded[JOIN][1], coded[JOIN + 1][0]
    start, stop = end - 80 * RATE // 1000, begin + 80 * RATE // 1000
    part = message.samples[start:stop]
    wave.plot(_ms(np.arange(len(part)) + start - end), part, color=SPEECH, linewidth=0.8)
    height = float(np.abs(part).max()) * 1.15
    wave.set(ylim=(-height, height), ylabel="full scale")
    wave.set_title(f"The join between “{phrases[JOIN]}” and “{phrases[JOIN + 1]}”", loc="left")
    hop = RATE // 1000
    frame = 5 * hop
    energy = np.concatenate([[0.0], np.cumsum(part**2)])
    starts = np.arange(0, len(part) - frame, hop)
    levels = 10.0 * np.log10((energy[starts + frame] - energy[starts]) / frame + 1e-10)
    level.plot(_ms(starts + frame / 2 + start - end), levels, color=SPEECH, linewidth=1.2)
    level.set(ylim=(-100, 0), ylabel="level of 5 ms (dBFS)", xlabel="ms from where the first word stops being audible")
    for axes in (wave, level):
        axes.set_xlim(_ms(start - end), _ms(stop - end))
        axes.axvspan(_ms(start - end), 0, color=AUDIBLE, zorder=0)
        axes.axvspan(_ms(begin - end), _ms(stop - end), color=AUDIBLE, zorder=0)
        axes.axvspan(_ms(last - end), _ms(first - end), color="#f2f2f2", zorder=0)
        for edge in (end, begin):
            axes.axvline(_ms(edge - end), color=EDGE, linewidth=1.2)
        for join in (last, first):
            axes.axvline(_ms(join - end), color=FRAMES, linewidth=1.2, linestyle="--")
    for index in (JOIN, JOIN + 1):
        low, high = message.window(index)
        top = _loudest(message.samples[low:high]) - AUDIBLE_DB
        shown = (_ms(start - end), 30) if index == JOIN else (_ms(begin - end) - 30, _ms(stop - end))
        level.hlines(top, *shown, color=INK, linewidth=0.8, linestyle=":")
        name = f"{AUDIBLE_DB:.0f} dB under its loudest 5 ms"
        level.text(shown[index - JOIN], top - 8, name, fontsize=9, color=INK, ha="left" if index == JOIN else "right")
    arrow = {"arrowstyle": "<->", "color": EDGE}
    wave.annotate("", (0, -height * 0.8), (_ms(begin - end), -height * 0.8), arrowprops=arrow)
    notes = (
        (_ms(begin - end) / 2, -0.7, f"{_ms(begin - end):.0f} ms between audible edges", "center", EDGE),
        (_ms((last + first) / 2 - end), 0.75, _silence(first - last), "center", INK),
        (_ms(last - end) - 1.5, 0.45, "its frames end", "right", INK),
        (_ms(first - end) + 1.5, 0.45, "the next one's begin", "left", INK),
    )
    for at, share, text, side, colour in notes:
        wave.text(at, height * share, text, ha=side, fontsize=9, color=colour, bbox=PAPER)


def _ms(samples: Any) -> Any:
    return samples * 1000 / RATE


def _silence(samples: int) -> str:
    frames = samples // mp3.FRAME
    return f"{frames} frame{'' if frames == 1 else 's'} of silence"


def _loudest(samples: Samples) -> float:
    frame = RATE // 200
    energy = np.concatenate([[0.0], np.cumsum(samples**2)])
    return float(10.0 * np.log10((energy[frame:] - energy[:-frame]).max() / frame))


def main(arguments: Sequence[str] | None = None) -> int:
    """Draw it where the documentation looks for it, or elsewhere."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.bench.joins_image",
        description="Draw the joins of a spliced message; needs matplotlib (tools/bench/requirements.txt).",
    )
    parser.add_argument(
        "--output", type=Path, default=ROOT / "docs" / "images" / "joins.png", metavar="FILE", help="PNG to write"
    )
    draw(parser.parse_args(arguments).output)
    return 0


if __name__ == "__main__":
    sys.exit(main())
