"""The `stitcher` command: say messages with the clips of a folder, plan them, check campaigns; all without AWS.

It reads options and prints. `stitcher.voice` and `stitcher.campaigns` do the work.
"""

import json
import os
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

import click

from stitcher import limits
from stitcher.api.answers import ClipSegment, PlanAnswer
from stitcher.campaigns.campaign import Campaign
from stitcher.campaigns.join import MANIFEST
from stitcher.campaigns.messages import VOICE_COLUMN, Settings
from stitcher.campaigns.no_language import hint
from stitcher.campaigns.recordings import COUNTED, Check, check
from stitcher.campaigns.script import CSV_NAME, HTML_NAME, Session, script_csv, script_html
from stitcher.campaigns.starter import KINDS, needed_by
from stitcher.campaigns.starter import starter as first_clips
from stitcher.campaigns.table import CampaignFault, Interrupted, Table, opened
from stitcher.campaigns.template import Template, column_named
from stitcher.errors import (
    InvalidRequest,
    MissingWords,
    NoSuchVoice,
    StitchError,
    UncertainNumbers,
    in_words,
    listed,
    named,
    shown,
)
from stitcher.formats.ffmpeg import FfmpegFailed, FfmpegMissing
from stitcher.formats.platforms import FORMATS, PLATFORMS
from stitcher.formats.profiles import PROFILES, ending_of
from stitcher.near import did_you_mean, near
from stitcher.numbers.tables import about
from stitcher.planning.catalogue import read_catalogue
from stitcher.planning.inventory import inventory, unread
from stitcher.planning.policies import is_policy
from stitcher.storage import LocalRepo, NotStored, Repo, StorageFault
from stitcher.voice import BUCKET, Voice

if TYPE_CHECKING:
    from stitcher.planning.plan import ReadNumbers

