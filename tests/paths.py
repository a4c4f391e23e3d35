"""Where the tests find what they read."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SAMPLES = ROOT / "samples" / "clips"
"""The clips of the default voice; hindi has a folder in it."""
IMAGES = ROOT / "samples" / "images"
