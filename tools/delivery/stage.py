"""One environment as it is deployed: its section of `samconfig.toml`, and what its stack says of itself."""

import shlex
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from tools.delivery.store import DeliveryError


@dataclass(frozen=True)
class Stage:
    """A stage's name, stack and region."""

    name: str
    stack: str
    region: str
    parameters: dict[str, str]
    """The stage's settings: every parameter of the template but `PermissionsBoundary`, which is the account's."""

    @classmethod
    def of(cls, name: str, root: Path) -> "Stage":
        """The stage of that name. Raises `DeliveryError` if `samconfig.toml` has none."""
        config = tomllib.loads((root / "samconfig.toml").read_text())
        try:
            deploy = config[name]["deploy"]["parameters"]
        except KeyError:
            stages = ", ".join(
                stage for stage, section in config.items() if isinstance(section, dict) and "deploy" in section
            )
            raise DeliveryError(f"{name!r} is no stage of samconfig.toml: choose one of {stages}") from None
        overrides = deploy.get("parameter_overrides", [])
        pairs = shlex.split(overrides if isinstance(overrides, str) else " ".join(overrides))
        return cls(name, deploy["stack_name"], deploy["region"], dict(pair.split("=", 1) for pair in pairs))

    def client(self, service: str, config: Config | None = None) -> Any:
        """A boto3 client in the stage's region."""
        make: Any = boto3.client
        return make(service, region_name=self.region, config=config)

    def outputs(self) -> dict[str, str]:
        """The stack's outputs; empty if there is no stack, or none that was ever complete."""
        return {output["OutputKey"]: output["OutputValue"] for output in (self._stack() or {}).get("Outputs", ())}

    def status(self) -> str | None:
        """The stack's status, in CloudFormation's words; None if there is no stack."""
        stack = self._stack()
        return stack["StackStatus"] if stack else None

    def _stack(self) -> dict[str, Any] | None:
        try:
            found: dict[str, Any] = self.client("cloudformation").describe_stacks(StackName=self.stack)["Stacks"][0]
        except ClientError as error:
            if error.response["Error"]["Code"] != "ValidationError":  # how CloudFormation says that there is none
                raise
            return None
        return found
