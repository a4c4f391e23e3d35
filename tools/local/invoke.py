"""What `sam local invoke` needs: every function's variables, and the example events, for one account and stage.

SAM CLI knows neither the account's number nor a queue's URL, and passes on only variables that the template declares.
So all of them are written into files; for the embedded AWS there is a template, too, that declares how to reach it.
"""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from botocore.credentials import Credentials
from samcli.lib.providers.sam_function_provider import SamFunctionProvider
from samcli.lib.providers.sam_stack_provider import SamLocalStackProvider
from samcli.yamlhelper import yaml_dump, yaml_parse

from tools.local import root as root_account
from tools.local.containers import gateway
from tools.local.stack import ARCHITECTURE, HOME, PARAMETERS, REGION, ROOT, RUNTIME, StackError

EVENTS = HOME / "events"
TEMPLATE = HOME / "build" / "invoke.yaml"
"""The built template that declares the embedded AWS; beside the functions that it names."""
EXAMPLE_ACCOUNT, EXAMPLE_STAGE = "123456789012", "dev"
"""What the events in the repository name."""
EMBEDDED_ACCOUNT = "000000000000"


@dataclass(frozen=True)
class Place:
    """Where functions are to find their buckets and queues: an account's stage, or the embedded AWS at an endpoint."""

    account: str
    stage: str
    endpoint: str = ""
    root: Credentials | None = field(default=None, repr=False)
    """Of the embedded AWS."""

    def __post_init__(self) -> None:
        if not re.fullmatch(r"\d{12}", self.account):
            raise StackError(f"{self.account!r} is no account's number of 12 digits (ACCOUNT=…)")

    @property
    def access(self) -> dict[str, str]:
        """The variables by which a function reaches the embedded AWS; none for an account."""
        if not self.root:
            return {}
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            **root_account.variables(self.root),
            "AWS_SESSION_TOKEN": "",
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
        }


def embedded(port: int, root: Credentials, host: str = "") -> Place:
    """The embedded AWS that `make serve` keeps up at this port, as containers reach it.

    Raises `StackError` if no Docker engine runs.
    """
    if not (host := host or gateway()):
        raise StackError("no Docker engine runs here, and `sam local invoke` needs one")
    return Place(EMBEDDED_ACCOUNT, "local", f"http://{host}:{port}", root)


def variables(place: Place, template: Path = ROOT / "template.yaml") -> dict[str, dict[str, str]]:
    """Every function's variables, by its name in the template.

    Raises `StackError` if the template has no such stage.
    """
    given = {"Stage": place.stage, "AWS::AccountId": place.account, "AWS::Region": REGION}
    given |= dict(one.split("=") for one in PARAMETERS) if place.stage == "local" else {}
    document = yaml_parse(template.read_text())
    if place.stage not in document["Parameters"]["Stage"]["AllowedValues"]:
        raise StackError(f"there is no stage {place.stage!r} in template.yaml (STAGE=…)")
    names = {
        name: resource["Properties"]["QueueName"]
        for name, resource in SamLocalStackProvider.get_stacks(str(template), parameter_overrides=given)[0][
            0
        ].resources.items()
        if resource["Type"] == "AWS::SQS::Queue"
    }
    queues = place.endpoint or f"https://sqs.{REGION}.amazonaws.com"
    # SAM CLI resolves a reference to the value that it gets for the name.
    given |= {name: f"{queues}/{place.account}/{queue}" for name, queue in names.items()}
    stacks, _ = SamLocalStackProvider.get_stacks(str(template), parameter_overrides=given)
    return {
        function.name: {name: str(value) for name, value in (function.environment["Variables"] | place.access).items()}
        for function in SamFunctionProvider(stacks).get_all()
        if function.environment
    }


def write(place: Place, folder: Path = EVENTS) -> None:
    """Write variables (env.json) and events into the folder, and for the embedded AWS the template."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)  # the embedded AWS's credentials are among the variables
    (folder / "env.json").write_text(json.dumps(variables(place), indent=2) + "\n")
    for example in sorted((ROOT / "events").glob("*.json")):
        (folder / example.name).write_text(_renamed(example.read_text(), place))
    if place.endpoint:
        TEMPLATE.touch(mode=0o600)
        TEMPLATE.chmod(0o600)
        TEMPLATE.write_text(yaml_dump(declaring(yaml_parse((HOME / "build" / "template.yaml").read_text()), place)))


def _renamed(event: str, place: Place) -> str:
    named = re.sub(rf"(stitcher-\w+)-{EXAMPLE_STAGE}\b", rf"\g<1>-{place.stage}", event)
    return named.replace(EXAMPLE_ACCOUNT, place.account)


def declaring(template: dict[str, Any], place: Place) -> dict[str, Any]:
    """The built template with the variables of `Place.access` in every function, and this machine's runtime."""
    for name, default in {"PythonRuntime": RUNTIME, "Architecture": ARCHITECTURE, "Stage": place.stage}.items():
        template["Parameters"][name]["Default"] = default
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            environment = resource["Properties"].setdefault("Environment", {})
            environment["Variables"] = {**environment.get("Variables", {}), **place.access}
    return template
