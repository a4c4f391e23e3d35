"""`make rehearse`: what `sam deploy --config-env prod` does, on the embedded AWS; says what that does not simulate."""

import json
import tempfile
import tomllib
from collections import Counter
from pathlib import Path

from tools.client import Caller
from tools.local import model
from tools.local.stack import (
    ARCHITECTURE,
    REGION,
    ROOT,
    RUNTIME,
    StackError,
    build,
    caller_credentials,
    client,
    deploy,
    emulator,
    free_port,
    outputs_of,
    say,
)

CLIPS = ("hello.wav", "shreeshail.wav")
MESSAGE = {"message": "hello, shreeshail"}


def parameters(stage: str) -> list[str]:
    """The stage's own parameters, for this machine's interpreter and processor.

    Raises
    ------
    StackError
        There is no such stage.
    """
    stages = tomllib.loads((ROOT / "samconfig.toml").read_text())
    if "deploy" not in stages.get(stage, {}):
        known = [name for name, commands in stages.items() if isinstance(commands, dict) and "deploy" in commands]
        raise StackError(f"'{stage}' is no stage of samconfig.toml: {', '.join(known)}")
    given = stages[stage]["deploy"]["parameters"]["parameter_overrides"]
    own = given.split() if isinstance(given, str) else list(given)
    here = {"PythonRuntime": RUNTIME, "Architecture": ARCHITECTURE}
    kept = [each for each in own if each.partition("=")[0] not in here]
    return [*kept, *(f"{name}={value}" for name, value in here.items())]


def rehearse(stage: str) -> int:
    """Deploy a stage to a new embedded AWS, say one message, and print what is not simulated; returns the exit code."""
    given, built = parameters(stage), build()
    with tempfile.TemporaryDirectory(prefix="stitcher-") as scratch, model.serving() as stand_in:
        folder, port = Path(scratch), free_port()
        listed = folder / "not-simulated"
        with emulator(port, folder, stand_in.url, environment={"NOT_SIMULATED": str(listed)}) as root:
            deploy(port, root, stage, built, given)
            stack = f"audio-stitcher-{stage}"
            outputs = outputs_of(port, root, stack)
            resources = client("cloudformation", port, root).get_paginator("list_stack_resources")
            count = sum(len(page["StackResourceSummaries"]) for page in resources.paginate(StackName=stack))
            say(f"{stack} is deployed: {count} resources")
            for name in CLIPS:
                body = (ROOT / "samples" / "clips" / name).read_bytes()
                client("s3", port, root).put_object(Bucket=outputs["InputBucketName"], Key=name, Body=body)
            api = outputs["ApiUrl"].removeprefix("https://").partition(".")[0]
            url = f"http://localhost:{port}/_aws/execute-api/{api}/{stage}"
            answer = Caller(url, REGION, caller_credentials(port, root, outputs)).post("/stitch", MESSAGE)
            say(f"POST /stitch {json.dumps(MESSAGE)}: {answer.status}")
            lines = listed.read_text().splitlines() if listed.exists() else []
            for kind, number in sorted(Counter(json.loads(line)["type"] for line in lines).items()):
                print(f"not simulated: {kind} ({number})")
    return 0 if answer.status == 200 else 1
