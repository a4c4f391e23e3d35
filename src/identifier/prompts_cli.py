"""The `stitcher-prompts` command, for people who write prompts: try, measure, publish them, and roll them back."""

import argparse
import contextlib
import json
import os
import sys
from collections.abc import Callable, Sequence
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
from botocore.exceptions import BotoCoreError, ClientError
from PIL import Image

from identifier import accuracy, prices, publishing, reviewing
from identifier.asking import Models, asker
from identifier.errors import IdentifyError, InvalidPrompt, Muddled, Outcome, PublishingError, Refused, Rejected
from identifier.evaluating import labelled, measure
from identifier.evaluation_page import page
from identifier.model import Reply, ask, bedrock
from identifier.picture import prepare_picture
from identifier.prompt import Prompt, read_prompt
from identifier.say import Say, spoken
from identifier.share import Share
from stitcher.errors import in_words

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_ssm import SSMClient

REFUSED, FAULT = 2, 1


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code: 0 done, 2 refused (the reason is on standard error), 1 a fault."""
    options = _parser().parse_args(sys.argv[1:] if arguments is None else arguments)
    try:
        code: int = options.run(options)
    except (InvalidPrompt, PublishingError) as refusal:
        print(f"stitcher-prompts: {refusal}", file=sys.stderr)
        return REFUSED
    except (IdentifyError, ClientError, BotoCoreError, OSError) as fault:
        print(f"stitcher-prompts: {in_words(fault)}", file=sys.stderr)
        return FAULT
    return code


# The options


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="stitcher-prompts",
        description="Check, try, measure, publish and roll back the prompts for pictures (docs/identify.md).",
        epilog="Exit codes: 0 done; 2 refused, nothing was changed; 1 fault. "
        "Credentials and region come from the AWS command line's settings.",
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    check = commands.add_parser("validate", help="check documents; needs no AWS")
    check.add_argument("files", nargs="+", type=Path, metavar="FILE", help="a document: prompts/animal/1.json")
    check.set_defaults(run=_validate)

    attempt = commands.add_parser(
        "try", help="ask the model about pictures; publishes nothing, but each answer costs money"
    )
    attempt.add_argument("file", type=Path, metavar="FILE", help="the document")
    attempt.add_argument("images", nargs="+", type=Path, metavar="IMAGE", help="pictures on this computer")
    attempt.add_argument(
        "--endpoint",
        metavar="URL",
        help="ask this address, not Bedrock; for example the embedded AWS's stand-in",
    )
    _models(attempt)
    attempt.set_defaults(run=_try)

    count = commands.add_parser(
        "evaluate", help="measure prompts on labelled pictures; publishes nothing, but each answer costs money"
    )
    count.add_argument("prompts", nargs="+", metavar="PROMPT", help="a document, or a stored version: animal@3")
    count.add_argument(
        "folder", type=Path, metavar="FOLDER", help="pictures in folders named as the answers, or labels.csv"
    )
    count.add_argument("--field", help="what folder names are values of; default: the first enumerated field")
    count.add_argument(
        "--json", type=Path, metavar="FILE", help="write the numbers, too; `publish --measured` takes them"
    )
    count.add_argument(
        "--html", type=Path, metavar="FILE", help="write a page with the disagreements and pictures, too"
    )
    count.add_argument("--endpoint", metavar="URL", help="ask this address, not Bedrock")
    _models(count)
    _place(count, needed=False)
    count.set_defaults(run=_evaluate)

    put = commands.add_parser("publish", help="store documents as new versions and put them into force")
    put.add_argument("files", nargs="+", type=Path, metavar="FILE", help="a document: prompts/animal/2.json")
    put.add_argument("--why", required=True, help="the reason, for the history")
    put.add_argument(
        "--percent", type=int, default=100, metavar="1…100", help="on trial for this share of the pictures"
    )
    put.add_argument(
        "--measured", type=Path, metavar="FILE", help="what `evaluate --json` wrote about it, for the history"
    )
    put.add_argument("--demand", type=float, metavar="SHARE", help="refuse if less was right in --measured: 0.9")
    put.add_argument("--endpoint", metavar="URL", help="make the trial call here, not at Bedrock")
    put.add_argument("--no-call", action="store_true", help="make no trial call; for prompts that are known to work")
    _models(put, needed=True)
    _place(put)
    put.set_defaults(run=_publish)

    past = commands.add_parser("history", help="list who changed a prompt, when and why")
    _prompt(past)
    _place(past)
    past.set_defaults(run=_history)

    show = commands.add_parser("list", help="list prompts, their versions in force, stored versions and errors")
    _place(show)
    show.set_defaults(run=_list)

    back = commands.add_parser("rollback", help="put an earlier version into force")
    _prompt(back)
    back.add_argument("--version", type=int, help="default: the trial ends, or the version before the one in force")
    back.add_argument("--why", help="the reason, for the history")
    _place(back)
    back.set_defaults(run=_rollback)

    look = commands.add_parser("review", help="list answers to look at: in doubt, or drawn by chance")
    _prompt(look)
    _results(look)
    look.set_defaults(run=_review)

    right = commands.add_parser("correct", help="say what is right about a picture, also if the answer was")
    right.add_argument("id", metavar="ID", help="the picture's id")
    right.add_argument("right", nargs="+", metavar="FIELD=VALUE", help="right values: animal=goat")
    right.add_argument(
        "--save", type=Path, metavar="FOLDER", help="put the picture there with its label, for `evaluate`"
    )
    _results(right)
    _place(right)
    right.set_defaults(run=_correct)

    week = commands.add_parser("accuracy", help="print by week how many of the answers drawn by chance were right")
    _prompt(week)
    _results(week)
    week.set_defaults(run=_accuracy)

    costs = commands.add_parser("costs", help="print the cost of 1,000 pictures, by model and size; needs no AWS")
    costs.set_defaults(run=_costs)
    return parser


def _prompt(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("prompt", metavar="PROMPT", help="its id: animal")


def _results(parser: argparse.ArgumentParser) -> None:
    value, what = os.environ.get("RESULTS_BUCKET"), "the stack's output ResultsBucketName (default: $RESULTS_BUCKET)"
    parser.add_argument("--results", default=value, required=not value, metavar="BUCKET", help=what)


def _models(parser: argparse.ArgumentParser, *, needed: bool = False) -> None:
    value = os.environ.get("PROMPT_MODELS")
    what = "what prompts call small and large: the stack's output PromptModels (default: $PROMPT_MODELS)"
    parser.add_argument("--models", default=value, required=needed and not value, metavar="SMALL,LARGE", help=what)


def _place(parser: argparse.ArgumentParser, *, needed: bool = True) -> None:
    for option, variable, what in (
        ("bucket", "PROMPTS_BUCKET", "the stack's output PromptsBucketName"),
        ("pointers", "PROMPT_POINTERS", "the stack's output PromptPointers"),
    ):
        value = os.environ.get(variable)
        parser.add_argument(
            f"--{option}", default=value, required=needed and not value, help=f"{what} (default: ${variable})"
        )


# The commands


def _validate(options: argparse.Namespace) -> int:
    bad = 0
    for file in options.files:
        try:
            prompt = _read(file, draft=True)
            named = "a draft" if prompt.version == DRAFT else f"version {prompt.version}"
            print(f"{file}: {prompt.id}, {named}, for {prompt.model}")
        except (InvalidPrompt, OSError) as error:
            bad += 1
            print(f"stitcher-prompts: {error}", file=sys.stderr)
    return REFUSED if bad else 0


def _try(options: argparse.Namespace) -> int:
    prompt = _resolved(_read(options.file, draft=True), options.models)
    client = bedrock(endpoint_url=options.endpoint)
    unanswered = 0
    for path in options.images:
        try:
            reply = ask(client, prompt, prepare_picture(path.read_bytes(), prompt.longest_edge))
        except Outcome as refusal:
            unanswered += 1
            print(f"{path}: rejected ({refusal.reason}): {refusal.detail}")
            if isinstance(refusal, Rejected):
                print(f"  {_used(prompt, refusal)}")
            continue
        print(f"{path}: {json.dumps(reply.answer, ensure_ascii=False, indent=2)}")
        said = spoken(prompt, reply.answer)
        print(f"  says: {said.message}" if isinstance(said, Say) else f"  says nothing: {said.reason}")
        print(f"  {_used(prompt, reply)}")
    return REFUSED if unanswered else 0


def _evaluate(options: argparse.Namespace) -> int:
    prompts = [_resolved(_named(name, options.bucket), options.models) for name in options.prompts]
    pictures = labelled(options.folder, prompts[0], options.field)
    for prompt in prompts[1:]:
        labelled(options.folder, prompt, options.field)
    client, models = bedrock(endpoint_url=options.endpoint), _known_models(options.models)
    measured = measure(prompts, pictures, asker(lambda: client, models), _progress(len(pictures)))
    for one in measured:
        print(one.summary)
        for name, share in one.fields.items():
            print(f"  {name}: {_in_words(share)}")
            wrong = [
                (count, pair) for pair, count in one.confused[name].items() if pair[0].casefold() != pair[1].casefold()
            ]
            for count, (right, given) in sorted(wrong, reverse=True)[:10]:
                print(f"    {count} × {right} answered as {given}")
        cost = "price not known" if one.cost_usd is None else f"about ${one.cost_usd:.4f}"
        half, most = one.seconds(0.5), one.seconds(0.95)
        print(f"  {one.unanswered} without an answer; {cost}; half in {half:.2f} s, 95 of 100 in {most:.2f} s")
    if options.json:
        options.json.write_text(json.dumps([one.as_json() for one in measured], ensure_ascii=False, indent=2) + "\n")
    if options.html:
        options.html.write_text(page(measured))
    return 0


def _in_words(share: Share) -> str:
    low, high = share.interval
    return f"{share.right} of {share.of} right ({share.value:.1%}; {low:.1%} to {high:.1%})"


def _progress(of: int) -> Callable[[int], None]:
    def told(done: int) -> None:
        if done % 25 == 0 or done == of:
            print(f"{done} of {of} pictures", file=sys.stderr)

    return told


def _publish(options: argparse.Namespace) -> int:
    if not 1 <= options.percent <= 100:
        raise PublishingError(f"--percent {options.percent} is not between 1 and 100")
    models, place = _known_models(options.models), (*_clients(), options.bucket, options.pointers)
    prompts = [_read(file) for file in options.files]  # all are checked before the first is published
    summaries = [_demanded(prompt, options.measured, options.demand) for prompt in prompts]
    for prompt in prompts:
        publishing.check_models(prompt, models)
        if old := publishing.in_force(*place, prompt.id):
            for lost in publishing.lost_fields(old, prompt):
                print(
                    f"stitcher-prompts: warning: {prompt.id}: answers lose {lost}; programs may read it",
                    file=sys.stderr,
                )
        if not options.no_call:
            _trial_call(prompt, models, options.endpoint)
    for file, prompt, measured in zip(options.files, prompts, summaries, strict=True):
        data = file.read_bytes()
        publishing.publish(*place, data, percent=options.percent, why=options.why, measured=measured)
        state = "is in force" if options.percent == 100 else f"gets {options.percent} % of the pictures"
        print(f"{prompt.id}: version {prompt.version} {state}; workers have it within 30 s")
    return 0


def _demanded(prompt: Prompt, file: Path | None, demand: float | None) -> str | None:
    """The evaluation's line about the prompt, if it has one and that is good enough. Raises `PublishingError`."""
    if file is None:
        if demand is not None:
            raise PublishingError("--demand needs --measured")
        return None
    try:
        rows = [
            row
            for row in json.loads(file.read_text())
            if (row["prompt"], row["version"]) == (prompt.id, prompt.version)
        ]
        found, share = str(rows[0]["summary"]), float(rows[0]["accuracy"]["share"])
    except (ValueError, LookupError, TypeError):
        raise PublishingError(f"{file} says nothing about {prompt.id} version {prompt.version}") from None
    if demand is not None and share < demand:
        raise PublishingError(f"{found}; {demand:.1%} is demanded")
    return found


