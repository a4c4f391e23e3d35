"""`make run`, `identify`, `campaign`, `call`, `serve`, `studio`, `events` and `rehearse`."""

import argparse
import contextlib
import json
import signal
import sys
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from stitcher.formats.platforms import chosen
from stitcher.formats.profiles import PROFILES
from tools import given
from tools.client import fetch
from tools.failures import in_words
from tools.local import calls, recordings, studio
from tools.local import root as root_account
from tools.local.containers import gateway, passed_on
from tools.local.pictures import put_prompts, says_aloud, send_picture
from tools.local.stack import HOME, PROVIDERS, REGION, ROOT, Stack, StackError, build, running, say

ENDED = "it ended with this command: the file is saved"
PORT = given.whole(1, 65_535)
NAME_BYTES = 200
"""Of a file's name without its ending."""
NEW_SECONDS = 5.0
"""How long `make run` waits, after its message, for new recordings to be prepared."""


def main() -> int:
    """Run one of the commands; returns the exit code."""
    parser = given.Parser(prog="python -m tools.local", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="start the service, say one message, stop")
    run.add_argument("--message", required=True)
    run.add_argument("--voice", default="")
    run.add_argument("--format", default="mp3")
    identify = commands.add_parser("identify", help="start the service, identify one picture, stop")
    identify.add_argument("--image", type=given.file, required=True)
    identify.add_argument("--prompt", required=True)
    campaign = commands.add_parser("campaign", help="start the service, run a campaign, stop")
    campaign.add_argument("--messages", type=given.file, required=True)
    campaign.add_argument("--template", default="")
    campaign.add_argument("--column", default="")
    campaign.add_argument("--voice", default="")
    campaign.add_argument("--format", default="mp3")
    call = commands.add_parser("call", help="start the service, play a telephony provider, stop")
    call.add_argument("--message", required=True)
    call.add_argument("--voice", default="")
    call.add_argument("--provider", default="twilio", type=given.one_of(PROVIDERS))
    serve = commands.add_parser("serve", help="run the service until Ctrl-C")
    serve.add_argument("--port", type=PORT, default=4566)
    serve.add_argument("--containers", action="store_true", help="let Docker's containers reach it, too")
    page = commands.add_parser("studio", help="serve the studio's page until Ctrl-C")
    page.add_argument("--url", default="", help="of a deployed API; default: the embedded AWS")
    for command in (run, identify, campaign, call, serve, page):
        command.add_argument(
            "--audios", type=given.folder, default=ROOT / "samples" / "clips", help="the clips to upload"
        )
    rehearse = commands.add_parser(
        "rehearse", help="deploy a stage's own template here, and list what is not simulated"
    )
    rehearse.add_argument("--stage", default="prod")
    commands.add_parser("build", help="only build the service, for this machine's interpreter")
    events = commands.add_parser("events", help="write the variables and events that `sam local invoke` needs")
    events.add_argument("--account", default="", help="an AWS account; default: the embedded AWS of `serve`")
    events.add_argument("--stage", default="dev", help="a stage of the account")
    events.add_argument("--port", type=PORT, default=4566, help="the port of the embedded AWS")
    options = parser.parse_args()
    do = {
        "run": _run,
        "identify": _identify,
        "campaign": _campaign,
        "call": _call,
        "serve": _serve,
        "studio": _studio,
        "build": _build,
        "events": _events,
        "rehearse": _rehearse,
    }
    # A service manager stops with SIGTERM: that, too, must leave nothing running.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        return in_words(lambda: do[options.command](options))
    except KeyboardInterrupt:
        return 130


def _build(_options: argparse.Namespace) -> int:
    print(build())
    return 0


def _rehearse(options: argparse.Namespace) -> int:
    from tools.local.rehearsal import rehearse

    return rehearse(options.stage)


