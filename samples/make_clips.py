"""Speak the sample clips with espeak-ng and save each as a different recorder would.

A clip's file name is its phrase. Field recordings arrive in many formats, at many
levels and with ragged edges, so the samples do too, drawn from the phrase itself:
with the same espeak-ng and ffmpeg, every run writes the same bytes.

Needs espeak-ng (apt-get install espeak-ng) and pip install imageio-ffmpeg==0.6.0.
"""

import argparse
import importlib
import random
import shutil
import subprocess
import sys
import tempfile
import unicodedata
import wave
from array import array
from pathlib import Path
from typing import NamedTuple


class Voice(NamedTuple):
    folder: str  # inside the clips folder; "" is its root, the default voice
    espeak: str  # the name of the espeak-ng voice


class Source(NamedTuple):
    suffix: str
    encoding: str  # ffmpeg's output options


class Clip(NamedTuple):
    voice: Voice
    phrase: str
    source: Source
    spoken: str = ""  # what espeak-ng reads, when it would mispronounce the phrase


EN, HI = Voice("", "en"), Voice("hindi", "hi")

STUDIO = Source(".wav", "-c:a pcm_s16le -ar 44100 -ac 2")
MONO16 = Source(".wav", "-c:a pcm_s16le -ar 16000 -ac 1")
PHONE = Source(".wav", "-c:a pcm_mulaw -ar 8000 -ac 1")
MP3 = Source(".mp3", "-c:a libmp3lame -b:a 64k -ar 44100 -ac 1")
OGG = Source(".ogg", "-c:a libvorbis -q:a 3 -ar 48000 -ac 1")
M4A = Source(".m4a", "-c:a aac -b:a 64k -ar 48000 -ac 1")
FLAC = Source(".flac", "-c:a flac -sample_fmt s16 -ar 48000 -ac 1")

CLIPS = (
    Clip(EN, "hello", STUDIO),
    Clip(EN, "shreeshail", MONO16),
    Clip(EN, "good_morning", MP3),
    Clip(EN, "farmers", MP3),
    Clip(EN, "please", M4A),
    Clip(EN, "do_not_spray", OGG),
    Clip(EN, "today", MONO16),
    Clip(EN, "tomorrow", OGG),
    Clip(EN, "tonight", PHONE),
    Clip(EN, "light_rain", M4A),
    Clip(EN, "heavy_rain", MP3),
    Clip(EN, "dry_weather", FLAC),
    Clip(EN, "is_expected", MONO16),
    Clip(EN, "temperature", FLAC),
    Clip(EN, "degrees", PHONE),
    Clip(EN, "in", STUDIO),
    Clip(EN, "pune", OGG, spoken="poonay"),
    Clip(EN, "nashik", PHONE, spoken="naashik"),
    Clip(EN, "market", STUDIO),
    Clip(EN, "the_price_of", M4A),
    Clip(EN, "onion", FLAC),
    Clip(EN, "tomato", MONO16),
    Clip(EN, "wheat", OGG),
    Clip(EN, "is", PHONE),
    Clip(EN, "ten", STUDIO),
    Clip(EN, "twenty", M4A),
    Clip(EN, "thirty", MONO16),
    Clip(EN, "rupees_per_kilo", MP3),
    Clip(HI, "नमस्ते", STUDIO),
    Clip(HI, "किसान", MP3),
    Clip(HI, "आज", OGG),
    Clip(HI, "कल", PHONE),
    Clip(HI, "पुणे", MONO16),
    Clip(HI, "में", PHONE),
    Clip(HI, "हल्की_बारिश", FLAC),
    Clip(HI, "भारी_बारिश", M4A),
    Clip(HI, "होगी", MONO16),
    Clip(HI, "कृपया", OGG),
    Clip(HI, "दवा_न_छिड़कें", M4A),
    Clip(HI, "मंडी", MONO16),
    Clip(HI, "प्याज", OGG),
    Clip(HI, "टमाटर", MP3),
    Clip(HI, "गेहूं", STUDIO),
    Clip(HI, "का_भाव", FLAC),
    Clip(HI, "दस", STUDIO),
    Clip(HI, "बीस", MP3),
    Clip(HI, "तीस", PHONE),
    Clip(HI, "रुपये_किलो", M4A),
    Clip(HI, "है", FLAC),
)

