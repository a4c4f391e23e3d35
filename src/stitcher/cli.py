"""The `stitcher` command: say a message with the clips of a folder, without AWS."""

import argparse
import json
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from stitcher import limits
from stitcher.catalogue import Catalogue, Clip, voice_prefix
from stitcher.encode import encode
from stitcher.errors import MissingWords, StitchError, UnusableClip
from stitcher.ffmpeg import FfmpegFailed, FfmpegMissing
from stitcher.plan import Plan, plan_message
from stitcher.prepare import prepare
from stitcher.prepared import PreparedClip
from stitcher.profiles import PCM, PROFILES
from stitcher.repo import LocalRepo, NotStored, Repo
from stitcher.stitch import Load, stitch

REFUSED, FAULT = 2, 1


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code: 0 made, 2 refused (the reason is on standard error), 1 a fault."""
    options = _parser().parse_args(arguments)
    try:
        answer = _say(options)
    except StitchError as refusal:
        _report(refusal, as_json=options.json)
        return REFUSED
    except (OSError, NotStored, FfmpegMissing, FfmpegFailed) as fault:
        print(f"stitcher: {fault}", file=sys.stderr)
        return FAULT
    print(json.dumps(answer, ensure_ascii=False, indent=2) if options.json else f"{answer['output_file']}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="stitcher",
        description="Say a message: find the recorded clip of each word or phrase and join them at equal loudness.",
        epilog="Exit codes: 0 made; 2 refused, a word has no clip, say, and then no file is written; 1 fault.",
    )
    parser.add_argument("-m", "--message", required=True, help='what to say, "hello, shreeshail"')
    parser.add_argument(
        "-a", "--audios", required=True, type=Path, metavar="FOLDER", help="folder of clips; hello.wav says hello"
    )
    parser.add_argument(
        "-o", "--output", type=Path, metavar="FILE", help="file to write (default: the phrases joined by __, here)"
    )
    parser.add_argument("--voice", default="", help="a voice: a subfolder of the clips (default: the folder itself)")
    parser.add_argument(
        "--format", choices=PROFILES, help="what to make (default: by the output's ending, otherwise mp3)"
    )
    parser.add_argument(
        "--gap-ms", type=int, default=limits.DEFAULT_GAP_MS, metavar="MS",
        help=f"silence between clips, up to {limits.GAP_MS} ms (default: {limits.DEFAULT_GAP_MS}); "
        f"less than 0, down to -{limits.CROSSFADE_MS}, overlaps them with a crossfade",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="print the answer, or the refusal, as JSON")
    return parser


def _say(options: argparse.Namespace) -> dict[str, Any]:
    if not options.audios.is_dir():
        raise NotADirectoryError(f"{options.audios} is not a folder")
    repo = LocalRepo(options.audios)
    catalogue = Catalogue.of(options.voice, repo.list(voice_prefix(options.voice)))
    profile = options.format or _format_of(options.output)
    plan = plan_message(options.message, catalogue, gap_ms=options.gap_ms, profile=profile)
    made = stitch(plan, _preparing(plan, repo))
    output = options.output or Path(_default_name(plan))
    LocalRepo(output.parent).save(output.name, made.audio)
    return {
        "success": True,
        "audio_files": [clip.key for clip in plan.clips],
        "output_file": str(output),
        "duration_ms": made.duration_ms,
        "format": plan.profile,
        "path": made.path,
    } | ({"why": made.why} if made.why else {})


def _format_of(output: Path | None) -> str:
    """The first format whose files end so: `.wav` is PCM, not µ-law."""
    suffix = output.suffix.lower() if output else ""
    named = [profile.name for profile in PROFILES.values() if profile.suffix == suffix]
    return PCM if suffix == PROFILES[PCM].suffix else next(iter(named), "mp3")


def _default_name(plan: Plan) -> str:
    """`hello__shreeshail.mp3`; cut where file systems end names, at 255 bytes."""
    suffix = PROFILES[plan.profile].suffix
    stem = "__".join(clip.phrase.replace(" ", "_") for clip in plan.clips).encode()
    return stem[: 255 - len(suffix)].decode(errors="ignore") + suffix


def _preparing(plan: Plan, repo: Repo) -> Load:
    """What gives the plan's clips prepared; all unusable ones are named before giving up."""
    ready: dict[Clip, PreparedClip] = {}
    refused: list[tuple[str, str]] = []
    for clip in dict.fromkeys(plan.clips):
        try:
            ready[clip] = prepare(clip.key, repo.read(clip.key))
        except UnusableClip as error:
            refused += error.unusable
    if refused:
        raise UnusableClip(*refused)
    encoded = cache(lambda clip, profile: encode(ready[clip], profile))
    return lambda clips, profile: [encoded(clip, profile) for clip in clips]


def _report(refusal: StitchError, *, as_json: bool) -> None:
    if as_json:
        print(json.dumps({"success": False} | refusal.problem(), ensure_ascii=False, indent=2))
        return
    print(f"stitcher: {refusal}", file=sys.stderr)
    if isinstance(refusal, MissingWords):
        for word in refusal.missing:
            print(f"  missing: {word}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