def _events(options: argparse.Namespace) -> int:
    from tools.local import invoke  # SAM CLI takes seconds to import, and nothing else needs it

    if options.account:
        place, also = invoke.Place(options.account, options.stage), ""
    else:
        build()
        try:
            root = root_account.read(HOME / "aws")
        except LookupError as error:
            raise StackError(f"{error}: start `make serve CONTAINERS=1` first") from error
        place, also = invoke.embedded(options.port, root), " --config-env local"
    invoke.write(place)
    say(f"{invoke.EVENTS.relative_to(ROOT)}/ is for stage {place.stage} of {place.account}. Invoke a function:")
    print(f"sam local invoke{also} CacheLookupFunction -e {invoke.EVENTS.relative_to(ROOT)}/cache_lookup.json")
    return 0


def _run(options: argparse.Namespace) -> int:
    with running(state=HOME / "aws") as stack:
        recordings.put(stack, options.audios, options.voice)
        request = {"message": options.message, "voice": options.voice, "format": options.format}
        say(f"POST /stitch {json.dumps(request, ensure_ascii=False)}")
        response = stack.caller.post("/stitch", request)
        answer = response.json()
        url = answer.pop("public_url", "")
        # Its address is this machine's only until the command ends.
        print(json.dumps({**answer, **({"public_url": ENDED} if url else {})}, ensure_ascii=False, indent=2))
        recordings.name_refused(stack, options.audios, NEW_SECONDS)
        if response.status != 200:
            say(f"refused with status {response.status}")
            return 1
        print(f"saved {_saved(answer, PROFILES[chosen(options.format)[0]].suffix, fetch(url).body).relative_to(ROOT)}")
    return 0


def _saved(answer: dict[str, Any], suffix: str, audio: bytes) -> Path:
    """Write the message into out/, by the names of its clips; its ending is the format's."""
    stem = "__".join(Path(key).stem for key in answer["audio_files"]).encode()[:NAME_BYTES].decode(errors="ignore")
    file = ROOT / "out" / f"{stem}{suffix}"
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(audio)
    return file


def _identify(options: argparse.Namespace) -> int:
    with running(state=HOME / "aws", sight=True) as stack:
        put_prompts(stack)
        if says_aloud(options.prompt.lower()):  # or the answer would wait while recordings are prepared
            recordings.put(stack, options.audios)
        say(f"asking {_who_answers(stack)}")
        began = time.perf_counter()
        found = send_picture(stack, options.prompt, options.image)
        say(f"{found['state']} in {time.perf_counter() - began:.1f} s")
        print(json.dumps(found, ensure_ascii=False, indent=2))
        if found["state"] != "answered":
            say(f"{found['state']}: {found['detail']}")
            return 1
        if found["audio_url"]:
            file = (ROOT / "out" / options.image.name).with_suffix(Path(urlsplit(found["audio_url"]).path).suffix)
            file.parent.mkdir(exist_ok=True)
            file.write_bytes(fetch(found["audio_url"]).body)
            print(f"saved {file.relative_to(ROOT)}")
        elif found["unsaid"]:
            say(f"not said aloud: {found['unsaid']}")
    return 0


def _who_answers(stack: Stack) -> str:
    if stack.model.server:
        return stack.model.server
    if stack.model.eyes:
        return "what this machine has: OCR for forms, a classifier for animals; other questions stay open"
    return "a stand-in for the model, which leaves every answer open"


def _campaign(options: argparse.Namespace) -> int:
    from tools.local import campaign

    given = {name: getattr(options, name) for name in ("template", "column", "voice", "format")}
    asked = campaign.settings_of(options.messages) | {name: value for name, value in given.items() if value}
    folder = ROOT / "out" / "campaign"
    campaign.clear(folder)
    with running(state=HOME / "aws") as stack:
        recordings.put(stack, options.audios)
        found = campaign.run(stack, options.messages, asked)
        links = {name: ENDED for name in campaign.FILES if found[name]}
        print(json.dumps({k: v for k, v in (found | links).items() if v}, ensure_ascii=False, indent=2))
        if found["state"] != "finished":
            say(f"{found['state']}: {found['detail']}")
            return 1
        files = campaign.save(found, options.messages, folder)
        print(f"saved {len(files)} files in {folder.relative_to(ROOT)}/; manifest.csv has the rows")
    return 0


