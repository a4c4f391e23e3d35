"""Messages made of the sample clips by both paths, as ffmpeg and mpg123 play them."""

import shutil
import struct
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from stitcher.api.preview import expected
from stitcher.clip import Clip
from stitcher.clips.decode import decode
from stitcher.clips.encode import encode
from stitcher.clips.facts import Shape
from stitcher.clips.prepare import prepare
from stitcher.clips.prepared import PreparedClip
from stitcher.formats import ffmpeg as our_ffmpeg
from stitcher.formats import mp3, ogg
from stitcher.formats.ffmpeg import FfmpegFailed, transcode
from stitcher.formats.profiles import FORMS, PROFILES, SPLICED, TELEPHONE
from stitcher.joining.render import render
from stitcher.joining.splice import splice
from stitcher.joining.stitch import stitch
from stitcher.planning.plan import Pause, Plan
from tests.audio import RATE, Signal, band_noise, ffmpeg, played, samples_clip, samples_of, silence, tone, wav, where
from tests.paths import SAMPLES

# Of every source there is (studio, recorder, telephone, MP3, Ogg, M4A, FLAC), and of both voices.
NAMES = [
    *("hello.wav", "shreeshail.wav", "tonight.wav", "farmers.mp3", "pune.ogg", "please.m4a", "onion.flac"),
    "hindi/नमस्ते.wav",
]
MS = RATE // 1000
QUIET = {"alaw": 8}
"""A-law has no code of 0 (ITU-T G.711, table 1a): its quietest is 8 steps of 16 bits, and others leave 4 at most."""
every_spliced = pytest.mark.parametrize("profile", FORMS)
every_gap = pytest.mark.parametrize("gap_ms", [120, 300])


@cache
def ready(name: str, profile: str) -> PreparedClip:
    if profile == "wav":
        return prepare(name, (SAMPLES / name).read_bytes())
    return encode(ready(name, "wav"), [profile])[0]


def said(profile: str) -> list[PreparedClip]:
    return [ready(name, profile) for name in NAMES]


@cache
def spliced(profile: str, gap_ms: int) -> tuple[bytes, int]:
    return splice(said(profile), [gap_ms] * (len(NAMES) - 1), profile)


@cache
def heard(profile: str, gap_ms: int) -> npt.NDArray[np.int16]:
    """What is played of the spliced message, at the profile's own rate."""
    return played(spliced(profile, gap_ms)[0])


@cache
def places(profile: str, gap_ms: int) -> list[int]:
    """Where each recording is heard, in samples at 48 kHz: found by its sound, not by where it should be."""
    message = decode(spliced(profile, gap_ms)[0])
    found = [where(samples_of(ready(name, "wav")), message) for name in NAMES]
    assert min(likeness for _, likeness in found) > 0.8
    return [place for place, _ in found]


# What clips are encoded as


@pytest.mark.parametrize("profile", ["mp3", "mp3-96"])
def test_every_clip_is_whole_frames_that_stand_on_their_own(profile: str) -> None:
    for clip in said(profile):
        frames = mp3.check_frames(clip.payload, PROFILES[profile].kbps)
        assert frames * mp3.FRAME >= clip.lead + clip.samples + mp3.TAIL_ZEROS
        assert frames * mp3.FRAME < clip.lead + clip.samples + mp3.TAIL_ZEROS + mp3.FRAME


def test_every_opus_clip_is_packets_of_20_ms_that_reach_to_its_end() -> None:
    for clip in said("opus"):
        packets = ogg.unpack(clip.payload)
        assert {ogg.duration(packet) for packet in packets} == {ogg.FRAME}
        assert 0 <= len(packets) * ogg.FRAME - clip.lead - clip.samples < ogg.FRAME


