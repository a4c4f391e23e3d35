"""Encoded clips joined: where each lies, to the sample, in files taken apart again without an encoder or decoder."""

import struct
from array import array
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stitcher.clips.prepared import PreparedClip
from stitcher.formats import mp3, ogg
from stitcher.formats.profiles import FORMS, LINEAR, PROFILES, RATE
from stitcher.joining.splice import LATE_MS, CannotSplice, splice
from tests.audio import REPORT

MS = RATE // 1000
PRE_SKIP = 312
"""What libopus asks for at 48 kHz."""


class Shape(NamedTuple):
    """Samples before, in and after the audible part of a clip, as long as preparing leaves them."""

    before: int
    audible: int
    after: int

    @property
    def samples(self) -> int:
        return sum(self)


SHAPES = st.builds(Shape, st.integers(0, 25 * MS), st.integers(1, 80 * MS), st.integers(0, 45 * MS))


class Message(NamedTuple):
    shapes: list[Shape]
    pauses_ms: list[int]


def messages(least_ms: int, most_ms: int = 400) -> st.SearchStrategy[Message]:
    return st.integers(1, 5).flatmap(
        lambda count: st.builds(
            Message,
            st.lists(SHAPES, min_size=count, max_size=count),
            st.lists(st.integers(least_ms, most_ms), min_size=count - 1, max_size=count - 1),
        )
    )


# Clips by profile; the number of a clip is all that its payload says.


def wav_clip(number: int, shape: Shape) -> PreparedClip:
    samples = array("h", [0] * shape.before + [number] * shape.audible + [0] * shape.after)
    return clip("wav", samples.tobytes(), shape)


