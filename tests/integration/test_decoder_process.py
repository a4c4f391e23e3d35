"""The processes that decode what nobody vouches for: what they may open, take and read."""

import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stitcher import limits
from stitcher.clips.decode import read
from stitcher.clips.prepare import prepare
from stitcher.errors import UnusableClip
from stitcher.formats import ffmpeg
from stitcher.formats.ffmpeg import DECODERS, DecodeError, decode_to_wav, ffmpeg_path
from tests.audio import silence, speech, wav
from tests.examples import of_usual
from tests.paths import ROOT, SAMPLES

RECORDED = wav(np.concatenate([silence(0.2), speech(1.0), silence(0.3)]))


def film(tmp_path: Path, container: str, video: str, audio: str, *options: str) -> bytes:
    """A moving picture with the recording as its sound; `audio` "" leaves that out."""
    (tmp_path / "sound.wav").write_bytes(RECORDED)
    made = tmp_path / "film"
    sound = ["-c:a", audio] if audio else ["-an"]
    command = [
        *(ffmpeg_path(), "-v", "error", "-f", "lavfi", "-i", "testsrc=size=64x64:rate=10:duration=1.5"),
        *("-i", str(tmp_path / "sound.wav"), "-c:v", video, *sound, *options, "-f", container, str(made)),
    ]
    subprocess.run(command, check=True)
    return made.read_bytes()


FILMS = [
    ("mp4", "libx264", "aac"),
    ("mov", "jpeg2000", "aac"),
    ("webm", "libvpx", "libopus"),
    ("matroska", "magicyuv", "pcm_s16le"),
    ("matroska", "ffv1", "flac"),
    ("3gp", "mpeg4", "libopencore_amrnb"),
]
COVERS = [("ipod", "mjpeg", "aac"), ("flac", "mjpeg", "flac"), ("mp3", "png", "libmp3lame")]


@pytest.mark.parametrize(("container", "video", "audio"), FILMS)
def test_the_sound_of_a_film_is_a_clip_and_its_pictures_are_not_decoded(
    container: str, video: str, audio: str, tmp_path: Path
) -> None:
    options = ["-ar", "8000", "-ac", "1"] if "amr" in audio else []
    data = film(tmp_path, container, video, audio, *options)
    assert read(data).warnings == ()
    assert 1.4 < len(read(data).samples) / 48_000 < 1.7
    assert video.removeprefix("lib") not in DECODERS.split(",")


@pytest.mark.parametrize(("container", "video", "audio"), COVERS)
def test_a_cover_is_no_damage(container: str, video: str, audio: str, tmp_path: Path) -> None:
    cover = ("-frames:v", "1", "-disposition:v", "attached_pic") if container != "mp3" else ("-frames:v", "1")
    data = film(tmp_path, container, video, audio, "-map", "1:a", "-map", "0:v", *cover)
    assert [warning for warning in read(data).warnings if "could not be read" in warning] == []


@pytest.mark.parametrize(("container", "video"), [("matroska", "magicyuv"), ("mov", "jpeg2000"), ("matroska", "ffv1")])
def test_a_film_without_sound_is_refused_and_no_decoder_is_opened(container: str, video: str, tmp_path: Path) -> None:
    with pytest.raises(DecodeError, match="not audio"):
        decode_to_wav(film(tmp_path, container, video, ""), rate=48_000, seconds=61)


@pytest.mark.parametrize("codec", ["ac3", "dca", "truehd", "wavpack", "tta"])
def test_sound_that_no_recorder_writes_is_refused(codec: str, tmp_path: Path) -> None:
    (tmp_path / "sound.wav").write_bytes(RECORDED)
    made = tmp_path / "sound"
    command = [ffmpeg_path(), "-v", "error", "-i", str(tmp_path / "sound.wav"), "-strict", "-2", "-c:a", codec]
    subprocess.run([*command, "-f", "matroska", str(made)], check=True)
    with pytest.raises(UnusableClip):
        prepare("hello.mka", made.read_bytes())


@pytest.mark.parametrize("codec", DECODERS.split(","))
def test_every_decoder_that_is_meant_is_there(codec: str) -> None:
    said = subprocess.run([ffmpeg_path(), "-v", "error", "-h", f"decoder={codec}"], capture_output=True, text=True)
    assert said.stdout.startswith(f"Decoder {codec} ")


# Recordings that were changed

RECORDINGS = [
    (SAMPLES / name).read_bytes() for name in ("hello.wav", "farmers.mp3", "pune.ogg", "please.m4a", "onion.flac")
]
EDITS = st.lists(
    # Mostly in the headers, which is where decoders go wrong.
    st.tuples(st.floats(0, 0.02) | st.floats(0, 1), st.integers(0, 9), st.binary(max_size=9)),
    min_size=1,
    max_size=12,
)