@pytest.mark.parametrize(("form", "width"), [("ulaw", 1), ("alaw", 1), ("wav-8k", 2), ("wav-16k", 2)])
def test_every_clip_at_a_lower_rate_is_a_sample_for_each_six_or_three(form: str, width: int) -> None:
    step = RATE // PROFILES[form].rate
    for clip in said(form):
        assert abs(step * len(clip.payload) // width - clip.samples) < step


def test_all_forms_at_once_are_those_one_by_one() -> None:
    clip = ready("pune.ogg", "wav")
    assert encode(clip, FORMS) == [encode(clip, [form])[0] for form in FORMS]


def test_the_longest_clip_is_encoded_in_all_forms() -> None:
    """Its threads have the addresses that they need."""
    seconds = 60
    made = encode(unprepared(tone(seconds)), FORMS)
    assert [form.samples for form in made] == [seconds * RATE] * len(FORMS)


@every_spliced
def test_what_is_known_about_a_clip_does_not_depend_on_how_it_is_encoded(profile: str) -> None:
    for name in NAMES:
        clip, samples = ready(name, profile), ready(name, "wav")
        assert clip.profile == profile
        assert (clip.samples, clip.report) == (samples.samples, samples.report)


@every_spliced
def test_audible_edges_are_those_of_the_band_that_a_profile_carries(profile: str) -> None:
    for name in NAMES:
        clip, band, whole = (
            ready(name, each) for each in (profile, TELEPHONE if PROFILES[profile].rate == 8_000 else "wav", "wav")
        )
        assert (clip.begin, clip.end) == (band.begin, band.end)
        assert whole.begin <= clip.begin <= whole.begin + 20 * MS
        assert whole.end - 20 * MS <= clip.end <= whole.end


@pytest.mark.parametrize(("low_hz", "moved_ms"), [(5_000, 20), (2_500, 0)])
def test_a_telephone_does_not_hear_what_lies_over_4_khz(low_hz: int, moved_ms: int) -> None:
    hiss = [band_noise(0.1, low_hz, low_hz + 1_400, -30, seed) for seed in (1, 2)]
    clip = prepare("hiss", wav(np.concatenate([silence(0.2), hiss[0], tone(0.4, 300), hiss[1], silence(0.2)])))
    heard = encode(clip, ["ulaw"])[0]
    assert (heard.begin - clip.begin) / MS == pytest.approx(moved_ms, abs=5)
    assert (clip.end - heard.end) / MS == pytest.approx(moved_ms, abs=5)


@pytest.mark.parametrize("profile", ["ulaw", "wav-8k"])
@pytest.mark.parametrize("pause_ms", [0, -60])
def test_a_pause_over_a_telephone_is_rendered_as_the_preview_says(profile: str, pause_ms: int) -> None:
    planned = plan(profile, pause_ms)
    made = stitch(planned, Shelf().load)
    first, second = (ready(name, "ulaw") for name in NAMES[:2])
    assert made.duration_ms == pytest.approx((first.end - second.begin + second.samples) / MS + pause_ms, abs=1)
    assert expected(planned, [Shape.of(first), Shape.of(second)]) == ("rendered", made.why, made.duration_ms)


@every_spliced
def test_a_clip_alone_begins_where_its_recording_does_to_the_sample(profile: str) -> None:
    for name in NAMES:
        place, likeness = where(samples_of(ready(name, "wav")), decode(splice([ready(name, profile)], [], profile)[0]))
        assert place == 0
        assert likeness > 0.95


def unprepared(sound: Signal) -> PreparedClip:
    """A clip that is not faded out: what its codec leaves behind it is heard."""
    return samples_clip(np.rint(sound * 32767).astype("<i2").tobytes(), 0, len(sound))


@every_spliced
def test_a_clip_that_is_loud_to_its_end_is_heard_to_its_end_and_not_in_the_pause(profile: str) -> None:
    sound = tone(20 * mp3.FRAME / RATE, 440.0)
    clip = encode(unprepared(sound), [profile])[0]
    message = decode(splice([clip, clip], [300], profile)[0])
    last, pause = slice(len(sound) - 10 * MS, len(sound)), slice(len(sound) + 60 * MS, len(sound) + 240 * MS)
    assert np.std(message[last]) == pytest.approx(np.std(sound[last]), rel=0.15)
    assert np.abs(message[pause]).max() <= QUIET.get(profile, 4) / 32768


@pytest.mark.parametrize("profile", ["mp3", "mp3-96"])
@pytest.mark.parametrize("extra", [0, 1, 575, 577, 1151])
def test_behind_a_clip_frames_of_silence_sound_as_the_encoders_own(profile: str, extra: int) -> None:
    """However much of the last frame the clip takes: to 4 steps of 16 bits, as if encoded with the pause."""
    sound = tone((20 * mp3.FRAME + extra) / RATE, 440.0)
    clip = encode(unprepared(sound), [profile])[0]
    joined = played(splice([clip, clip], [300], profile)[0]).astype(int)
    whole = played(splice([encode(unprepared(np.append(sound, silence(0.2))), [profile])[0]], [], profile)[0]).astype(
        int
    )
    around = slice(len(sound) - 20 * MS, len(sound) + 150 * MS)
    assert np.abs(joined[around] - whole[around]).max() <= 4


@pytest.mark.parametrize(("form", "hz"), [("ulaw", 4600.0), ("alaw", 4600.0), ("wav-8k", 4600.0), ("wav-16k", 9200.0)])
def test_nothing_above_half_the_rate_is_folded_into_the_sound(form: str, hz: float) -> None:
    heard = played(splice([encode(unprepared(tone(0.5, hz)), [form])[0]], [], form)[0])
    assert np.std(heard[400:-400]) < 32768 * 0.35 / 1000


@every_spliced
def test_the_same_clip_is_encoded_to_the_same_bytes(profile: str) -> None:
    assert encode(ready("pune.ogg", "wav"), [profile])[0].to_bytes() == ready("pune.ogg", profile).to_bytes()


def test_an_encoder_that_says_nothing_is_a_fault() -> None:
    with pytest.raises(FfmpegFailed, match="no_such_encoder"):
        transcode(bytes(960), ("-f", "s16le"), ("-c:a", "no_such_encoder", "-f", "mp3"))


def test_an_encoder_that_does_not_finish_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(our_ffmpeg, "DECODE_SECONDS", 0)
    with pytest.raises(FfmpegFailed, match="encoding took longer than 0 s"):
        encode(ready("pune.ogg", "wav"), ["mp3"])[0]


# What is heard of a spliced message


MPG123 = shutil.which("mpg123")


def played_by_mpg123(file: bytes) -> npt.NDArray[np.int16]:
    """16 bit samples; unlike ffmpeg it is not a decoder that our encoder comes with."""
    with tempfile.NamedTemporaryFile(suffix=".mp3") as kept:
        kept.write(file)
        kept.flush()
        done = subprocess.run([str(MPG123), "-q", "-s", kept.name], capture_output=True, check=True)
    assert done.stderr == b""
    return np.frombuffer(done.stdout, np.int16)


PLAYERS = [pytest.param(profile, played, id=f"{profile} by ffmpeg") for profile in FORMS]
if MPG123:
    PLAYERS += [pytest.param(profile, played_by_mpg123, id=f"{profile} by mpg123") for profile in ("mp3", "mp3-96")]
else:
    PLAYERS[0] = pytest.param("mp3", played, id="mp3 by ffmpeg only: mpg123 is not on PATH")


@every_gap
@pytest.mark.parametrize(("profile", "player"), PLAYERS)
def test_a_spliced_message_is_exactly_as_long_as_it_is_said_to_be(
    profile: str, player: Callable[[bytes], npt.NDArray[np.int16]], gap_ms: int
) -> None:
    audio, duration = spliced(profile, gap_ms)
    assert len(player(audio)) * (RATE // PROFILES[profile].rate) == duration


@every_gap
@every_spliced
def test_pauses_are_heard_as_long_as_they_were_asked_for(profile: str, gap_ms: int) -> None:
    """MP3 has a grid of 24 ms; the others are within 3 ms."""
    clips, starts = said(profile), places(profile, gap_ms)
    begins = [start + clip.begin for start, clip in zip(starts, clips, strict=True)]
    ends = [start + clip.end for start, clip in zip(starts, clips, strict=True)]
    off_ms = [(begin - end) / MS - gap_ms for begin, end in zip(begins[1:], ends[:-1], strict=True)]
    assert max(map(abs, off_ms)) <= (12 if profile.startswith("mp3") else 3)


@every_gap
@pytest.mark.parametrize(("profile", "decoder"), [*((profile, "") for profile in FORMS), ("opus", "libopus")])
def test_inside_of_the_speech_a_message_is_its_clips(profile: str, decoder: str, gap_ms: int) -> None:
    """To the bit, but for 4 steps of 16 bits in MP3, against a message of each clip alone."""
    message, step = played(spliced(profile, gap_ms)[0], decoder).astype(int), RATE // PROFILES[profile].rate
    for name, place in zip(NAMES, places(profile, gap_ms), strict=True):
        clip = ready(name, profile)
        audible = slice(-(-clip.begin // step), clip.end // step)
        one = played(splice([clip], [], profile)[0], decoder)[audible].astype(int)
        # libopus plays everything 2 samples earlier than the decoder that found the places.
        least = min(
            np.abs(message[start : start + len(one)] - one).max()
            for start in range(max(0, place // step + audible.start - 3), place // step + audible.start + 4)
        )
        assert least <= (4 if profile.startswith("mp3") else 0), name


@every_gap
@every_spliced
def test_between_clips_there_is_silence(profile: str, gap_ms: int) -> None:
    """Behind the 45 ms that are kept of a release and before the 25 ms of an onset, with 5 ms each for the codec.

    They lie around what is heard in the whole band.
    """
    message, step, clips = heard(profile, gap_ms).astype(int), RATE // PROFILES[profile].rate, said("wav")
    for (start, clip), (after, following) in pairwise(zip(places(profile, gap_ms), clips, strict=True)):
        middle = message[(start + clip.end + 50 * MS) // step : (after + following.begin - 30 * MS) // step]
        assert len(middle) * step >= 20 * MS
        assert np.abs(middle).max() <= QUIET.get(profile, 4)


@every_spliced
def test_the_same_message_is_the_same_file(profile: str) -> None:
    assert splice(said(profile), [120] * (len(NAMES) - 1), profile) == spliced(profile, 120)


# What is heard of a rendered one


# MP3 with the bit rate in its header's third byte: 5 for 64, 7 for 96, 9 for 128 kbit/s.
RENDERED = [
    ("opus", 20, b"OggS"),
    ("opus", -60, b"OggS"),
    ("m4a", 120, b"ftypM4A"),
    ("m4a", -60, b"ftypM4A"),
    ("flac", 120, b"fLaC"),
    ("mp3-128", 120, b"\xff\xfb\x94"),
    ("mp3-96", 20, b"\xff\xfb\x74"),
    ("mp3", 0, b"\xff\xfb\x54"),
    ("mp3", -60, b"\xff\xfb\x54"),
    ("wav-8k", 20, b"WAVE"),
    ("wav-16k", -60, b"WAVE"),
    ("alaw", -60, b"WAVE"),
    ("amr", 120, b"#!AMR\n"),
    ("amr-wb", -60, b"#!AMR-WB\n"),
    ("gsm", 120, b""),  # it has no header
    ("ulaw", 20, b"WAVE"),
    ("ulaw", -60, b"WAVE"),
    ("wav", -60, b"WAVE"),
]
every_rendered = pytest.mark.parametrize(("profile", "gap_ms", "magic"), RENDERED)
SAID = NAMES[:4]


@cache
def rendered(profile: str, gap_ms: int) -> tuple[bytes, int]:
    return render([ready(name, "wav") for name in SAID], [gap_ms] * (len(SAID) - 1), profile)


@every_rendered
def test_a_rendered_message_is_in_its_format_and_as_long_as_it_is_said_to_be(
    profile: str, gap_ms: int, magic: bytes
) -> None:
    audio, duration_ms = rendered(profile, gap_ms)
    assert magic in audio[:12]
    # As WAV it has the same channels and rate.
    channels, rate = struct.unpack_from("<HI", ffmpeg(audio, "-f", "wav"), 22)
    assert (channels, rate) == (1, PROFILES[profile].rate)
    assert 1000 * len(played(audio)) / rate == pytest.approx(duration_ms, abs=45 if profile == "m4a" else 25)


@every_rendered
def test_in_a_rendered_message_every_pause_is_as_asked_for(profile: str, gap_ms: int, magic: bytes) -> None:
    clips, message = [ready(name, "wav") for name in SAID], decode(rendered(profile, gap_ms)[0])
    found = [where(samples_of(clip), message) for clip in clips]
    assert min(likeness for _, likeness in found) > (0.7 if profile in ("amr", "gsm") else 0.8)
    for (place, before), (after, clip) in pairwise(zip((place for place, _ in found), clips, strict=True)):
        assert (after + clip.begin - place - before.end) / MS == pytest.approx(gap_ms, abs=1)


@pytest.mark.parametrize("profile", ["wav", "flac", "mp3", "opus", "m4a"])
@pytest.mark.parametrize("gap_ms", [-20, -60, -500])
def test_a_crossfade_neither_clips_nor_clicks(profile: str, gap_ms: int) -> None:
    clips = np.concatenate([samples_of(ready(name, "wav")) for name in SAID])
    message = played(rendered(profile, gap_ms)[0]) / 32768
    # Encoders that leave out something overshoot: by 2 dB, AAC.
    assert np.abs(message).max() <= (np.abs(clips).max() if profile in ("wav", "flac") else 0.999)
    assert np.abs(np.diff(message)).max() <= 1.5 * np.abs(np.diff(clips)).max()


def test_the_same_message_is_rendered_to_the_same_file() -> None:
    for profile, gap_ms, _ in RENDERED:
        clips = [ready(name, "wav") for name in SAID]
        assert render(clips, [gap_ms] * (len(SAID) - 1), profile) == rendered(profile, gap_ms)


# Which of the two paths


def plan(profile: str, *pauses_ms: int) -> Plan:
    """The first clips, with these pauses between."""
    clips = [Clip(name, f"etag of {name}", 1, name) for name in NAMES]
    segments: list[Clip | Pause] = [clips[0]]
    for clip, ms in zip(clips[1:], pauses_ms, strict=False):
        segments += [Pause(ms), clip]
    return Plan(tuple(segments), profile)


class Shelf:
    """Gives the sample clips prepared, and remembers which profiles were asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def load(self, clips: Sequence[Clip], profile: str) -> list[PreparedClip]:
        self.asked.append(profile)
        return [ready(clip.key, profile) for clip in clips]


@every_spliced
def test_a_message_is_spliced_where_it_can_be(profile: str) -> None:
    shelf = Shelf()
    made = stitch(plan(profile, 120, 300), shelf.load)
    assert (made.path, made.why) == ("spliced", "")
    assert shelf.asked == [profile]
    assert 1000 * len(played(made.audio)) / PROFILES[profile].rate == pytest.approx(made.duration_ms, abs=0.6)


@every_spliced
def test_a_single_clip_is_spliced(profile: str) -> None:
    made = stitch(plan(profile), Shelf().load)
    assert made.path == "spliced"
    assert made.duration_ms == pytest.approx(ready(NAMES[0], profile).samples / MS, abs=1)


@pytest.mark.parametrize("profile", sorted(set(PROFILES) - set(SPLICED)))
def test_a_format_that_cannot_be_spliced_is_rendered(profile: str) -> None:
    shelf = Shelf()
    made = stitch(plan(profile, 120), shelf.load)
    assert (made.path, made.why) == ("rendered", f"{profile} cannot be spliced")
    assert shelf.asked == list(dict.fromkeys([PROFILES[profile].form, "wav"]))


@every_spliced
def test_a_crossfade_is_rendered(profile: str) -> None:
    made = stitch(plan(profile, 120, -60), Shelf().load)
    assert (made.path, made.why) == ("rendered", "clip 3 begins with a crossfade")


@every_spliced
def test_a_pause_that_is_too_short_is_rendered_and_the_shortest_named(profile: str) -> None:
    shelf = Shelf()
    made = stitch(plan(profile, 0), shelf.load)
    assert made.path == "rendered"
    assert list(dict.fromkeys(shelf.asked)) == list(dict.fromkeys([profile, "wav"]))
    shortest = int(made.why.removeprefix("the pause before clip 2 would be ").removesuffix(" ms at least"))
    assert stitch(plan(profile, shortest), shelf.load).path == "spliced"


SPLICING_ALONE = """
import sys

def forbidden(event, arguments):
    if event in ("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.fork", "socket.connect"):
        raise AssertionError(f"{event} {arguments}")

sys.addaudithook(forbidden)

from pathlib import Path
from stitcher.clip import Clip
from stitcher.planning.plan import Pause, Plan
from stitcher.clips.prepared import PreparedClip
from stitcher.joining.stitch import stitch

folder = Path(sys.argv[1])
clips = [Clip(name, name, 1, name) for name in ("one", "two")]
plan = Plan((clips[0], Pause(120), clips[1]), "mp3")
made = stitch(plan, lambda clips, _: [PreparedClip.from_bytes((folder / clip.key).read_bytes()) for clip in clips])
assert made.path == "spliced", made.why
(folder / "message.mp3").write_bytes(made.audio)
rooms = ("stitcher.joining.render", "stitcher.clips.prepare")
heavy = ("numpy", "pydub", "imageio_ffmpeg", "boto3", "botocore", "pydantic", *rooms)
print(*(name for name in heavy if name in sys.modules))
"""


def test_splicing_needs_nothing_but_the_standard_library_and_no_other_process(tmp_path: Path) -> None:
    """So that a message is made within milliseconds of a cold start, and without the ffmpeg layer."""
    clips = [ready(NAMES[0], "mp3"), ready(NAMES[1], "mp3")]
    for name, clip in zip(("one", "two"), clips, strict=True):
        (tmp_path / name).write_bytes(clip.to_bytes())
    command = [sys.executable, "-c", SPLICING_ALONE, str(tmp_path)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "\n", "")
    assert (tmp_path / "message.mp3").read_bytes() == splice(clips, [120], "mp3")[0]
