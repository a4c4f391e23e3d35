"""The corpus that quality and speed are measured on: words in 16 languages, recorded as badly as real ones are.

espeak-ng speaks; every clip then gets a level, silence or low noise around it, sometimes DC and noise, and one of eight
formats with its own sample rate. All of it is drawn from the clip's own name: the same espeak-ng, ffmpeg and numpy give
the same bytes. Git does not hold the corpus.

    python -m tools.bench.corpus --output .local/corpus

Needs espeak-ng on PATH (apt-get install espeak-ng).
"""

import argparse
import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
import wave
import zlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from stitcher.formats.ffmpeg import ffmpeg_path

DEFAULT = Path(__file__).resolve().parents[2] / ".local" / "corpus"
MANIFEST = "corpus.json"

# What farmers and patients are told, and numbers, which espeak-ng says in every language's own words.
WORDS = {
    "am": "ሰላም|አመሰግናለሁ|ዝናብ|ውሃ|ገበያ|ዛሬ|ነገ",
    "ar": "مرحبا|شكرا|مطر|ماء|سوق|اليوم|غدا",
    "bn": "নমস্কার|ধন্যবাদ|বৃষ্টি|জল|বাজার|আজ|কৃষক",
    "en": "hello|thank_you|rain|water|market|today|good_morning",
    "es": "hola|gracias|lluvia|agua|mercado|hoy|mañana",
    "fr": "bonjour|merci|pluie|eau|marché|aujourd'hui|demain",
    "gu": "નમસ્તે|આભાર|વરસાદ|પાણી|બજાર|આજે|ખેડૂત",
    "hi": "नमस्ते|धन्यवाद|बारिश|पानी|बाज़ार|आज|किसान",
    "kn": "ನಮಸ್ಕಾರ|ಧನ್ಯವಾದ|ಮಳೆ|ನೀರು|ಮಾರುಕಟ್ಟೆ|ಇಂದು|ನಾಳೆ",
    "ml": "നമസ്കാരം|നന്ദി|മഴ|വെള്ളം|ചന്ത|ഇന്ന്|നാളെ",
    "mr": "नमस्कार|धन्यवाद|पाऊस|पाणी|बाजार|आज|उद्या",
    "or": "ନମସ୍କାର|ଧନ୍ୟବାଦ|ବର୍ଷା|ପାଣି|ବଜାର|ଆଜି|ଚାଷୀ",
    "pt": "olá|obrigado|chuva|água|mercado|hoje|amanhã",
    "sw": "habari|asante|mvua|maji|soko|leo|kesho",
    "ta": "வணக்கம்|நன்றி|மழை|தண்ணீர்|சந்தை|இன்று|நாளை",
    "te": "నమస్కారం|ధన్యవాదాలు|వర్షం|నీరు|మార్కెట్|ఈరోజు|రేపు",
}
NUMBERS = "0|1|3|4|7|8|11|16|20|48|75|100"


@dataclass(frozen=True, slots=True)
class Source:
    """A kind of recording as it arrives: the file name's ending and what makes ffmpeg write it."""

    suffix: str
    options: str


SOURCES = (
    Source(".wav", "-c:a pcm_s16le -ar 44100 -ac 2"),  # a studio
    Source(".wav", "-c:a pcm_s16le -ar 16000 -ac 1"),  # a recorder set to speech
    Source(".wav", "-c:a pcm_mulaw -ar 8000 -ac 1"),  # a telephone line
    Source(".mp3", "-c:a libmp3lame -b:a 64k -ar 22050 -ac 1"),
    Source(".ogg", "-c:a libvorbis -q:a 3 -ar 32000 -ac 1"),
    Source(".m4a", "-c:a aac -b:a 64k -ar 24000 -ac 1"),  # a phone's recorder
    Source(".flac", "-c:a flac -sample_fmt s16 -ar 48000 -ac 1"),
    Source(".webm", "-c:a libopus -b:a 32k -ar 48000 -ac 1"),  # a browser
)

PEAK_DBFS, SPREAD_DB = -13.0, 12.0
"""Peaks lie evenly within +-12 dB of -13 dBFS: none is clipped."""
EDGE_MS = 600
"""At most so much silence or noise before and after the word."""
DC_SHARE, DC = 0.2, 0.02
"""A fifth of the recorders has an offset, of at most 2 % of full scale."""
NOISE_SHARE, NOISE_DB = 0.5, (40.0, 65.0)
"""Half have noise all through, this many dB (RMS) under the word's peak; the others have digital silence around."""
VARIANTS = ("", "+f3", "+m3", "+f2")
"""espeak-ng's speakers; one for each language, as a voice is one person."""


class CorpusError(Exception):
    """The corpus cannot be made here; the message names the missing program."""


@dataclass(frozen=True, slots=True)
class Corpus:
    """Clips in a folder, a subfolder for each language: `hi/आज.wav`."""

    folder: Path
    keys: tuple[str, ...]
    """Paths inside of the folder, sorted."""
    seconds: float
    """Length of all recordings together, the silence around the words included."""
    recipe: str
    """Digest of the program that made it."""


def corpus(folder: Path = DEFAULT) -> Corpus:
    """The corpus of a folder, made first where it is not there or of another recipe.

    Raises
    ------
    CorpusError
        espeak-ng is not installed or fails, or ffmpeg fails, or the folder holds something else.
    """
    manifest = folder / MANIFEST
    if manifest.is_file():
        kept = json.loads(manifest.read_text())
        if kept["recipe"] == _recipe():
            return Corpus(folder, tuple(kept["keys"]), kept["seconds"], kept["recipe"])
        shutil.rmtree(folder)
    elif folder.is_dir() and any(folder.iterdir()):
        raise CorpusError(f"{folder} is not empty and holds no corpus: choose another folder")
    return _make(folder)