def _trial_call(prompt: Prompt, models: Models, endpoint: str | None) -> None:
    """One question about a grey picture: that the model takes the prompt at all. Raises `PublishingError`, `Busy`."""
    buffer = BytesIO()
    Image.new("RGB", (256, 256), "grey").save(buffer, "PNG")
    try:
        ask(bedrock(endpoint_url=endpoint), _resolved(prompt, models), prepare_picture(buffer.getvalue()))
    except (Refused, Rejected, Muddled) as error:
        raise PublishingError(f"{prompt.id} version {prompt.version}: the trial call failed: {error}") from None


def _review(options: argparse.Namespace) -> int:
    for one in reviewing.to_review(boto3.client("s3"), options.results, options.prompt):
        print(f"{one.picture_id}: {one.why}: {json.dumps(one.result.answer, ensure_ascii=False)}")
    return 0


def _correct(options: argparse.Namespace) -> int:
    pairs = [text.partition("=") for text in options.right]
    if wrong := [name for name, sign, value in pairs if not (name and sign and value)]:
        raise PublishingError(f"{', '.join(wrong)}: write FIELD=VALUE")
    right, s3 = {name: value for name, _, value in pairs}, boto3.client("s3")
    try:
        result = reviewing.find_picture(s3, options.results, options.id)
    except ValueError:
        result = None
    if result is None or result.prompt.version is None:
        raise PublishingError(f"there is no answer to a picture {options.id}")
    prompt = publishing.stored_version(s3, options.bucket, result.prompt.id, result.prompt.version)
    said = reviewing.correct(s3, options.results, options.id, prompt, right)
    print(f"{options.id}: the answer was {'right' if said.was_right else 'wrong'}")
    if options.save:
        print(f"saved {reviewing.save_labelled(s3, result, right, options.save)}")
    return 0