def _call(options: argparse.Namespace) -> int:
    with running(state=HOME / "aws") as stack:
        recordings.put(stack, options.audios)
        secret = calls.set_up(stack)[options.provider]
        asked = {"message": options.message} | ({"voice": options.voice} if options.voice else {})
        url = calls.address(stack, options.provider, asked)
        say(f"{options.provider} calls POST {url}")
        answer = calls.call(stack, url, calls.CALL, calls.signature(options.provider, url, calls.CALL, secret))
        print(answer.body.decode(), end="" if answer.status == 200 else "\n")
        link = calls.link_of(answer.body) if answer.status == 200 else None
        if link is None:
            say(f"refused with status {answer.status}" if answer.status != 200 else "nothing is played: the call ends")
            return 1
        file = ROOT / "out" / f"call-{options.provider}{Path(link.partition('?')[0]).suffix}"
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(fetch(link).body)
        print(f"saved {file.relative_to(ROOT)}")
    return 0


def _serve(options: argparse.Namespace) -> int:
    host = gateway() if options.containers else ""
    if options.containers and not host:
        raise StackError("no Docker engine runs here")
    with (
        running(port=options.port, state=HOME / "aws", host=host, sight=True) as stack,
        contextlib.ExitStack() as exits,
    ):
        recordings.put(stack, options.audios)
        put_prompts(stack)
        if host:
            with contextlib.suppress(OSError):  # Docker runs in a machine of its own
                exits.enter_context(passed_on(host, stack.port))
                say(f"containers reach it at http://{host}:{stack.port}, for `make events` and `sam local invoke`")
        print(_how_to_call(stack), flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            recordings.name_refused(stack, options.audios, 12 * NEW_SECONDS)
            signal.pause()
    return 0


def _studio(options: argparse.Namespace) -> int:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with contextlib.ExitStack() as exits:
        if options.url:
            site = studio.deployed(options.url)
        else:
            stack = exits.enter_context(running(state=HOME / "aws", sight=True))
            recordings.put(stack, options.audios)
            put_prompts(stack)
            site = studio.embedded(stack)
        try:
            address = exits.enter_context(studio.serving(site, studio.PORT))
        except OSError as error:
            raise StackError(f"port {studio.PORT} is in use: perhaps the studio runs in another window") from error
        print(f"The studio, for this machine alone: {address}\nCtrl-C stops it.", flush=True)
        try:
            signal.pause()
        except KeyboardInterrupt:
            say("\nstopping …")
    return 0


def _how_to_call(stack: Stack) -> str:
    user = f"{stack.credentials.access_key}:{stack.credentials.secret_key}"
    curl = f"""curl --aws-sigv4 "aws:amz:{REGION}:execute-api" --user "{user}" \\
  -H "Content-Type: application/json" -d '{{"message": "hello, shreeshail"}}' \\
  {stack.api_url}/stitch"""
    asked = f"{_who_answers(stack)} (the model's stand-in is at {stack.model.url})"
    return f"""
The service is up. Call it (README.md, "Calling the API", fetches the audio itself):

{curl}

Credentials of a caller, who may only call the API:
  AWS_ACCESS_KEY_ID={stack.credentials.access_key}
  AWS_SECRET_ACCESS_KEY={stack.credentials.secret_key}
Credentials for the rest of this AWS are new at every start:
  AWS_ENDPOINT_URL={stack.endpoint} AWS_REGION={REGION} AWS_SHARED_CREDENTIALS_FILE={HOME / "aws" / root_account.NAME}
  clips    s3://{stack.outputs["InputBucketName"]}
  output   s3://{stack.outputs["OutputBucketName"]}
  workflow {stack.outputs["StateMachineArn"]}
  pictures s3://{stack.outputs["ImagesBucketName"]}/inbox/<prompt>/<name>, answered by {asked}
  results  s3://{stack.outputs["ResultsBucketName"]}/results/

Ctrl-C stops it."""


if __name__ == "__main__":
    sys.exit(main())
