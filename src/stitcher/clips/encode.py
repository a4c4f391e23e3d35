"""A prepared clip's samples encoded once for a profile, so that clips can be joined without decoding them again."""

from dataclasses import replace

import numpy as np

from stitcher.clips.prepared import PreparedClip
from stitcher.clips.speech import HOP, Spectrum, audible
from stitcher.formats import mp3, ogg
from stitcher.formats.ffmpeg import FfmpegFailed, transcode
from stitcher.formats.profiles import PCM, PROFILES, RATE
from stitcher.formats.wav import TELEPHONY_RATE

TELEPHONE_SHIFT = 20 * RATE // 1000
"""Samples: two clips carry 70 ms at most around their audible parts, and so 110 over a telephone, under the 120 of the
default pause."""


def encode(clip: PreparedClip, profile: str) -> PreparedClip:
    """The clip for another profile; `clip` is of the profile `wav`, and comes back as it is for that.

    Raises
    ------
    FfmpegFailed
        Where the encoder does not give what can be joined: a fault.
    """
    if profile == PCM:
        return clip
    chosen = PROFILES[profile]
    if chosen.codec == "mp3":
        payload, lead = _mp3_frames(clip, chosen.kbps), mp3.LEAD
    elif chosen.codec == "opus":
        payload, lead = _opus_packets(clip, chosen.kbps)
    else:
        payload, lead = _mulaw_codes(clip), 0
        clip = _heard_by_telephone(clip)
    return replace(clip, profile=profile, payload=payload, lead=lead)


def _mp3_frames(clip: PreparedClip, kbps: int) -> bytes:
    count = -(-(mp3.LEAD + clip.samples + mp3.TAIL_ZEROS) // mp3.FRAME)
    # More zeros than needed: the encoder's own last frames are not among those that are kept.
    samples = bytes(2 * mp3.LEAD_ZEROS) + clip.payload + bytes(2 * 6 * mp3.FRAME)
    coded = transcode(
        samples,
        *("-c:a", "libmp3lame", "-b:a", f"{kbps}k", "-reservoir", "0", "-compression_level", "2"),
        *("-write_xing", "0", "-id3v2_version", "0", "-f", "mp3"),
    )[: count * mp3.frame_bytes(kbps)]
    try:
        if mp3.check_frames(coded, kbps) == count:
            return coded
    except mp3.FrameError as error:
        raise FfmpegFailed(str(error)) from error
    raise FfmpegFailed(f"fewer than {count} frames")


def _opus_packets(clip: PreparedClip, kbps: int) -> tuple[bytes, int]:
    # A frame of zeros before the clip: the encoder makes it a packet of silence and switches modes after it by way of a
    # redundant frame, behind which decoders begin anew (RFC 6716, 4.5.2). At a switch without one ffmpeg's own decoder,
    # unlike libopus, keeps CELT's state: it would not decode a clip after another one as it does alone.
    lead = ogg.FRAME
    samples = bytes(2 * lead) + clip.payload + bytes(2 * 4 * ogg.FRAME)
    options = ("-c:a", "libopus", "-b:a", f"{kbps}k", "-vbr", "on", "-application", "audio", "-frame_duration", "20")
    try:
        pre_skip, packets = ogg.packets(transcode(samples, *options, "-f", "ogg"))
        lead += pre_skip
        kept = packets[: -(-(lead + clip.samples) // ogg.FRAME)]
        if kept[0] != ogg.SILENCE[ogg.FRAME]:
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
    spectrum[clip.samples * TELEPHONY_RATE // 2 // RATE + 1 :] = 0.0
    offset = clip.begin % HOP
    first, last = audible(Spectrum.of(np.fft.irfft(spectrum, clip.samples)[offset:]))
    begin = min(max(clip.begin, offset + first * HOP), clip.begin + TELEPHONE_SHIFT)
    end = max(min(clip.end, offset + last * HOP), clip.end - TELEPHONE_SHIFT)
    return replace(clip, begin=begin, end=end) if begin < end else clip


def _mulaw_codes(clip: PreparedClip) -> bytes:
    filters = f"aresample={TELEPHONY_RATE}:resampler=soxr:precision=28"
    return transcode(clip.payload, "-af", filters, "-c:a", "pcm_mulaw", "-f", "mulaw")
