"""DNSMOS of noisy human speech: as it came, as it is prepared, and joined with silence or with comfort noise.

    python -m tools.bench.dnsmos

DNSMOS P.835 (Reddy et al., ICASSP 2022) guesses what listeners would say of the speech, of the noise and of both, from
1 to 5. Its model comes with the package speechmos. Only the model's file is used: the package needs 400 MB of others.

    .venv-bench/bin/python -m pip install onnxruntime && .venv-bench/bin/python -m pip install --no-deps speechmos

Needs the recordings of `ears.PACKAGES`. It belongs to no gate.
"""

import importlib
import importlib.util
import sys
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from stitcher.clips.decode import Samples, decode
from stitcher.clips.prepare import prepare
from stitcher.formats.profiles import RATE
from tools.bench import ears

WINDOW = round(9.01 * 16_000)
WORDS, MESSAGES, PAUSE_S = 6, 12, 0.12
# From raw answers to opinions: polynomials published with the model (signal, background, overall).
CURVES = (
    (-0.08397278, 1.22083953, 0.0052439),
    (-0.13166888, 1.60915514, -0.39604546),
    (-0.06766283, 1.11546468, 0.04602535),
)


class Opinion:
    """Signal, background and overall of 48 kHz samples."""

    def __init__(self) -> None:
        found = importlib.util.find_spec("speechmos")
        if found is None or found.origin is None:
            raise SystemExit(f"dnsmos: speechmos is not installed.\n{__doc__}")
        runtime: Any = importlib.import_module("onnxruntime")
        self._model = runtime.InferenceSession(str(Path(found.origin).parent / "dnsmos_models" / "sig_bak_ovr.onnx"))

    def of(self, samples: Samples) -> tuple[float, float, float]:
        spectrum = np.fft.rfft(samples)[: len(samples) // 6 + 1]
        low = np.fft.irfft(spectrum, len(samples) // 3) / 3.0
        filled = np.tile(low, -(-WINDOW // len(low)))[:WINDOW].astype(np.float32)
        raw = self._model.run(None, {"input_1": filled[None]})[0][0]
        signal, background, overall = (
            float(np.polyval(curve, value)) for curve, value in zip(CURVES, raw, strict=True)
        )
        return signal, background, overall


def joined(parts: list[Samples], pauses: list[Samples]) -> Samples:
    return np.concatenate([piece for pair in zip(parts, pauses, strict=True) for piece in pair])


def main() -> int:
    opinion = Opinion()
    if not ears.is_installed():
        raise SystemExit(f"dnsmos: there is no human speech here: apt-get install {ears.PACKAGES}")
    voices = [voice for voice in ears.VOICES if voice not in ears.NOISY_VOICES]
    speech = [
        (samples, rate) for _, samples, rate in ears.recordings(WORDS * MESSAGES // 5 + 1, voices) if rate == 16_000
    ]
    dice = np.random.default_rng(ears.SEED)
    print("| noise | as it came | prepared, silence between | prepared, comfort noise |\n| --- | --- | --- | --- |")
    for snr_db in (30, 20, 15, 10):
        scores: list[list[tuple[float, float, float]]] = [[], [], []]
        for message in range(MESSAGES):
            said = list(islice(speech, message * WORDS, (message + 1) * WORDS))
            given = [ears.noisy(samples, rate, snr_db, "pink", dice) for samples, rate in said]
            ready = [
                np.frombuffer(prepare("x", ears._wav(one.samples, one.rate)).payload, "<i2") / 32768.0 for one in given
            ]
            size = round(PAUSE_S * RATE)
            # The voice's own floor: the softest 5 % of 10 ms of the prepared clips.
            levels = np.concatenate(
                [(clip[: len(clip) // 480 * 480].reshape(-1, 480) ** 2).mean(axis=1) for clip in ready]
            )
            floor = float(np.sqrt(np.percentile(levels, 5)))
            comfort = [ears.noise_of(size, RATE, "pink", dice) * floor for _ in ready]
            came = [decode(ears._wav(one.samples, one.rate)) for one in given]
            scores[0].append(opinion.of(np.concatenate(came)))
            scores[1].append(opinion.of(joined(ready, [np.zeros(size)] * len(ready))))
            scores[2].append(opinion.of(joined(ready, comfort)))
        cells = [" / ".join(f"{value:.2f}" for value in np.mean(column, axis=0)) for column in scores]
        print(f"| {snr_db} dB | {' | '.join(cells)} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
