"""The `stitcher` command: say messages with the clips of a folder, plan them, check campaigns; all without AWS."""

import argparse
import json
import sys
import time
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, TextIO, cast

from stitcher import limits
from stitcher.campaigns.campaign import Campaign, CampaignFault, Table, Template
from stitcher.campaigns.script import CSV_NAME, HTML_NAME, script_csv, script_html
from stitcher.clip import Clip
from stitcher.clips.encode import encode
from stitcher.clips.prepare import prepare
from stitcher.clips.prepared import PreparedClip
from stitcher.errors import MissingWords, StitchError, UnusableClip
from stitcher.formats.ffmpeg import FfmpegFailed, FfmpegMissing
from stitcher.formats.profiles import PCM, PROFILES, RATE
from stitcher.joining.stitch import Load, stitch
from stitcher.planning.catalogue import read_catalogue
from stitcher.planning.plan import Pause, Plan, Policy, plan_message
from stitcher.storage import LocalRepo, NotStored, Repo

REFUSED, FAULT = 2, 1
VOICE_COLUMN = "voice"
Missing = tuple[Policy, str]
"""What becomes of words without a clip, and the voice to fall back to."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code: 0 done, 2 refused (the reason is on standard error), 1 a fault."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    commands = {"plan": (_plan_parser, _plan), "script": (_script_parser, _script)}
    parser, run = commands.get(given[0] if given else "", (_say_parser, _say))
    options = parser().parse_args(given[1:] if parser is not _say_parser else given)
    try:
        if not options.audios.is_dir():
            raise NotADirectoryError(f"{options.audios} is not a folder")
        return run(options, LocalRepo(options.audios))
    except StitchError as refusal:
        _report(refusal, as_json=options.json)
        return REFUSED
    except (OSError, NotStored, FfmpegMissing, FfmpegFailed, CampaignFault) as fault:
        print(f"stitcher: {fault}", file=sys.stderr)
        return FAULT


# The options


def _say_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="stitcher",
        description="Say a message: find the recorded clip of each word or phrase and join them at equal loudness.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog=(
            "other commands (each has its own --help):\n"
            "  stitcher plan    which clips would say a message, and why; no file is written\n"
            "  stitcher script  check a table of messages: what still has to be recorded\n\n"
            "exit codes: 0 made; 2 refused, a word has no clip, say, and then no file is written; 1 fault"
        ),
    )
    _message_options(parser)
    parser.add_argument(
        "-o", "--output", type=Path, metavar="FILE", help="file to write (default: the phrases joined by __, here)"
    )
    parser.add_argument(
        "--format", choices=PROFILES, help="what to make (default: by the output's ending, otherwise mp3)"
    )
    return parser


def _plan_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="stitcher plan",
        description="Show which clips say which part of a message, and why, and what is missing. Writes no file.",
        epilog="Exit codes: 0 planned, even if words are missing; 2 nothing can be said, or refused; 1 fault.",
    )
    _message_options(parser)
    return parser


def _script_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="stitcher script",
        description="Check a table of messages (CSV, a header row first) and write what still has to be recorded, "
        f"most needed first: {CSV_NAME}, and {HTML_NAME} to print. "
        f"A column '{VOICE_COLUMN}' names the voice of a row.",
        epilog="Exit codes: 0 everything can be said; 2 something has to be recorded or a row is refused; 1 fault.",
    )
    parser.add_argument("--messages", required=True, type=Path, metavar="CSV", help="the table, in UTF-8")
    _voice_options(parser)
    said = parser.add_mutually_exclusive_group()
    said.add_argument("--column", default="message", help="the column that has the message (default: message)")
    said.add_argument(
        "--template", help='the message with columns in braces, "hello, {name}: rain in {place}"; {{ says a brace'
    )
    parser.add_argument(
        "--output", type=Path, default=Path(), metavar="DIR", help="folder for the two files (default: here)"
    )
    parser.add_argument(
        "--date", type=date.fromisoformat, default=None, metavar="YYYY-MM-DD", help="date on the page (default: today)"
    )
    parser.add_argument("--progress", action="store_true", help="report progress even where it is not a terminal")
    parser.add_argument("--json", action="store_true", help="print the summary, or the refusal, as JSON")
    return parser


def _voice_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "-a", "--audios", required=True, type=Path, metavar="FOLDER", help="folder of clips; hello.wav says hello"
    )
    parser.add_argument("--voice", default="", help="a voice: a subfolder of the clips (default: the folder itself)")


def _message_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-m", "--message", required=True, help='what to say, "hello, shreeshail"')
    _voice_options(parser)
    parser.add_argument(
        "--gap-ms", type=int, metavar="MS",
        help=f"silence between clips, up to {limits.GAP_MS} ms (default: the voice's, or {limits.DEFAULT_GAP_MS}); "
        f"less than 0, down to -{limits.CROSSFADE_MS}, overlaps them with a crossfade",
    )  # fmt: skip
    parser.add_argument(
        "--missing", type=_missing, default=("error", ""), metavar="POLICY",
        help="what becomes of words without a clip: error, skip, silence, or fallback:VOICE (default: error)",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="print the answer, or the refusal, as JSON")


def _missing(text: str) -> Missing:
    policy, colon, voice = text.partition(":")
    if text not in ("error", "skip", "silence") and not (policy == "fallback" and colon):
        raise argparse.ArgumentTypeError(
            f"'{text}' is not error, skip, silence, or fallback:VOICE ('fallback:' alone is the default voice)"
        )
    return cast("Policy", policy), voice


# stitcher -m


def _say(options: argparse.Namespace, repo: LocalRepo) -> int:
    plan = _planned(options, repo, options.format or _format_of(options.output))
    prepared = _prepared(plan, repo)
    made = stitch(plan, _loading(prepared))
    output = options.output or Path(_default_name(plan))
    LocalRepo(output.parent).save(output.name, made.audio)
    answer = {
        "success": True,
        "audio_files": [clip.key for clip in plan.clips],
        "output_file": str(output),
        "duration_ms": made.duration_ms,
        "format": plan.profile,
        "path": made.path,
        "missing": list(plan.missing),
        "substituted": list(plan.substituted),
    } | ({"why": made.why} if made.why else {})
    print(_json(answer) if options.json else answer["output_file"])
    if not options.json:
        _print_unsaid(plan, {}, sys.stderr)
    return 0


def _planned(options: argparse.Namespace, repo: Repo, profile: str = "mp3") -> Plan:
    policy, other = options.missing
    return plan_message(
        options.message, read_catalogue(repo, options.voice), gap_ms=options.gap_ms, profile=profile,
        policy=policy, fallback=read_catalogue(repo, other) if policy == "fallback" else None,
    )  # fmt: skip


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


def _prepared(plan: Plan, repo: Repo) -> dict[Clip, PreparedClip]:
    """The plan's clips prepared; all unusable ones are named before giving up."""
    ready: dict[Clip, PreparedClip] = {}
    refused: list[tuple[str, str]] = []
    for clip in dict.fromkeys(plan.clips):
        try:
            ready[clip] = prepare(clip.key, repo.read(clip.key))
        except UnusableClip as error:
            refused += error.unusable
    if refused:
        raise UnusableClip(*refused)
    return ready