PEAK_DBFS, LEVEL_SPREAD_DB = -12.0, 9.0  # the loudest peak, -3 dBFS, cannot clip
LONGEST_SILENCE_MS = 500
BITEXACT = "-map_metadata -1 -bitexact -fflags +bitexact -flags:a +bitexact"


class ClipsError(Exception):
    """A sentence that names the missing or failed part, and its exit code."""

    def __init__(self, why: str, exit_code: int) -> None:
        super().__init__(why)
        self.exit_code = exit_code


def find_espeak() -> str:
    if program := shutil.which("espeak-ng"):
        return program
    raise ClipsError("espeak-ng is missing. Try: apt-get install espeak-ng", 2)


def find_ffmpeg() -> str:
    try:  # imported by name, as it is untyped; and here, as --help needs none
        return str(importlib.import_module("imageio_ffmpeg").get_ffmpeg_exe())
    except (ImportError, RuntimeError):
        why = "ffmpeg is missing. Try: pip install imageio-ffmpeg==0.6.0"
        raise ClipsError(why, 2) from None


def run(command: list[str], stdin: bytes) -> None:
    done = subprocess.run(command, input=stdin, capture_output=True, check=False)
    if done.returncode:
        reason = done.stderr.decode(errors="replace").strip()
        raise ClipsError(f"{Path(command[0]).name} failed: {reason}", 1)


def speak(clip: Clip, espeak: str, scratch: Path) -> tuple[list[int], int]:
    """Return the clip's speech, without silence around it, and its rate in Hz."""
    text = clip.spoken or clip.phrase.replace("_", " ")
    options = f"-b 1 -v {clip.voice.espeak} --stdin -w".split()  # -b 1: UTF-8
    run([espeak, *options, str(scratch)], text.encode())
    with wave.open(str(scratch)) as recording:
        samples = array("h", recording.readframes(recording.getnframes())).tolist()
        rate = recording.getframerate()
    audible = [i for i, sample in enumerate(samples) if sample]
    if not audible:
        raise ClipsError(f"espeak-ng said nothing for {clip.phrase!r}.", 1)
    return samples[audible[0] : audible[-1] + 1], rate


def as_recorded(clip: Clip, speech: list[int], rate: int) -> list[int]:
    """Return the speech at this clip's own level, with its own silence around it."""
    session = random.Random(f"{clip.voice.folder}/{clip.phrase}")
    peak_dbfs = PEAK_DBFS + session.uniform(-LEVEL_SPREAD_DB, LEVEL_SPREAD_DB)
    gain = 32767 * 10 ** (peak_dbfs / 20) / max(map(abs, speech))
    longest = LONGEST_SILENCE_MS * rate // 1000
    before, after = session.randint(0, longest), session.randint(0, longest)
    return [0] * before + [round(sample * gain) for sample in speech] + [0] * after


def encode(clip: Clip, pcm: list[int], rate: int, to: Path, ffmpeg: str) -> None:
    flags = f"-v error -f s16le -ar {rate} -ac 1 -i - {BITEXACT} {clip.source.encoding}"
    run([ffmpeg, *flags.split(), str(to)], array("h", pcm).tobytes())


def make_clips(output: Path) -> list[Path]:
    """Write every clip below `output`; on failure, leave the old files untouched."""
    espeak, ffmpeg = find_espeak(), find_ffmpeg()
    output.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=output, prefix=".making-") as folder:
        made: dict[Path, Path] = {}
        for number, clip in enumerate(CLIPS):
            speech, rate = speak(clip, espeak, Path(folder, "speech.wav"))
            staged = Path(folder, f"{number}{clip.source.suffix}")
            encode(clip, as_recorded(clip, speech, rate), rate, staged, ffmpeg)
            name = unicodedata.normalize("NFC", clip.phrase) + clip.source.suffix
            made[output / clip.voice.folder / name] = staged
        for target, staged in made.items():
            target.parent.mkdir(exist_ok=True)
            staged.replace(target)
    return list(made)


def main() -> int:
    parser = argparse.ArgumentParser(description="Speak and save the sample clips.")
    beside = Path(__file__).resolve().parent / "clips"
    where = "folder to write to (default: the clips folder beside this script)"
    parser.add_argument("--output", type=Path, default=beside, help=where)
    try:
        made = make_clips(parser.parse_args().output)
    except ClipsError as problem:
        print(f"make_clips: {problem}", file=sys.stderr)
        return problem.exit_code
    print(f"{len(made)} clips, {sum(path.stat().st_size for path in made):,} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