def _accuracy(options: argparse.Namespace) -> int:
    found = accuracy.weekly(accuracy.corrections(boto3.client("s3"), options.results, options.prompt))
    for week, looked in found.items():
        right = _in_words(looked.drawn) if looked.drawn.of else "unknown"
        print(f"{week}: {right}; {looked.others} more were looked at, which were not drawn by chance")
    if not found:
        print(f"unknown: nobody has looked at an answer of {options.prompt} (`review` lists those drawn by chance)")
    return 0


def _history(options: argparse.Namespace) -> int:
    _, ssm = _clients()
    for change in publishing.history(ssm, options.pointers, options.prompt):
        pointer = change.pointer
        trial = f", version {pointer.trial.version} on trial for {pointer.trial.percent} %" if pointer.trial else ""
        said = "".join(f"; {text}" for text in (pointer.why, pointer.measured) if text)
        print(f"{change.at:%Y-%m-%d %H:%M} {change.by}: version {pointer.version} in force{trial}{said}")
    return 0


def _list(options: argparse.Namespace) -> int:
    rows = list(publishing.published(*_clients(), options.bucket, options.pointers))
    for row in rows:
        force = "none in force" if row.version is None else f"version {row.version} in force"
        stored = ", ".join(map(str, row.stored)) or "none"
        print(f"{row.prompt_id}: {force}; stored: {stored}" + (f"; {row.problem}" if row.problem else ""))
    if not rows:
        print(f"no prompts: neither in {options.bucket} nor under {options.pointers}")
    return 0