def _loading(ready: dict[Clip, PreparedClip]) -> Load:
    encoded = cache(lambda clip, profile: encode(ready[clip], profile))
    return lambda clips, profile: [encoded(clip, profile) for clip in clips]


# stitcher plan


def _plan(options: argparse.Namespace, repo: LocalRepo) -> int:
    catalogue = read_catalogue(repo, options.voice)
    plan, ready = _lenient(options, repo)
    prepared = _prepared(plan, repo)
    segments = _segments(plan, options.message, prepared)
    suggestions = MissingWords(plan.missing, options.voice, catalogue.by_phrase).suggestions
    total = _duration_ms(plan, prepared)
    if options.json:
        document = {"success": True, "ready": ready, "voice": options.voice, "segments": segments, "duration_ms": total}
        unsaid = {"missing": plan.missing, "substituted": plan.substituted, "suggestions": suggestions}
        print(_json(document | unsaid))
        return 0
    rows = [
        (f"{one['start']}-{one['end']}", _flat(one["text"]), one["clip"], one["why"], str(one["duration_ms"]))
        if "clip" in one
        else ("", "", "pause", "", str(one["pause_ms"]))
        for one in segments
    ]
    _print_table([("span", "text", "clip", "why", "ms"), *rows])
    print(f"total: about {total} ms, {len(plan.clips)} {'clip' if len(plan.clips) == 1 else 'clips'}")
    if not ready:
        print("as it is, this message is refused: it needs what is missing, or --missing skip")
    _print_unsaid(plan, suggestions, sys.stdout)
    return 0