def slower_clip(number: int, shape: Shape, form: str) -> PreparedClip:
    """A sixth or a third of the samples, rounded up as a resampler does; its number is in all of them."""
    sample = number.to_bytes(2, "little") if LINEAR[PROFILES[form].codec][0] == 2 else bytes((number % 200 + 1,))
    return clip(form, sample * -(-shape.samples // GRIDS[form]), shape)


def opus_clip(number: int, shape: Shape) -> PreparedClip:
    packet = b"\xf8" + struct.pack("<H", number) + b"clip"
    return clip("opus", ogg.pack([packet] * -(-(PRE_SKIP + shape.samples) // ogg.FRAME)), shape, PRE_SKIP)


def mp3_clip(number: int, shape: Shape, profile: str = "mp3") -> PreparedClip:
    kbps = PROFILES[profile].kbps
    frame = (mp3.header(kbps) + b"\0\0" + struct.pack("<H", number) + b"clip").ljust(mp3.frame_bytes(kbps), b"\0")
    return clip(profile, frame * -(-(mp3.LEAD + shape.samples + mp3.TAIL_ZEROS) // mp3.FRAME), shape, mp3.LEAD)


def clip(profile: str, payload: bytes, shape: Shape, lead: int = 0) -> PreparedClip:
    edges = shape.before, shape.before + shape.audible
    return PreparedClip(profile, payload, shape.samples, lead, *edges, REPORT)


MAKERS: dict[str, Callable[[int, Shape], PreparedClip]] = {
    "mp3": mp3_clip,
    "mp3-96": lambda number, shape: mp3_clip(number, shape, "mp3-96"),
    "opus": opus_clip,
    "wav": wav_clip,
}
SLOWER = ("wav-16k", "wav-8k", "ulaw", "alaw")
MAKERS |= {form: partial(slower_clip, form=form) for form in SLOWER}
GRIDS = {"mp3": 1152, "mp3-96": 1152, "opus": 120, "wav": 1, "wav-16k": 3, "wav-8k": 6, "ulaw": 6, "alaw": 6}
"""What the place of a clip is a multiple of, in samples at 48 kHz."""
every_profile = pytest.mark.parametrize("profile", FORMS)
every_kind = pytest.mark.parametrize("profile", ["mp3", "opus", "wav", "wav-8k", "alaw"])
"""One for each way to join."""


def clips_of(shapes: Sequence[Shape], profile: str) -> list[PreparedClip]:
    return [MAKERS[profile](number, shape) for number, shape in enumerate(shapes, 1)]


def places_in(file: bytes, profile: str, shapes: Sequence[Shape]) -> list[int]:
    """Where each clip's first sample lies in what a player plays, in samples at 48 kHz."""
    numbers = range(1, len(shapes) + 1)
    if profile == "wav":  # only the audible part of a clip has its number
        samples, found = samples_in(file), [0]
        for number in numbers:
            found.append(samples.index(number, found[-1]))
        return [begin - shape.before for begin, shape in zip(found[1:], shapes, strict=True)]
    if profile in SLOWER:
        held, at, found = samples_in(file), 0, []
        for number in numbers:
            at = held.index(number if held.itemsize == 2 else number % 200 + 1, at)
            found.append(GRIDS[profile] * at)
        return found
    starts: dict[int, int] = {}
    for place, number in packets_in(file) if profile == "opus" else frames_in(file):
        starts.setdefault(number, place)
    return [starts[number] for number in numbers]


def frames_in(file: bytes) -> Iterator[tuple[int, int]]:
    """Where each frame after the tag begins, and whose it is; 0 for silence."""
    kbps = file[161]
    size = mp3.frame_bytes(kbps)
    audio = file[size:]
    assert mp3.check_frames(audio, kbps) == struct.unpack_from(">I", file, 29)[0]
    skipped = (int.from_bytes(file[162:165], "big") >> 12) + mp3.DECODER_DELAY
    for index in range(len(audio) // size):
        frame = audio[index * size :][:size]
        assert frame[8:12] == b"clip" or frame == mp3.silence(kbps)
        yield index * mp3.FRAME + mp3.LEAD - skipped, struct.unpack_from("<H", frame, 6)[0]


def packets_in(file: bytes) -> Iterator[tuple[int, int]]:
    """Where each packet begins, and whose it is; 0 for silence."""
    skipped, held = ogg.packets(file)
    place = PRE_SKIP - skipped
    for packet in held:
        assert packet[3:] == b"clip" or packet in ogg.SILENCE.values()
        yield place, struct.unpack_from("<H", packet, 1)[0] if packet[3:] else 0
        place += ogg.duration(packet)


def samples_in(file: bytes) -> "array[int]":
    """Of a WAV; codes of a byte as they are."""
    start = file.index(b"data") + 8
    samples = file[start : start + struct.unpack_from("<I", file, start - 4)[0]]
    return array("h" if struct.unpack_from("<H", file, 20)[0] == 1 else "B", samples)


def pauses_in(file: bytes, profile: str, shapes: Sequence[Shape]) -> list[int]:
    """Samples between audible edges."""
    places = places_in(file, profile, shapes)
    ends = [place + shape.before + shape.audible for place, shape in zip(places, shapes, strict=True)]
    begins = [place + shape.before for place, shape in zip(places, shapes, strict=True)]
    return [begin - end for begin, end in zip(begins[1:], ends[:-1], strict=True)]


# Where clips lie


@every_kind
@given(messages(least_ms=140))
def test_a_pause_is_as_long_as_wanted_to_half_a_step_of_the_grid(profile: str, message: Message) -> None:
    """With 140 ms there is always room for what clips carry around their audible parts, and their codecs need."""
    file, _ = splice(clips_of(message.shapes, profile), message.pauses_ms, profile)
    for pause, wanted in zip(pauses_in(file, profile, message.shapes), message.pauses_ms, strict=True):
        assert abs(pause - wanted * MS) <= GRIDS[profile] // 2


@every_kind
@given(messages(least_ms=0, most_ms=200))
def test_a_pause_is_never_shorter_than_that_and_at_most_24_ms_longer(profile: str, message: Message) -> None:
    try:
        file, _ = splice(clips_of(message.shapes, profile), message.pauses_ms, profile)
    except CannotSplice:
        return
    for pause, wanted in zip(pauses_in(file, profile, message.shapes), message.pauses_ms, strict=True):
        assert -(GRIDS[profile] // 2) <= pause - wanted * MS <= LATE_MS * MS


@pytest.mark.parametrize("profile", ["mp3", "mp3-96"])
def test_an_mp3_pause_is_12_ms_off_at_most(profile: str) -> None:
    """Every phase of the grid of 24 ms."""
    shapes = [Shape(10 * MS, 100 * MS, 30 * MS)] * 2
    for wanted in range(140, 170):
        file, _ = splice(clips_of(shapes, profile), [wanted], profile)
        assert abs(pauses_in(file, profile, shapes)[0] / MS - wanted) <= 12


@every_kind
@given(messages(least_ms=0))
def test_the_duration_is_from_the_first_clips_beginning_to_the_last_ones_end(profile: str, message: Message) -> None:
    try:
        file, duration = splice(clips_of(message.shapes, profile), message.pauses_ms, profile)
    except CannotSplice:
        return
    places = places_in(file, profile, message.shapes)
    assert places[0] == 0
    exact = places[-1] + message.shapes[-1].samples
    step = GRIDS[profile] if profile in SLOWER else 1
    assert duration == -(-exact // step) * step
    assert played_samples(file, profile) == duration


def played_samples(file: bytes, profile: str) -> int:
    """The length at 48 kHz that the file itself states."""
    if profile in ("mp3", "mp3-96"):
        frames, trimmed = struct.unpack_from(">I", file, 29)[0], int.from_bytes(file[162:165], "big")
        return int(frames * mp3.FRAME - (trimmed >> 12) - (trimmed & 0xFFF))
    if profile == "opus":
        last = file.rindex(b"OggS")
        return int(struct.unpack_from("<q", file, last + 6)[0]) - ogg.packets(file)[0]
    return GRIDS[profile] * len(samples_in(file))


@every_kind
@given(messages(least_ms=140))
def test_every_clip_is_in_the_file_as_it_was_encoded_and_in_order(profile: str, message: Message) -> None:
    clips = clips_of(message.shapes, profile)
    file, _ = splice(clips, message.pauses_ms, profile)
    if profile == "opus":
        file = ogg.pack(ogg.packets(file)[1])
    position = 0
    for each in clips:
        position = file.index(each.payload, position) + len(each.payload)


@every_kind
@given(shape=SHAPES)
def test_a_single_clip_is_a_message(profile: str, shape: Shape) -> None:
    alone = clips_of([shape], profile)
    file, duration = splice(alone, [], profile)
    assert places_in(file, profile, [shape]) == [0]
    assert 0 <= duration - shape.samples < 6


@every_profile
def test_500_clips_are_a_message(profile: str) -> None:
    shapes = [Shape(7 * MS + number, 20 * MS, 30 * MS) for number in range(500)]
    clips = clips_of(shapes, profile)
    file, duration = splice(clips, [150] * 499, profile)
    wanted = 500 * 20 * MS + 499 * 150 * MS
    assert abs(duration - wanted - shapes[0].before - shapes[-1].after) <= 499 * GRIDS[profile] // 2 + 6
    assert played_samples(file, profile) == duration
    if profile not in ("ulaw", "alaw"):  # whose codes do not number so many
        assert all(abs(pause - 150 * MS) <= GRIDS[profile] // 2 for pause in pauses_in(file, profile, shapes))


@every_profile
def test_the_same_clip_may_be_said_again_and_again(profile: str) -> None:
    one = MAKERS[profile](1, Shape(10 * MS, 100 * MS, 30 * MS))
    file, _ = splice([one] * 3, [200] * 2, profile)
    payload = ogg.pack(ogg.packets(file)[1]) if profile == "opus" else file
    assert payload.count(one.payload) == 3


@pytest.mark.parametrize(
    ("profile", "wrapped"), [("ulaw-raw", "ulaw"), ("alaw-raw", "alaw"), ("sln", "wav-8k"), ("sln16", "wav-16k")]
)
@given(messages(least_ms=140))
def test_a_raw_file_is_the_samples_of_its_wav_alone(profile: str, wrapped: str, message: Message) -> None:
    clips = clips_of(message.shapes, PROFILES[profile].form)
    raw, duration = splice(clips, message.pauses_ms, profile)
    file, same = splice(clips, message.pauses_ms, wrapped)
    assert (raw, duration) == (samples_in(file).tobytes(), same)


@pytest.mark.parametrize(("profile", "kbps"), [("mp3", 64), ("mp3-96", 96)])
def test_all_frames_of_an_mp3_have_the_bit_rate_of_its_profile(profile: str, kbps: int) -> None:
    """The one with the length, too: players show the bit rate of the first."""
    file, _ = splice(clips_of([Shape(10 * MS, 100 * MS, 30 * MS)] * 2, profile), [200], profile)
    assert mp3.check_frames(file, kbps)


@every_profile
def test_the_same_message_is_the_same_file(profile: str) -> None:
    shapes = [Shape(10 * MS, 100 * MS, 30 * MS)] * 3
    one, other = (splice(clips_of(shapes, profile), [200, 300], profile) for _ in range(2))
    assert one == other


def test_at_least_the_shortest_silence_stands_between_two_opus_clips() -> None:
    """It resets the decoder, so that the second clip decodes as it does alone."""
    shapes, between = [Shape(10 * MS, 100 * MS, 30 * MS)] * 2, []
    for pause in range(150):
        with suppress(CannotSplice):
            owners = [number for _, number in packets_in(splice(clips_of(shapes, "opus"), [pause], "opus")[0])]
            between.append(owners.count(0))
    assert min(between) == 1


# What cannot be spliced


@every_kind
@given(shapes=st.lists(SHAPES, min_size=2, max_size=3), wanted=st.integers(0, 150))
def test_the_shortest_pause_is_named_and_can_be_had(profile: str, shapes: list[Shape], wanted: int) -> None:
    clips = clips_of(shapes[:2], profile)
    try:
        splice(clips, [wanted], profile)
    except CannotSplice as error:
        named = str(error)
        shortest = int(named.removeprefix("the pause before clip 2 would be ").removesuffix(" ms at least"))
        assert shortest > wanted + LATE_MS - 1
        file, _ = splice(clips, [shortest], profile)
        (pause,) = pauses_in(file, profile, shapes[:2])
        assert abs(pause - shortest * MS) <= GRIDS[profile] // 2 + MS // 2 + 1


def test_the_clip_with_the_tight_pause_is_named() -> None:
    clips = clips_of([Shape(17 * MS, 100 * MS, 27 * MS)] * 4, "wav")
    with pytest.raises(CannotSplice, match=r"^the pause before clip 3 would be 44 ms at least$"):
        splice(clips, [100, 10, 0], "wav")


@pytest.mark.parametrize(("wanted", "shortest"), [(0, 44), (19, 44)])
def test_samples_need_room_for_what_is_kept_around_the_audible_parts(wanted: int, shortest: int) -> None:
    clips = clips_of([Shape(17 * MS, 100 * MS, 27 * MS)] * 2, "wav")
    with pytest.raises(CannotSplice, match=f"would be {shortest} ms at least"):
        splice(clips, [wanted], "wav")
    assert splice(clips, [wanted + 1 if wanted else shortest], "wav")


@every_profile
@pytest.mark.parametrize("pause", [-1, -10, -24, -60, -500])
def test_a_crossfade_is_never_spliced(profile: str, pause: int) -> None:
    """Not even where the clips have nothing around their audible parts, and the room would do."""
    clips = clips_of([Shape(0, 4800, 0)] * 2, profile)
    with pytest.raises(CannotSplice, match=r"^clip 2 begins with a crossfade$"):
        splice(clips, [pause], profile)