def _rollback(options: argparse.Namespace) -> int:
    place = (*_clients(), options.bucket, options.pointers)
    prompt = publishing.rollback(*place, options.prompt, options.version, options.why)
    print(f"{prompt.id}: version {prompt.version} is in force; workers have it within 30 s")
    return 0


QUESTION_TOKENS, ANSWER_TOKENS = 1_000, 150
"""About what the shipped prompts take with their schemas and what their answers do; results tell what yours take."""
SIZES = ((768, 576), (1024, 768), (1568, 1176))


def _costs(options: argparse.Namespace) -> int:
    sizes = [f"{width} × {height}" for width, height in SIZES]
    print(f"US dollars for 1,000 pictures at list prices of {prices.AS_OF:%-d %B %Y}, with a question of")
    print(f"{QUESTION_TOKENS:,} tokens and an answer of {ANSWER_TOKENS}. Batch inference costs half.")
    print()
    print(f"| model | {' | '.join(sizes)} |")
    print(f"| --- | {' | '.join('---:' for _ in sizes)} |")
    for model in prices.PRICES:
        tokens = [QUESTION_TOKENS + prices.picture_tokens(model, *size) for size in SIZES]
        costs = [1_000 * (prices.cost_usd(model, count, ANSWER_TOKENS) or 0) for count in tokens]
        print(f"| `{model}` | {' | '.join(f'{cost:.2f}' for cost in costs)} |")
    return 0