def _lenient(options: argparse.Namespace, repo: Repo) -> tuple[Plan, bool]:
    """The plan as far as there is one, and whether the request is answered with it.

    Where a fallback voice lacks words too, the plan is that of the voice alone; what the fallback would say is in
    `substituted`.
    """
    try:
        return _planned(options, repo), True
    except MissingWords as refusal:
        try:
            plan = plan_message(
                options.message, read_catalogue(repo, options.voice), gap_ms=options.gap_ms, policy="skip"
            )
        except MissingWords:
            raise refusal from None  # it names what the fallback lacks, too
        instead = tuple(word for word in plan.missing if word not in refusal.missing)
        return replace(plan, missing=tuple(refusal.missing), substituted=instead), False


def _segments(plan: Plan, message: str, prepared: dict[Clip, PreparedClip]) -> list[dict[str, Any]]:
    notes = iter(plan.notes)
    found: list[dict[str, Any]] = []
    for segment in plan.segments:
        if isinstance(segment, Pause):
            found.append({"pause_ms": segment.ms})
            continue
        note = next(notes)
        found.append(
            {
                "start": note.start,
                "end": note.end,
                "text": message[note.start : note.end],
                "clip": segment.key,
                "phrase": segment.phrase,
                "why": note.why,
                "duration_ms": _ms(prepared[segment].end - prepared[segment].begin),
            }
        )
    return found


def _duration_ms(plan: Plan, prepared: dict[Clip, PreparedClip]) -> int:
    """The audible parts, the pauses between them, and what is kept before the first and after the last."""
    clips = [prepared[clip] for clip in plan.clips]
    audible = sum(clip.end - clip.begin for clip in clips)
    return _ms(clips[0].begin + audible + clips[-1].samples - clips[-1].end) + sum(plan.pauses)


def _ms(samples: int) -> int:
    return round(1000 * samples / RATE)


# stitcher script


def _script(options: argparse.Namespace, repo: LocalRepo) -> int:
    with Table(options.messages) as table:
        template = (
            Template.of_column(options.column, table.header)
            if options.template is None
            else Template(options.template, table.header)
        )
        voice_column = VOICE_COLUMN if VOICE_COLUMN in table.header else None
        campaign = Campaign(repo, template, voice=options.voice, voice_column=voice_column)
        progress = _Progress(sys.stderr, table.size, lambda: table.read, always=options.progress)
        try:
            for row in table.rows():
                campaign.add(row)
                progress.tell(campaign.rows)
        finally:
            progress.end()
    if not campaign.rows:
        raise CampaignFault(f"{options.messages} has no rows below its header")
    # Both are made before the first is written.
    made = {
        CSV_NAME: (script_csv(campaign.to_record), "text/csv"),
        HTML_NAME: (script_html(campaign.sessions, options.date or date.today()), "text/html"),  # noqa: DTZ011
    }
    for name, (data, kind) in made.items():
        LocalRepo(options.output).save(name, data, content_type=kind)
    summary = {
        "rows": campaign.rows,
        "ready": campaign.ready,
        "not_ready": campaign.not_ready,
        "refused": campaign.refused,
        "refusals": [{"line": line, "reason": reason} for line, reason in campaign.refusals],
        "to_record": len(campaign.to_record),
        "voices_without_clips": [voice for voice, check in campaign.voices.items() if not check.catalogue.by_phrase],
        "files": [str(options.output / name) for name in made],
    }
    print(_json({"success": True} | summary) if options.json else _summary(summary))
    return 0 if campaign.ready == campaign.rows else REFUSED


