"""The `stitcher-prompts` command, for people who write prompts: try a prompt on pictures, publish it, roll it back."""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from identifier import prices, publishing
from identifier.errors import IdentifyError, InvalidPrompt, Outcome, PublishingError, Rejected
from identifier.model import Reply, ask, bedrock
from identifier.picture import prepare_picture
from identifier.prompt import Prompt, read_prompt
from identifier.say import Say, spoken
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
        description="Check, try, publish and roll back the prompts for pictures (docs/identify.md).",
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
    attempt.set_defaults(run=_try)

    put = commands.add_parser("publish", help="store documents as new versions and put them into force")
    put.add_argument("files", nargs="+", type=Path, metavar="FILE", help="a document: prompts/animal/2.json")
    _place(put)
    put.set_defaults(run=_publish)

    show = commands.add_parser("list", help="list prompts, their versions in force, stored versions and errors")
    _place(show)
    show.set_defaults(run=_list)

    back = commands.add_parser("rollback", help="put an earlier version into force")
    back.add_argument("prompt", metavar="PROMPT", help="its id: animal")
    back.add_argument("--version", type=int, help="default: the version before the version in force")
    _place(back)
    back.set_defaults(run=_rollback)

    costs = commands.add_parser("costs", help="print the cost of 1,000 pictures, by model and size; needs no AWS")
    costs.set_defaults(run=_costs)
    return parser


def _place(parser: argparse.ArgumentParser) -> None:
    for option, variable, what in (
        ("bucket", "PROMPTS_BUCKET", "the stack's output PromptsBucketName"),
        ("pointers", "PROMPT_POINTERS", "the stack's output PromptPointers"),
    ):
        value = os.environ.get(variable)
        parser.add_argument(f"--{option}", default=value, required=not value, help=f"{what} (default: ${variable})")


# The commands


def _validate(options: argparse.Namespace) -> int:
    bad = 0
    for file in options.files:
        try:
            prompt = _read(file)
            print(f"{file}: {prompt.id}, version {prompt.version}, for {prompt.model}")
        except (InvalidPrompt, OSError) as error:
            bad += 1
            print(f"stitcher-prompts: {error}", file=sys.stderr)
    return REFUSED if bad else 0


def _try(options: argparse.Namespace) -> int:
    prompt = _read(options.file)
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


def _publish(options: argparse.Namespace) -> int:
    for file in options.files:
        _read(file)  # all are checked before the first is published
    for file in options.files:
        prompt = publishing.publish(*_clients(), options.bucket, options.pointers, file.read_bytes())
        print(f"{prompt.id}: version {prompt.version} is in force; workers have it within 30 s")
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
    prompt = publishing.rollback(*_clients(), options.bucket, options.pointers, options.prompt, options.version)
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


def _read(file: Path) -> Prompt:
    try:
        return read_prompt(file.read_bytes())
    except InvalidPrompt as error:
        raise InvalidPrompt(f"{file}: {error}") from None


def _clients() -> "tuple[S3Client, SSMClient]":
    return boto3.client("s3"), boto3.client("ssm")


def _used(prompt: Prompt, used: Reply | Rejected) -> str:
    cost = prices.cost_usd(prompt.model, used.input_tokens, used.output_tokens)
    price = "no price in prices.py" if cost is None else f"about ${cost:.6f}"
    return f"{used.input_tokens} + {used.output_tokens} tokens, {used.latency_ms} ms, {price}"


if __name__ == "__main__":
    sys.exit(main())