REFUSED, FAULT = 2, 1
TOLD = 20
"""Recordings that are named below a plan or a script."""
NO_LANGUAGE = 'set its language in voice.toml (language = "en"), and numbers are said in words: 1,500 needs no clip'
LOOK, STEP = 500, 5
"""Rows between two looks at the progress; percent between two lines of progress without a terminal."""
F = TypeVar("F", bound=Callable[..., Any])


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code: 0 done, 2 refused (the reason is on standard error), 1 a fault.

    Raises
    ------
    SystemExit
        With 0 after help, and with 2 where the options are not right.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    commands = {"plan": plan, "script": script, "starter": starter, "campaign": campaign, "voice": voice_check}
    command, name = say, "stitcher"
    try:
        if given and not given[0].startswith("-"):  # a message is no argument, but follows -m
            name = given.pop(0)
            if name not in commands:
                hint = did_you_mean(near(name, commands)) or f": there are {', '.join(commands)}, and stitcher -m TEXT"
                raise click.UsageError(f"there is no command '{shown(name)}'{hint}")
            command, name = commands[name], f"stitcher {name}"
        return _called(command, name, given)
    except click.exceptions.Exit as done:
        sys.exit(done.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(REFUSED)
    except KeyboardInterrupt:
        print("stitcher: stopped", file=sys.stderr)
        return FAULT


def _called(command: click.Command, name: str, given: list[str]) -> int:
    context = command.make_context(name, given)
    try:
        with context:
            code: int = command.invoke(context)
            return code
    except StitchError as refusal:
        _report(refusal, as_json=context.params["as_json"])
        return REFUSED
    except _faults(context.params.get("audios", "")) as fault:
        print(f"stitcher: {in_words(fault)}", file=sys.stderr)
        return FAULT


def _faults(audios: str) -> tuple[type[Exception], ...]:
    """Exceptions that are faults of storage or input, not bugs: printed as a sentence."""
    known = (OSError, NotStored, StorageFault, FfmpegMissing, FfmpegFailed, CampaignFault, Interrupted)
    if not audios.startswith(BUCKET):
        return known
    from botocore.exceptions import BotoCoreError, ClientError

    return (*known, BotoCoreError, ClientError)


# The options


class _Command(click.Command):
    """A command whose epilogue keeps its lines."""

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        formatter.write_usage(ctx.command_path, " ".join(self.collect_usage_pieces(ctx)), prefix="usage: ")

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        formatter.write(f"\n{self.epilog}\n")


def _options(*options: Callable[[F], F]) -> Callable[[F], F]:
    """Several options as one decorator."""

    def decorate(function: F) -> F:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate


def _missing(_context: click.Context, _option: click.Parameter, given: str) -> str:
    try:
        return is_policy(given)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


_EMPTY = "it is empty: name a place, and look whether a variable of the command is not set"


class _Place(click.ParamType):
    """A file, a folder, or s3://BUCKET. An empty text is none: it would mean this folder."""

    name = "place"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if isinstance(value, str) and not value.strip():
            self.fail(_EMPTY, param, ctx)
        return value


class _Path(_Place):
    """The same as a path of this machine."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        return Path(super().convert(value, param, ctx))


_script_files = _options(
    click.option(
        "--output", type=_Path(), default=Path(), metavar="DIR",
        help="Folder for the two files. Default: this folder.",
    ),
    click.option(
        "--date", "day", type=click.DateTime(["%Y-%m-%d"]), metavar="YYYY-MM-DD",
        help="Date on the page. Default: today.",
    ),
)  # fmt: skip
_voice_options = _options(
    click.option(
        "-a", "--audios", required=True, type=_Place(), metavar="FOLDER",
        help="Folder of clips (hello.wav says hello), or s3://BUCKET.",
    ),
    click.option("--voice", default="", help="A voice: a subfolder of the clips. Default: the folder itself."),
)  # fmt: skip
_FORMAT_HELP = (
    f"Format of the audio ({', '.join(PROFILES)}), or the platform that plays it ({', '.join(PLATFORMS)}). Default: "
)
_how_options = _options(
    click.option(
        "--gap-ms", type=int, metavar="MS",
        help=f"Silence between clips, up to {limits.GAP_MS} ms (default: the voice's, or {limits.DEFAULT_GAP_MS}). "
        f"Less than 0, down to -{limits.CROSSFADE_MS}, overlaps them with a crossfade. "
        "Pauses at punctuation become longer or shorter by as much, but never overlap.",
    ),
    click.option(
        "--missing", default="error", metavar="POLICY", callback=_missing,
        help="For words without a clip: error, skip, silence (400 ms more between two clips), or fallback:VOICE. "
        "Default: error.",
    ),
    click.option(
        "--read-numbers", type=click.Choice(["likely", "strict"]),
        help="A number that can be read in two ways: say the likelier, or refuse it. Default: the voice's, or likely.",
    ),
)  # fmt: skip
_message_options = _options(
    click.option("-m", "--message", required=True, metavar="TEXT", help='The message to say: "hello, shreeshail".'),
    _voice_options,
    _how_options,
)  # fmt: skip
_table_options = _options(
    click.option(
        "--messages", required=True, type=_Path(), metavar="CSV",
        help="The table, in UTF-8; - is standard input.",
    ),
    _voice_options,
    click.option("--column", help="The column with the message. Default: message."),
    click.option(
        "--template", metavar="TEXT",
        help='The message with columns in braces, "hello, {name}: rain in {place}"; {{ says a brace.',
    ),
    click.option("--progress", is_flag=True, help="Report progress even without a terminal."),
)  # fmt: skip
_as_json = click.option("--json", "as_json", is_flag=True, help="Print the answer, or the refusal, as JSON.")


# stitcher -m


@click.command(
    cls=_Command,
    help="Say a message: find the recorded clip of each word or phrase, and join them at equal loudness.",
    epilog="Other commands (each has its own --help):\n"
    "  stitcher plan    show the clips of a message and the reasons for them; writes no file\n"
    "  stitcher script  check a table of messages and list the recordings that are missing\n"
    "  stitcher campaign say all messages of a table\n"
    "  stitcher starter list the recordings of a new voice for all numbers, prices, times and dates\n"
    "  stitcher voice   check the recordings of a voice: which are read, which are not, which are poor, and why\n\n"
    "Exit codes: 0 made; 2 refused (for example, a word has no clip), and no file is written; 1 fault",
)
@_message_options
@click.option(
    "--format", type=click.Choice(FORMATS), metavar="NAME",
    help=f"{_FORMAT_HELP}by the output's ending, otherwise mp3.",
)  # fmt: skip
@click.option(
    "-o", "--output", "wanted", type=_Place(), metavar="FILE",
    help="File to write, whose ending decides the format, or a folder (clips/). Default: the phrases joined by "
    "__, in this folder.",
)  # fmt: skip
@_as_json
def say(
    message: str, audios: str, voice: str, format: str | None, gap_ms: int | None, missing: str,
    read_numbers: str | None, wanted: str | None, as_json: bool,
) -> int:  # fmt: skip
    speaker = Voice.open(audios, voice)
    folder = (wanted or "").endswith(("/", os.sep))
    output = Path(wanted) if wanted and not folder else None
    spoken = speaker.say(
        message, format=format or _format_of(output), gap_ms=gap_ms, missing=missing, read_numbers=read_numbers
    )
    if wanted and folder:
        output = Path(wanted) / spoken.name
    output = spoken.save(output)
    if as_json:
        answer: dict[str, Any] = {
            "success": True,
            "audio_files": [clip.key for clip in spoken.clips],
            "output_file": str(output),
            "duration_ms": spoken.duration_ms,
            "format": spoken.format,
            "path": spoken.path,
            "missing": list(spoken.missing),
            "substituted": list(spoken.substituted),
            "warnings": list(spoken.warnings),
        }
        print(_json(answer | ({"why": spoken.why} if spoken.why else {})))
        return 0
    print(output)
    _print_words("missing", spoken.missing, file=sys.stderr)
    _print_words("substituted", spoken.substituted, file=sys.stderr)
    for warning in spoken.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    return 0


def _format_of(output: Path | None) -> str:
    """The first format whose files end so; `.wav` is PCM, not µ-law. Raises `InvalidRequest` where there is none."""
    ending = "" if output is None or output.is_dir() else ending_of(output.name)
    if not ending:
        return next(iter(PROFILES))
    for profile in PROFILES.values():
        if ending in profile.endings:
            return profile.name
    known = dict.fromkeys(known for profile in PROFILES.values() for known in profile.endings)
    raise InvalidRequest(f"no format has the ending {shown(ending)}: use one of {', '.join(known)}")


# stitcher plan


@click.command(
    cls=_Command,
    help="Show the clip for each part of a message, the reason for it, and the missing words. Writes no file. "
    "With --json it prints the answer of POST /plans.",
    epilog="Exit codes: 0 planned, even if words are missing; 2 nothing can be said, or refused; 1 fault",
)
@_message_options
@click.option("--format", type=click.Choice(FORMATS), metavar="NAME", help=f"{_FORMAT_HELP}mp3.")
@_as_json
def plan(
    message: str, audios: str, voice: str, format: str | None, gap_ms: int | None, missing: str,
    read_numbers: str | None, as_json: bool,
) -> int:  # fmt: skip
    speaker = Voice.open(audios, voice)
    answer = speaker.plan(message, format=format or "mp3", gap_ms=gap_ms, missing=missing, read_numbers=read_numbers)
    if as_json:
        print(_json(answer.model_dump()))
        return 0 if answer.segments else REFUSED
    if not answer.segments:
        there = read_catalogue(speaker.recordings, voice).by_phrase
        ignored = unread(speaker.recordings, voice, answer.missing)
        refusal = MissingWords(answer.missing, voice, there, ignored=ignored)
        refusal.suggestions = answer.suggestions
        raise UncertainNumbers(refusal, answer.unsure) if answer.unsure else refusal
    _print_plan(answer)
    if told := about(speaker.settings.language or "en"):
        print(f"  {told}", file=sys.stderr)
    _tell_unsaid(speaker, voice)
    for one in answer.unusable:
        print(f"  unusable: {one.key}: {one.reason}")
    if (answer.missing and missing == "error") or answer.unusable:
        needs = ["what is missing, or --missing skip"] if answer.missing and missing == "error" else []
        needs += ["recordings that can be used"] if answer.unusable else []
        print(f"as it is, this message is refused: it needs {', and '.join(needs)}")
    _print_words("missing", answer.missing, answer.suggestions)
    for number, why in answer.unsure.items():
        print(f"  not read: {number}: {why}")
    _print_words("decoration", answer.decoration)
    _print_words("substituted", answer.substituted)
    return 0


def _print_plan(answer: PlanAnswer) -> None:
    rows: list[tuple[str, ...]] = []
    for one in answer.segments:
        if isinstance(one, ClipSegment):
            text = " ".join((one.text or "").split())
            rows.append((f"{one.start}-{one.end}", text, one.clip, one.why, str(one.duration_ms or "?")))
        else:
            rows.append(("", "", "pause", "", str(one.pause_ms)))
    _print_grid(("span", "text", "clip", "why", "ms"), rows)
    count = sum(isinstance(one, ClipSegment) for one in answer.segments)
    print(f"total: {answer.duration_ms or '?'} ms, {count} {'clip' if count == 1 else 'clips'}, {answer.path}")


# stitcher script


@click.command(
    cls=_Command,
    help="Check a table of messages (CSV with a header row) and write the recordings that are missing, most needed "
    f"first: {CSV_NAME}, and {HTML_NAME} to print. A column '{VOICE_COLUMN}' names the voice of a row.",
    epilog="Exit codes: 0 all messages are ready; 2 a recording is missing or a row is refused; 1 fault",
)
@_table_options
@_script_files
@_as_json
def script(
    messages: Path, audios: str, voice: str, column: str | None, template: str | None, output: Path,
    day: datetime | None, progress: bool, as_json: bool,
) -> int:  # fmt: skip
    _one_of(column, template)
    speaker = Voice.open(audios, voice)
    with opened(messages) as table:
        filled = (
            Template.of_column("message" if column is None else column, table.header)
            if template is None
            else Template(template, table.header)
        )
        voice_column = column_named(table.header, VOICE_COLUMN)
        checked = Campaign(speaker.recordings, filled, voice=voice, voice_column=voice_column)
        with _progress(table, always=progress) as tell:
            for row in table.rows():
                checked.add(row)
                if checked.rows % LOOK == 0:
                    tell(checked.rows)
    if not checked.rows:
        raise CampaignFault(f"{messages} has no rows below its header")
    for name in checked.voices:
        _tell_unsaid(speaker, name)
    # Make both before the first is written.
    today = day.date() if day else date.today()  # noqa: DTZ011
    made = {
        CSV_NAME: (script_csv(checked.to_record), "text/csv"),
        HTML_NAME: (script_html(checked.sessions, today), "text/html"),
    }
    for name, (data, kind) in made.items():
        LocalRepo(output).save(name, data, content_type=kind)
    summary: dict[str, Any] = {
        "rows": checked.rows,
        "ready": checked.ready,
        "not_ready": checked.not_ready,
        "refused": checked.refused,
        "refusals": [{"line": line, "reason": reason} for line, reason in checked.refusals],
        "to_record": len(checked.to_record),
        "hints": [
            told
            for name, made in checked.voices.items()
            if (told := hint(made.catalogue, [one for one in checked.to_record if one.voice == name]))
        ],
        "voices_without_clips": [name for name, check in checked.voices.items() if not check.catalogue.by_phrase],
        "files": [str(output / name) for name in made],
    }
    print(_json({"success": True} | summary) if as_json else _summary(summary))
    return 0 if checked.ready == checked.rows else REFUSED


def _summary(summary: dict[str, Any]) -> str:
    lines = [
        f"messages   {summary['rows']:>9,}",
        f"ready      {summary['ready']:>9,}",
        f"not ready  {summary['not_ready']:>9,}",
        f"refused    {summary['refused']:>9,}",
        *(f"  line {refusal['line']}: {refusal['reason']}" for refusal in summary["refusals"]),
        *(["  …"] if summary["refused"] > len(summary["refusals"]) else []),
        f"to record  {summary['to_record']:>9,}",
        *(f"  {told}" for told in summary["hints"]),
        *(f"  {named(voice)} has no clips at all" for voice in summary["voices_without_clips"]),
        *summary["files"],
    ]
    return "\n".join(lines)


@contextmanager
def _progress(table: Table, *, always: bool) -> Iterator[Callable[[int], None]]:
    """Reports the progress in a table: as a bar on a terminal; elsewhere, with `always`, as a line every 5 %."""
    size, told = max(1, table.size), 0

    def line(rows: int) -> None:
        nonlocal told
        percent = 100 * table.read // size
        if percent >= told + STEP:
            told = percent - percent % STEP
            print(f"{percent} %, {rows:,} messages", file=sys.stderr, flush=True)

    if not sys.stderr.isatty():
        yield line if always else lambda _rows: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    columns = (TextColumn("{task.percentage:.0f} %, {task.fields[rows]:,} messages"), BarColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=size, rows=0)
        yield lambda rows: bar.update(task, completed=table.read, rows=rows)


# stitcher campaign


@click.command(
    cls=_Command,
    help="Say all messages of a table (CSV with a header row), each distinct one once, on all processors. Writes "
    f"{MANIFEST}, which is the table with what became of each row, the audio files, and what is still to be recorded. "
    f"A column '{VOICE_COLUMN}' names the voice of a row. A run that was ended goes on with the same command.",
    epilog="Exit codes: 0 all messages are made; 2 rows are refused; 1 fault",
)
@_table_options
@click.option(
    "--format", type=click.Choice(FORMATS), metavar="NAME", default="mp3", show_default=True,
    help="Format of the audio, or the platform that plays it, as for a single message.",
)  # fmt: skip
@_how_options
@click.option(
    "--on-refusal", type=click.Choice(["report", "stop"]), default="report", show_default=True,
    help="Where rows cannot be said: make the others, or make none.",
)  # fmt: skip
@click.option("--output", required=True, type=_Path(), metavar="DIR", help="Folder for all that is made.")
@click.option(
    "--date", "day", type=click.DateTime(["%Y-%m-%d"]), metavar="YYYY-MM-DD",
    help="Date on the recording script. Default: today.",
)  # fmt: skip
@_as_json
def campaign(
    messages: Path, audios: str, voice: str, column: str | None, template: str | None, progress: bool, format: str,
    gap_ms: int | None, missing: str, read_numbers: str | None, on_refusal: str, output: Path, day: datetime | None,
    as_json: bool,
) -> int:  # fmt: skip
    from stitcher.campaigns.local import run  # what makes audio is not loaded for the other commands
    from stitcher.campaigns.say import AUDIO

    _one_of(column, template)
    if gap_ms is not None and not -limits.CROSSFADE_MS <= gap_ms <= limits.GAP_MS:
        raise InvalidRequest(f"gap_ms {gap_ms} is not between {-limits.CROSSFADE_MS} and {limits.GAP_MS}")
    settings = Settings(
        voice, template, column, format, gap_ms, missing,
        cast("ReadNumbers | None", read_numbers), cast("Any", on_refusal),
    )  # fmt: skip
    today = day.date() if day else date.today()  # noqa: DTZ011
    clips = _recordings(audios)  # refused here, before a process is started
    if isinstance(clips, LocalRepo) and (output / AUDIO).resolve() in (
        clips.folder.resolve(), (clips.folder / voice).resolve(),
    ):  # fmt: skip
        raise InvalidRequest(f"{output / AUDIO} has the clips: messages there would be recordings; name another output")
    with opened(messages) as table, _progress(table, always=progress) as tell:
        done = run(table, partial(_recordings, audios), output, settings, today, tell)
    files = [str(output / name) for name in (MANIFEST, "audio", CSV_NAME, HTML_NAME)]
    if as_json:
        print(_json({"success": True, **done.to_json(), "files": files}))
    else:
        counts = {name: count for name, count in done.to_json().items() if count or name != "ready"}
        print("\n".join([*(f"{name.replace('_', ' '):<10} {count:>9,}" for name, count in counts.items()), *files]))
    return 0 if done.made == done.rows else REFUSED


def _recordings(audios: str) -> Repo:
    return Voice.open(audios).recordings


def _one_of(column: str | None, template: str | None) -> None:
    if column is not None and template is not None:
        raise click.UsageError("--column and --template exclude each other", click.get_current_context())


# stitcher starter


@click.command(
    cls=_Command,
    help="Write what a new voice has to record so that it says all numbers, and prices, times and the like with them: "
    f"the words that most of them need first, in {CSV_NAME} and {HTML_NAME}.",
    epilog="Exit codes: 0 written; 2 refused; 1 fault",
)
@click.option("--language", required=True, metavar="CODE", help="As in voice.toml: sw, hi, en-IN.")
@click.option("--up-to", default=100, show_default=True, metavar="N", help="The largest whole number.")
@click.option("--with", "kinds", default="", metavar="KINDS", help=f"Some of {','.join(KINDS)}, with commas.")
@click.option(
    "--messages", type=_Path(), metavar="CSV",
    help="A table of messages: words are ordered by how many of its messages need them.",
)  # fmt: skip
@click.option("--column", help="The column that has the message. Default: message.")
@click.option("--template", metavar="TEXT", help="The message with columns in braces, as for stitcher script.")
@_script_files
@_as_json
def starter(
    language: str, up_to: int, kinds: str, messages: Path | None, column: str | None, template: str | None,
    output: Path, day: datetime | None, as_json: bool,
) -> int:  # fmt: skip
    chosen = [kind.strip() for kind in kinds.split(",") if kind.strip()]
    counted = None if messages is None else needed_by(messages, language, column=column, template=template)
    found = first_clips(language, up_to, chosen, counted)
    session = Session("", language, found.expressions, 0, found.to_record)
    today = day.date() if day else date.today()  # noqa: DTZ011
    made = {
        CSV_NAME: (script_csv(found.to_record), "text/csv"),
        HTML_NAME: (script_html([session], today), "text/html"),
    }
    for name, (data, kind) in made.items():
        LocalRepo(output).save(name, data, content_type=kind)
    files = [str(output / name) for name in made]
    summary = {"expressions": found.expressions, "refused": found.refused, "to_record": len(found.to_record)}
    if as_json:
        print(_json({"success": True} | summary | {"files": files}))
    else:
        print("\n".join([*(f"{name.replace('_', ' '):<12}{count:>9,}" for name, count in summary.items()), *files]))
    return 0


# stitcher voice


@click.command(
    "voice",
    cls=_Command,
    help="Check the recordings of a voice: how many are read, which are not and why, which say the same, which are "
    "poor, and which words its numbers lack.",
    epilog="Exit codes: 0 checked; 2 no recording can be said, or refused; 1 fault",
)
@_voice_options
@_as_json
def voice_check(audios: str, voice: str, as_json: bool) -> int:
    speaker = Voice.open(audios, voice)
    made = _last(check(speaker.recordings, voice))
    print(_json({"success": True} | made.to_json())) if as_json else _print_check(made)
    return 0 if made.read else REFUSED


def _last(growing: Iterator[Check]) -> Check:
    """The whole check; on a terminal with a bar while it grows."""
    made = next(growing)
    if sys.stderr.isatty():
        from rich.console import Console
        from rich.progress import track

        console = Console(stderr=True)
        growing = iter(track(growing, "listening …", len(made.found.clips), console=console, transient=True))
    return deque(growing, maxlen=1).pop() if made.found.clips else made


def _print_check(made: Check) -> None:
    clips = f"{made.read} {'clip' if made.read == 1 else 'clips'}"
    print(f"{named(made.voice)}: {clips}, language {made.language or 'not set'}")
    if made.about_language:
        print(f"  {made.about_language}")
    if not made.language:
        print(f"  {NO_LANGUAGE}")
    if made.lacking:
        print(f"  numbers up to {COUNTED} lack {len(made.lacking)} words: {listed(made.lacking, ', ')}")
    if made.found.folders:
        print(f"  other voices: {listed(made.found.folders, ', ')} (--voice {made.found.folders[0]})")
    if rows := list(made.rows()):
        print()
        _print_grid(("what", "recording", "why"), rows)


# What is printed


def _report(refusal: StitchError, *, as_json: bool) -> None:
    if as_json:
        print(_json(refusal.problem()))
        return
    print(f"stitcher: {refusal}", file=sys.stderr)
    if isinstance(refusal, MissingWords):
        _print_words("missing", refusal.missing, refusal.suggestions, file=sys.stderr)
        for key, reason in refusal.unusable:
            print(f"  unusable: {key}: {reason}", file=sys.stderr)


def _tell_unsaid(speaker: Voice, voice: str) -> None:
    """Name the recordings of a voice that are not said."""
    try:
        told = list(inventory(speaker.recordings, voice).sentences())
    except NoSuchVoice as error:  # one that is still to be recorded
        print(f"  {error}", file=sys.stderr)
        return
    for sentence in told[:TOLD]:
        print(f"  {sentence}", file=sys.stderr)
    if len(told) > TOLD:
        print(f"  and {len(told) - TOLD} more: `stitcher voice` lists them", file=sys.stderr)


def _print_grid(names: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """A table; a column of milliseconds stands to the right."""
    from rich.console import Console
    from rich.table import Table as Grid

    grid = Grid(box=None, pad_edge=False, header_style=None)
    for name in names:
        if name == "ms":
            grid.add_column(name, justify="right", no_wrap=True)
        else:
            grid.add_column(name, overflow="fold")
    for row in rows:
        grid.add_row(*row)
    # Into a file or a pipe the table is as wide as it needs to be.
    width = None if sys.stdout.isatty() else 10_000
    Console(markup=False, emoji=False, highlight=False, width=width).print(grid)


def _print_words(
    what: str, words: Sequence[str], suggestions: Mapping[str, Sequence[str]] | None = None, file: Any = None
) -> None:
    for word in words:
        near = ", ".join(f"'{other}'" for other in (suggestions or {}).get(word, ()))
        print(f"  {what}: {word}" + (f" (did you mean {near}?)" if near else ""), file=file)


def _json(document: dict[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=False, indent=2)


if __name__ == "__main__":
    sys.exit(main())
