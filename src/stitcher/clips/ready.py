"""Making recordings ready once: read, prepare, encode in every form, store."""

from concurrent.futures import ThreadPoolExecutor

from stitcher import limits
from stitcher.clip import Clip
from stitcher.clips.encode import encode
from stitcher.clips.facts import Shape
from stitcher.clips.prepare import prepare
from stitcher.clips.prepared import PreparedClip, Report, prepared_key
from stitcher.errors import UnusableClip
from stitcher.formats.profiles import FORMS
from stitcher.storage import Repo, Unreadable


def make_ready(clip: Clip, recordings: Repo, output: Repo) -> Report:
    """Store one clip's prepared forms; returns what preparing found.

    Raises
    ------
    UnusableClip
        The recording cannot be used; nothing is stored.
    NotStored
        It was replaced or deleted since it was listed.
    """
    samples = read_and_prepare(clip, recordings)

    def store(ready: PreparedClip) -> None:
        output.save(prepared_key(clip, ready.profile), ready.to_bytes(), metadata=Shape.of(ready).to_metadata())

    with ThreadPoolExecutor(len(FORMS)) as pool:
        list(pool.map(store, encode(samples, FORMS)))
    return samples.report


def read_and_prepare(clip: Clip, recordings: Repo) -> PreparedClip:
    """One clip's samples, prepared; raises as `make_ready`."""
    if clip.size > limits.CLIP_BYTES:  # said without fetching it
        raise UnusableClip((clip.key, limits.clip_too_large(clip.size)))
    try:
        data = recordings.read(clip.key, clip.etag)
    except Unreadable as error:
        raise UnusableClip((clip.key, str(error))) from None
    return prepare(clip.key, data)