DRAFT = 1_000_000
"""The version of a document that has none yet."""


def _read(file: Path, *, draft: bool = False) -> Prompt:
    """The document; with `draft`, its version may be missing. Raises `InvalidPrompt`."""
    data = file.read_bytes()
    if draft:
        with contextlib.suppress(ValueError):
            document = json.loads(data)
            if isinstance(document, dict) and "version" not in document:
                data = json.dumps(document | {"version": DRAFT}).encode()
    try:
        return read_prompt(data)
    except InvalidPrompt as error:
        raise InvalidPrompt(f"{file}: {error}") from None


def _named(name: str, bucket: str | None) -> Prompt:
    """A stored version (`animal@3`), or a document's file."""
    prompt_id, at, version = name.partition("@")
    if not at or Path(name).exists():
        return _read(Path(name), draft=True)
    if not bucket or not version.isdecimal():
        raise PublishingError(f"{name}: a stored version is named as animal@3, and needs --bucket")
    return publishing.stored_version(boto3.client("s3"), bucket, prompt_id, int(version))


def _known_models(named: str | None) -> Models:
    small, comma, large = (named or ",").partition(",")
    if named and not (small and comma and large):
        raise PublishingError(f"--models {named}: name both, as SMALL,LARGE")
    return Models(small, large)


def _resolved(prompt: Prompt, models: Models | str | None) -> Prompt:
    """The prompt with a model's id. Raises `PublishingError` if it names `small` or `large` and nobody says what."""
    known = models if isinstance(models, Models) else _known_models(models)
    if not (model := known.named(prompt.model)):
        raise PublishingError(f"{prompt.id} asks the {prompt.model} model: say which with --models or PROMPT_MODELS")
    return prompt.model_copy(update={"model": model})


def _clients() -> "tuple[S3Client, SSMClient]":
    return boto3.client("s3"), boto3.client("ssm")


def _used(prompt: Prompt, used: Reply | Rejected) -> str:
    cost = prices.cost_usd(prompt.model, used.input_tokens, used.output_tokens)
    price = "no price in prices.py" if cost is None else f"about ${cost:.6f}"
    return f"{used.input_tokens} + {used.output_tokens} tokens, {used.latency_ms} ms, {price}"


if __name__ == "__main__":
    sys.exit(main())
