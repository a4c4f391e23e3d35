"""A prepared clip's samples encoded once for a profile, so that clips can be joined without decoding them again."""

from dataclasses import replace

from stitcher.clips.prepared import PreparedClip
from stitcher.formats import mp3, ogg
from stitcher.formats.ffmpeg import FfmpegFailed, transcode
from stitcher.formats.profiles import PCM, PROFILES
from stitcher.formats.wav import TELEPHONY_RATE


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


def _mulaw_codes(clip: PreparedClip) -> bytes:
    filters = f"aresample={TELEPHONY_RATE}:resampler=soxr:precision=28"
    return transcode(clip.payload, "-af", filters, "-c:a", "pcm_mulaw", "-f", "mulaw")
