"""Making recordings ready once: read, prepare, encode in every form, store."""

import hashlib
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

RECORDING = "recording-sha256"
"""Metadata of a prepared form: the SHA-256 (hex) of the recording that it was made of."""


def make_ready(clip: Clip, recordings: Repo, output: Repo) -> Report:
    """Store one clip's prepared forms; returns what preparing found.

    Raises
    ------
    UnusableClip
        The recording cannot be used, or another one with the same ETag is prepared already; nothing is stored.
    NotStored
        It was replaced or deleted since it was listed.
    """
    data = _read(clip, recordings)
    digest = hashlib.sha256(data).hexdigest()
    # ETags are MD5, of which people can make two files with the same one: messages would say now this one, now that.
    there = output.stat(prepared_key(clip, FORMS[0]))
    if there and there.metadata.get(RECORDING, digest) != digest:
        raise UnusableClip((clip.key, "another recording with the same MD5 is in use: change a byte, and put it again"))
    samples = prepare(clip.key, data)

    def store(ready: PreparedClip) -> None:
        about = {RECORDING: digest, **Shape.of(ready).to_metadata()}
        output.save(prepared_key(clip, ready.profile), ready.to_bytes(), metadata=about)

    with ThreadPoolExecutor(len(FORMS)) as pool:
        list(pool.map(store, encode(samples, FORMS)))
    return samples.report


def read_and_prepare(clip: Clip, recordings: Repo) -> PreparedClip:
    """One clip's samples, prepared; raises as `make_ready`."""
    return prepare(clip.key, _read(clip, recordings))


def _read(clip: Clip, recordings: Repo) -> bytes:
    if clip.size > limits.CLIP_BYTES:  # said without fetching it
        raise UnusableClip((clip.key, limits.clip_too_large(clip.size)))
    try:
        return recordings.read(clip.key, clip.etag)
    except Unreadable as error:
        raise UnusableClip((clip.key, str(error))) from None
