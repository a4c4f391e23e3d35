"""A prepared clip's samples encoded once in each form, so that clips can be joined without decoding them again."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from stitcher.clips.prepared import PreparedClip
from stitcher.clips.speech import HOP, Spectrum, audible
from stitcher.formats import mp3, ogg
from stitcher.formats.ffmpeg import FfmpegFailed, transcode
from stitcher.formats.profiles import LINEAR, PCM, PROFILES, RATE, Profile

TELEPHONE_RATE, TELEPHONE_SHIFT = 8_000, 20 * RATE // 1000
"""Samples a second of a telephone, and samples at `RATE`: two clips carry 70 ms at most around their audible parts, and
so 110 over a telephone, under the 120 of the default pause."""
_RAW = {"pcm": ("pcm_s16le", "s16le"), "ulaw": ("pcm_mulaw", "mulaw"), "alaw": ("pcm_alaw", "alaw")}
"""ffmpeg's encoder and container."""


def encode(clip: PreparedClip, forms: Sequence[str]) -> list[PreparedClip]:
    """The clip in other forms, by one call of ffmpeg.

    Parameters
    ----------
    clip
        Of the form `wav`; it comes back as it is for that.
    forms
        Of `profiles.FORMS`.

    Raises
    ------
    FfmpegFailed
        Where the encoder does not give what can be joined: a fault.
    """
    others = [PROFILES[form] for form in forms if form != PCM]
    if not others:
        return [clip] * len(forms)
    telephone = _heard_by_telephone(clip) if any(each.rate == TELEPHONE_RATE for each in others) else clip
    coded = iter(transcode(clip.payload, *map(_options, others)))
    return [clip if form == PCM else _form(clip, telephone, PROFILES[form], next(coded)) for form in forms]


def _options(profile: Profile) -> tuple[str, ...]:
    """What ffmpeg is told; codecs with frames get more zeros than needed, whose frames are not among those kept."""
    if profile.codec in LINEAR:
        encoder, container = _RAW[profile.codec]
        return ("-af", f"aresample={profile.rate}:resampler=soxr:precision=28", "-c:a", encoder, "-f", container)
    if profile.codec == "mp3":
        return (
            *("-af", _padded(mp3.LEAD_ZEROS, 6 * mp3.FRAME), "-c:a", "libmp3lame", "-b:a", f"{profile.kbps}k"),
            *("-reservoir", "0", "-compression_level", "2", "-write_xing", "0", "-id3v2_version", "0", "-f", "mp3"),
        )
    # A frame of zeros before the clip: the encoder makes it a packet of silence and switches modes after it by way of a
    # redundant frame, behind which decoders begin anew (RFC 6716, 4.5.2). At a switch without one ffmpeg's own decoder,
    # unlike libopus, keeps CELT's state: it would not decode a clip after another one as it does alone.
    return (
        *("-af", _padded(ogg.FRAME, 4 * ogg.FRAME), "-c:a", "libopus", "-b:a", f"{profile.kbps}k", "-vbr", "on"),
        *("-application", "audio", "-frame_duration", "20", "-f", "ogg"),
    )


def _padded(before: int, behind: int) -> str:
    """The filter that puts zeros around the samples; their numbers, in samples."""
    return f"adelay={before}S,apad=pad_len={behind}"


def _form(clip: PreparedClip, telephone: PreparedClip, profile: Profile, coded: bytes) -> PreparedClip:
    if profile.codec == "mp3":
        return replace(clip, profile=profile.name, payload=_mp3_frames(clip, profile.kbps, coded), lead=mp3.LEAD)
    if profile.codec == "opus":
        payload, lead = _opus_packets(clip, coded)
        return replace(clip, profile=profile.name, payload=payload, lead=lead)
    return replace(telephone if profile.rate == TELEPHONE_RATE else clip, profile=profile.name, payload=coded)


def _mp3_frames(clip: PreparedClip, kbps: int, coded: bytes) -> bytes:
    count = -(-(mp3.LEAD + clip.samples + mp3.TAIL_ZEROS) // mp3.FRAME)
    kept = coded[: count * mp3.frame_bytes(kbps)]
    try:
        if mp3.check_frames(kept, kbps) == count:
            return kept
    except mp3.FrameError as error:
        raise FfmpegFailed(str(error)) from error
    raise FfmpegFailed(f"fewer than {count} frames")


def _opus_packets(clip: PreparedClip, coded: bytes) -> tuple[bytes, int]:
    try:
        pre_skip, packets = ogg.packets(coded)
        lead = ogg.FRAME + pre_skip
        kept = packets[: -(-(lead + clip.samples) // ogg.FRAME)]
        if kept[:1] != [ogg.SILENCE[ogg.FRAME]]:
            raise FfmpegFailed("the packets do not begin with silence")
        if any(ogg.duration(packet) != ogg.FRAME for packet in kept):
            raise FfmpegFailed("packets of another duration than 20 ms")
    except ogg.OggError as error:
        raise FfmpegFailed(str(error)) from error
    return ogg.pack(kept), lead


def _heard_by_telephone(clip: PreparedClip) -> PreparedClip:
    """The clip with the audible edges of what lies under 4 kHz: the release of a "t", or an "s", may lie over that.

    They move inwards, by at most `TELEPHONE_SHIFT`.
    """
    spectrum = np.fft.rfft(np.frombuffer(clip.payload, "<i2") / 32768.0)
    spectrum[clip.samples * TELEPHONE_RATE // 2 // RATE + 1 :] = 0.0
    offset = clip.begin % HOP
    first, last = audible(Spectrum.of(np.fft.irfft(spectrum, clip.samples)[offset:]))
    begin = min(max(clip.begin, offset + first * HOP), clip.begin + TELEPHONE_SHIFT)
    end = max(min(clip.end, offset + last * HOP), clip.end - TELEPHONE_SHIFT)
    return replace(clip, begin=begin, end=end) if begin < end else clip