def _recipe() -> str:
    return hashlib.sha256(Path(__file__).read_bytes()).hexdigest()[:16]


def _make(folder: Path) -> Corpus:
    espeak = shutil.which("espeak-ng")
    if espeak is None:
        raise CorpusError("espeak-ng is not on PATH: apt-get install espeak-ng")
    folder.parent.mkdir(parents=True, exist_ok=True)
    wanted = [
        (language, phrase, SOURCES[(row + column) % len(SOURCES)])
        for row, language in enumerate(WORDS)
        for column, phrase in enumerate((WORDS[language] + "|" + NUMBERS).split("|"))
    ]
    # Made beside its place and moved there whole: an interrupted run leaves nothing that looks like a corpus.
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".corpus-") as scratch:
        part = Path(scratch) / "made"
        for language in WORDS:
            (part / language).mkdir(parents=True)
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            lengths = list(pool.map(partial(_record, espeak, part), *zip(*wanted, strict=True)))
        keys = tuple(sorted(f"{language}/{phrase}{source.suffix}" for language, phrase, source in wanted))
        made = Corpus(folder, keys, round(sum(lengths), 1), _recipe())
        kept = {name: value for name, value in asdict(made).items() if name != "folder"}
        (part / MANIFEST).write_text(json.dumps(kept, ensure_ascii=False, indent=1) + "\n")
        if folder.is_dir():
            folder.rmdir()
        part.rename(folder)
    return made


def _record(espeak: str, folder: Path, language: str, phrase: str, source: Source) -> float:
    """Write one clip; returns its length in seconds."""
    samples, rate = _spoken(espeak, language, phrase)
    heard = _as_recorded(samples, rate, np.random.default_rng(zlib.crc32(f"{language}/{phrase}".encode())))
    pcm = np.rint(np.clip(heard, -1.0, 1.0) * 32767).astype("<i2").tobytes()
    command = [
        *(ffmpeg_path(), "-hide_banner", "-loglevel", "error", "-nostdin", "-threads", "1"),
        *("-f", "s16le", "-ar", str(rate), "-ac", "1", "-i", "pipe:0"),
        *("-map_metadata", "-1", "-fflags", "+bitexact", "-flags:a", "+bitexact", *source.options.split()),
        str(folder / language / f"{phrase}{source.suffix}"),
    ]
    _run(command, pcm)
    return len(heard) / rate


def _spoken(espeak: str, language: str, phrase: str) -> tuple[npt.NDArray[np.float64], int]:
    """The word alone, peak 1.0, and its rate in Hz."""
    variant = VARIANTS[list(WORDS).index(language) % len(VARIANTS)]
    text = phrase.replace("_", " ").encode()
    with wave.open(
        io.BytesIO(_run([espeak, "-b", "1", "-v", language + variant, "--stdin", "--stdout"], text))
    ) as file:
        rate = file.getframerate()
        samples = np.frombuffer(file.readframes(1 << 24), "<i2").astype(np.float64)
    audible = np.flatnonzero(samples)
    if not len(audible):
        raise CorpusError(f"espeak-ng says nothing for '{phrase}' in '{language}'")
    word: npt.NDArray[np.float64] = samples[audible[0] : audible[-1] + 1] / np.abs(samples).max()
    return word, rate


def _as_recorded(word: npt.NDArray[np.float64], rate: int, dice: np.random.Generator) -> npt.NDArray[np.float64]:
    """The word at its own level, with a recorder's silence, noise and DC."""
    peak = 10.0 ** ((PEAK_DBFS + dice.uniform(-SPREAD_DB, SPREAD_DB)) / 20.0)
    before, after = (int(dice.integers(0, EDGE_MS * rate // 1000, endpoint=True)) for _ in range(2))
    heard: npt.NDArray[np.float64] = np.concatenate([np.zeros(before), word * peak, np.zeros(after)])
    if dice.random() < NOISE_SHARE:
        heard += dice.standard_normal(len(heard)) * peak * 10.0 ** (-dice.uniform(*NOISE_DB) / 20.0)
    if dice.random() < DC_SHARE:
        heard += dice.uniform(-DC, DC)
    return heard


def _run(command: Sequence[str], given: bytes) -> bytes:
    done = subprocess.run(command, input=given, capture_output=True, check=False)
    if done.returncode:
        raise CorpusError(f"{Path(command[0]).name} failed: {done.stderr.decode(errors='replace').strip()[-300:]}")
    return done.stdout


def main(arguments: Sequence[str] | None = None) -> int:
    """Make the corpus, or say that it is there."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.bench.corpus",
        description=f"Speak the bench's corpus with espeak-ng: {len(WORDS)} languages, {len(SOURCES)} source formats.",
    )
    parser.add_argument("--output", type=Path, default=DEFAULT, metavar="DIR", help="folder (default: .local/corpus)")
    try:
        made = corpus(parser.parse_args(arguments).output)
    except CorpusError as error:
        print(f"corpus: {error}", file=sys.stderr)
        return 1
    mean = made.seconds / len(made.keys)
    print(f"{made.folder}: {len(made.keys)} clips, {made.seconds:.0f} s (mean {mean:.2f} s), recipe {made.recipe}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