def _summary(summary: dict[str, Any]) -> str:
    lines = [
        f"messages   {summary['rows']:>9,}",
        f"ready      {summary['ready']:>9,}",
        f"not ready  {summary['not_ready']:>9,}",
        f"refused    {summary['refused']:>9,}",
        *(f"  line {refusal['line']}: {refusal['reason']}" for refusal in summary["refusals"]),
        *(["  …"] if summary["refused"] > len(summary["refusals"]) else []),
        f"to record  {summary['to_record']:>9,}",
        *(
            "  " + (f"voice '{voice}'" if voice else "the default voice") + " has no clips at all"
            for voice in summary["voices_without_clips"]
        ),
        *summary["files"],
    ]
    return "\n".join(lines)


class _Progress:
    """How far a long file is: on a terminal a line that changes, elsewhere one line every 5 %, if asked for."""

    STEP, EVERY_S, PATIENCE_S, LOOK = 5, 0.2, 1.0, 500

    def __init__(self, stream: TextIO, size: int, read: Callable[[], int], *, always: bool) -> None:
        self.stream, self.size, self.read = stream, max(1, size), read
        self.terminal = stream.isatty()
        self.on = always or self.terminal
        self.told = 0
        self.next_s = time.monotonic() + (0 if always else self.PATIENCE_S)
        self.drawn = False

    def tell(self, rows: int) -> None:
        """So many rows are done."""
        if not self.on or rows % self.LOOK:
            return
        percent = 100 * self.read() // self.size
        line = f"{percent} %, {rows:,} messages"
        if self.terminal and time.monotonic() >= self.next_s:
            self.next_s = time.monotonic() + self.EVERY_S
            self.drawn = True
            print(f"\r\x1b[K{line}", end="", file=self.stream, flush=True)
        elif not self.terminal and percent >= self.told + self.STEP:
            self.told = percent - percent % self.STEP
            print(line, file=self.stream, flush=True)

    def end(self) -> None:
        """Leave the terminal as it was."""
        if self.drawn:
            print("\r\x1b[K", end="", file=self.stream, flush=True)


# What is printed


def _report(refusal: StitchError, *, as_json: bool) -> None:
    if as_json:
        print(_json({"success": False} | refusal.problem()))
        return
    print(f"stitcher: {refusal}", file=sys.stderr)
    if isinstance(refusal, MissingWords):
        _print_words("missing", refusal.missing, refusal.suggestions, sys.stderr)


def _print_unsaid(plan: Plan, suggestions: dict[str, list[str]], stream: TextIO) -> None:
    _print_words("missing", plan.missing, suggestions, stream)
    _print_words("substituted", plan.substituted, {}, stream)


def _print_words(what: str, words: Sequence[str], suggestions: dict[str, list[str]], stream: TextIO) -> None:
    for word in words:
        near = ", ".join(f"'{other}'" for other in suggestions.get(word, ()))
        print(f"  {what}: {word}" + (f" (did you mean {near}?)" if near else ""), file=stream)


def _print_table(rows: Sequence[Sequence[str]]) -> None:
    widths = [max(map(_width, column)) for column in zip(*rows, strict=True)]
    for *cells, last in rows:
        padded = (cell + " " * (width - _width(cell)) for cell, width in zip(cells, widths, strict=False))
        print("  ".join([*padded, last.rjust(widths[-1])]))


def _width(text: str) -> int:
    """Columns of a terminal: marks have none, wide letters two."""
    shown = [char for char in text if unicodedata.category(char) not in ("Mn", "Me", "Cf")]
    return len(shown) + sum(unicodedata.east_asian_width(char) in ("W", "F") for char in shown)


def _flat(text: str) -> str:
    return " ".join(text.split())


def _json(document: dict[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=False, indent=2)


if __name__ == "__main__":
    sys.exit(main())
