"""`sam local invoke` on the embedded AWS: the variables are the deployed functions' own, and containers reach it."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from tools.local.containers import gateway, passed_on
from tools.local.invoke import EMBEDDED_ACCOUNT, TEMPLATE, Place, embedded, variables, write
from tools.local.stack import ARCHITECTURE, RUNTIME, STACK, Stack

from tests.paths import ROOT

# SAM CLI calls parts of other packages that are going away.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

IMAGE = f"public.ecr.aws/lambda/python:{RUNTIME.removeprefix('python')}-{ARCHITECTURE}"


def test_the_variables_are_those_of_the_deployed_functions(stack: Stack) -> None:
    place = Place(EMBEDDED_ACCOUNT, "local", stack.endpoint, stack.root)
    for name, written in variables(place).items():
        deployed = stack.client("cloudformation").describe_stack_resource(StackName=STACK, LogicalResourceId=name)
        function = deployed["StackResourceDetail"]["PhysicalResourceId"]
        configuration = stack.client("lambda").get_function_configuration(FunctionName=function)
        found = configuration["Environment"]["Variables"]
        assert found.keys() == written.keys() - place.access.keys()
        here = {"STUDIO_ORIGIN": found["STUDIO_ORIGIN"]}  # this stack lets in a page of its own
        assert {**found, **queue(found)} == {name: written[name] for name in found} | queue(written) | here, name


def queue(environment: dict[str, str]) -> dict[str, str]:
    """The queue's path: its host has another name inside of the embedded AWS."""
    return {name: urlsplit(value).path for name, value in environment.items() if name.endswith("QUEUE_URL")}


@pytest.fixture(scope="module")
def invoked(embedded_events: Path) -> Any:
    """Run one function in a container with one of the events; returns its answer."""

    def run(function: str, event: str) -> Any:
        environment = os.environ | {"SAM_CLI_TELEMETRY": "0"}
        environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
        done = subprocess.run(
            [
                str(Path(sys.executable).parent / "sam"), "local", "invoke", function, "--config-env", "local",
                "--event", str(embedded_events / event), "--env-vars", str(embedded_events / "env.json"),
                "--template", str(TEMPLATE), "--skip-pull-image",
            ],
            cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=300,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.strip().splitlines()[-1])

    return run


@pytest.fixture(scope="module")
def embedded_events(embedded_stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("events")
    write(embedded(embedded_stack.port, embedded_stack.root), folder)
    return folder


@pytest.fixture(scope="module")
def embedded_stack(embedded: Stack) -> Iterator[Stack]:
    """The embedded stack, where containers reach it. Skipped where there are none."""
    if not (host := gateway()):
        pytest.skip("no Docker engine runs here")
    found = subprocess.run(["docker", "image", "inspect", IMAGE], capture_output=True, check=False)  # noqa: S607
    if found.returncode:
        pytest.skip(f"Lambda's image is not here: docker pull {IMAGE}")
    try:
        with passed_on(host, embedded.port):
            yield embedded
    except OSError as error:
        pytest.skip(f"containers cannot reach this machine at {host}: {error}")


@pytest.mark.usefixtures("stack")
def test_a_message_is_looked_up_in_a_container(invoked: Any) -> None:
    answer = invoked("CacheLookupFunction", "cache_lookup.json")
    assert answer["outcome"] in ("hit", "miss"), answer


@pytest.mark.usefixtures("stack")
def test_a_clip_is_made_ready_in_a_container_with_the_layer(invoked: Any) -> None:
    answer = invoked("FetchClipsFunction", "fetch_clips.json")
    assert "errorMessage" not in answer, answer