def edited(data: bytes, edits: list[tuple[float, int, bytes]]) -> bytes:
    for share, gone, new in edits:
        at = round(share * len(data))
        data = data[:at] + new + data[at + gone :]
    return data


@given(st.builds(edited, st.sampled_from(RECORDINGS), EDITS))
@of_usual(50)
def test_a_changed_recording_is_prepared_or_refused_with_a_reason(data: bytes) -> None:
    try:
        ready = prepare("v/hello.wav", data)
    except UnusableClip as refused:
        ((key, reason),) = refused.unusable
        assert key == "v/hello.wav"
        assert 0 < len(reason) < 300
    else:
        assert 0 <= ready.begin < ready.end <= ready.samples <= limits.CLIP_SECONDS * 48_000


# What a process has that decodes


class Spy:
    """A program in ffmpeg's place."""

    def __init__(self, folder: Path, script: str) -> None:
        self.path = folder / "ffmpeg"
        self.path.write_text("#!/bin/sh\n" + script)
        self.path.chmod(0o755)

    def said(self, monkeypatch: pytest.MonkeyPatch) -> str:
        """What it writes."""
        monkeypatch.setattr(ffmpeg, "ffmpeg_path", lambda: str(self.path))
        return decode_to_wav(b"x", rate=48_000, seconds=1).wav.decode()


def test_ffmpeg_has_nothing_of_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "the-secret")
    said = Spy(tmp_path, "tr '\\0' '\\n' < /proc/self/environ; echo end").said(monkeypatch)
    assert "the-secret" not in said
    assert {line.partition("=")[0] for line in said.splitlines()} <= {"PWD", "OLDPWD", "SHLVL", "_", "end"}


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no prlimit")
def test_ffmpeg_has_limits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # They are set while it starts; its children have them, too.
    waits = "until grep -q 'Max core file size *0 *0' /proc/self/limits; do :; done; cat /proc/self/limits"
    said = Spy(tmp_path, waits).said(monkeypatch)
    had = {line[:26].strip(): line[26:].split()[:2] for line in said.splitlines()}
    assert had["Max cpu time"] == [str(ffmpeg.CPU_SECONDS)] * 2
    assert had["Max address space"] == [str(ffmpeg.MEMORY_BYTES)] * 2
    assert had["Max core file size"] == ["0", "0"]
    assert had["Max file size"] == ["0", "0"]


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no prlimit")
def test_what_takes_too_much_of_a_processor_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ffmpeg, "CPU_SECONDS", 1)
    with pytest.raises(DecodeError, match="too much time or memory"):
        Spy(tmp_path, "while :; do :; done").said(monkeypatch)


CHILD = "import os,sys; sys.stdout.write(open(f'/proc/{os.getppid()}/environ').read())"
PARENT = """
    import os, subprocess, sys
    {hide}
    done = subprocess.run([sys.executable, "-I", "-S", "-c", {child!r}], capture_output=True, text=True, env={{}})
    print("read" if "the-secret" in done.stdout else "refused" if "PermissionError" in done.stderr else done)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="there is no /proc")
@pytest.mark.parametrize(("hidden", "outcome"), [(False, "read"), (True, "refused")])
def test_the_credentials_of_the_function_cannot_be_read_by_a_decoder(
    hidden: bool, outcome: str, tmp_path: Path
) -> None:
    source = (ROOT / "src/handlers/private.py").read_text()
    hide = "exec(" + repr(source) + ", globals()); hide()" if hidden else ""
    # Root may read everything; functions are not root.
    user: dict[str, Any] = {"user": 65_534, "group": 65_534, "extra_groups": []} if os.getuid() == 0 else {}
    python = "/usr/bin/python3" if user else sys.executable
    if not Path(python).exists():
        pytest.skip("no Python that another user may run")
    script = textwrap.dedent(PARENT).format(hide=hide, child=CHILD)
    done = subprocess.run(
        [python, "-I", "-S", "-c", script], env={"AWS_SECRET_ACCESS_KEY": "the-secret"}, cwd="/",
        capture_output=True, text=True, check=True, **user,
    )  # fmt: skip
    assert done.stdout.strip() == outcome


@pytest.mark.parametrize("function", ["prepare_clip", "fetch_clips", "identify_image"])
def test_functions_that_start_a_decoder_hide_their_credentials(function: str) -> None:
    assert "\nprivate.hide()\n" in (ROOT / "functions" / function / "app.py").read_text()
