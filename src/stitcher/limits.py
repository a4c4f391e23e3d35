"""The limits of DESIGN.md in one place. They are checked, and said in the error when passed."""

MESSAGE_CHARACTERS = 2_000
SEGMENTS = 500
"""Clips and pauses of one message."""
GAP_MS = 5_000
CLIP_SECONDS = 60
CLIP_BYTES = 20 * 1024 * 1024
PLAN_BYTES = 200 * 1024
"""A plan travels through Step Functions, whose payload ends at 256 KiB; the rest is left for the envelope."""

DEFAULT_GAP_MS = 120
