"""The recordings of a folder in the embedded AWS: put there, and those named that no message can say."""

import time
from collections.abc import Iterator
from pathlib import Path

from stitcher.clips.facts import REFUSED, Shapes
from stitcher.clips.prepared import prepared_folder
from stitcher.errors import StitchError
from stitcher.formats.profiles import FORMS
from stitcher.planning.catalogue import clip_of
from stitcher.planning.inventory import inventory
from stitcher.storage import BucketRepo, LocalRepo, Repo
from tools.local.stack import Stack, say

LISTED = 20
"""Recordings that are not said and named."""
LOOK_SECONDS = 0.2


def put(stack: Stack, folder: Path, voice: str = "") -> None:
    """Put a folder's recordings, and name those that a voice does not say."""
    say(f"{len(stack.put_clips(folder))} new files in s3://{stack.outputs['InputBucketName']}")
    try:
        _tell(list(inventory(LocalRepo(folder), voice).sentences()), folder)
    except StitchError:  # the service says it
        return


def name_refused(stack: Stack, folder: Path, seconds: float) -> None:
    """Name the recordings that the service could not prepare; it waits at most that long for new ones."""
    output = BucketRepo(stack.outputs["OutputBucketName"], stack.client("s3"))
    _tell(list(refused(LocalRepo(folder), output, seconds)), folder)


def refused(recordings: Repo, output: Repo, seconds: float = 0) -> Iterator[str]:
    """A sentence for each recording that could not be prepared. Decodes nothing: preparing left a note."""
    end = time.monotonic() + seconds
    for folder in ("", *recordings.folders()):
        clips = list(filter(None, map(clip_of, recordings.list(folder))))
        known = {clip.etag for clip in clips}
        noted = _recordings_of(output, folder, REFUSED)
        while not known <= noted | _recordings_of(output, folder, FORMS[0]) and time.monotonic() <= end:
            time.sleep(LOOK_SECONDS)
            noted = _recordings_of(output, folder, REFUSED)
        reasons = Shapes(output).refusals([clip for clip in clips if clip.etag in noted])
        yield from (f"{key} cannot be used: {reason}" for key, reason in sorted(reasons.items()))


def _recordings_of(output: Repo, folder: str, form: str) -> set[str]:
    """The ETags of recordings of which there is this form."""
    prefix = prepared_folder(folder, form)
    return {item.key.removeprefix(prefix).removesuffix(".clip") for item in output.list(prefix)}


def _tell(sentences: list[str], folder: Path) -> None:
    for sentence in sentences[:LISTED]:
        say(f"  {sentence}")
    if len(sentences) > LISTED:
        say(f"  and {len(sentences) - LISTED} more: .venv/bin/stitcher voice --audios {folder} lists them")
