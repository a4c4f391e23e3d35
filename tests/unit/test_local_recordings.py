"""`make run` and `make serve` name the recordings that could not be prepared, by the notes that preparing left."""

from pathlib import Path

from tools.local.recordings import refused

from stitcher.clips.facts import note_refusal
from stitcher.clips.prepared import prepared_key
from stitcher.formats.profiles import FORMS
from stitcher.planning.catalogue import clip_of
from stitcher.storage import LocalRepo


def test_recordings_that_cannot_be_used_are_named_in_every_voice(tmp_path: Path) -> None:
    recordings, output = LocalRepo(tmp_path / "audios"), LocalRepo(tmp_path / "out")
    for key in ("hello.wav", "broken.wav", "new.wav", "hindi/picture.wav", "hindi/notes.txt"):
        recordings.save(key, key.encode(), content_type="audio/wav")
    for folder in ("", "hindi/"):
        for clip in filter(None, map(clip_of, recordings.list(folder))):
            if clip.key == "hello.wav":
                output.save(prepared_key(clip, FORMS[0]), b"", content_type="application/octet-stream")
            elif clip.key != "new.wav":
                note_refusal(clip, "it contains no audio", output)
    assert list(refused(recordings, output)) == [
        "broken.wav cannot be used: it contains no audio",
        "hindi/picture.wav cannot be used: it contains no audio",
    ]
    recordings.save("broken.wav", b"recorded anew", content_type="audio/wav")
    assert len(list(refused(recordings, output))) == 1, "of another recording, nothing is known"
