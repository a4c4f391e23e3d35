"""Deploy a packaged release to a stage, and roll back. Nothing is built here."""

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from tools.client import ambient_caller
from tools.delivery.output import say
from tools.delivery.probe import Probe
from tools.delivery.sign import CODE
from tools.delivery.stage import Stage
from tools.delivery.store import DeliveryError, History, Release, Store
from tools.delivery.template import read

VOICE = "pipeline"
"""The voice that belongs to the pipeline: its clips are the samples that the checks need, and nobody else's."""
CLIPS = ("hello.wav", "shreeshail.wav")
BUILT_FOR = ("PythonRuntime", "Architecture")
"""Parameters that a release was built for: its packages fit no other value."""
BOUNDARY = "PermissionsBoundary"


def promote(store: Store, stage: Stage, name: str, root: Path, *, back: bool = False) -> str:
    """Deploy a release, with traffic from the probe while the canary bakes; returns the API's address.

    `back` is for a release that passed in the stage before: a run of any age may take it, and without a canary.

    Raises
    ------
    DeliveryError
        If there is no such release, its files were changed, it is not signed and the stage has SigningProfiles, a later
        run has passed in the stage, `back` names a release that never passed there, or the deployment failed;
        CloudFormation has then rolled back by itself.
    """
    release, history = _checked(store, name), store.history(stage.name)
    if not back:
        _refuse_late(stage, history, position_of(root))
    elif name not in {each.release for each in history.passed}:
        raise DeliveryError(f"{name} never passed in {stage.name}: `make releases STAGE={stage.name}` lists those")
    template = root / ".aws-sam" / "promoted.yaml"
    template.parent.mkdir(exist_ok=True)
    template.write_bytes(store.read(release.template) or b"")
    signers = _parameters(stage, template, back=back).get("SigningProfiles")
    if signers and CODE.search(template.read_text()):
        raise DeliveryError(f"release {name} is not signed, and {stage.name} takes signed code only (SigningProfiles)")
    print(f"release {name} (commit {release.commit} of {release.committed}) to {stage.name}", flush=True)
    before = stage.outputs()
    if before:
        put_clips(stage, before["InputBucketName"], root)
        with Probe(ambient_caller(_address(before)), VOICE) as probe:
            done = _sam_deploy(store, stage, template, root, back=back)
        print(probe.report(), flush=True)
    else:
        print(f"{stage.name} is empty: this is its first deployment, with no canary and no probe", flush=True)
        done = _sam_deploy(store, stage, template, root, back=back)
    if done:
        raise DeliveryError(f"release {name} was not deployed to {stage.name}; see above. CloudFormation went back.")
    store.keep(stage.name, history.gone_back(name) if back else history.with_running(name))
    say("deployed", "true")
    outputs = stage.outputs()
    put_clips(stage, outputs["InputBucketName"], root)
    return _address(outputs)


def rollback(store: Store, stage: Stage, root: Path, *, failed: bool = False) -> str:
    """Deploy the release that passed in a stage before the running one; returns its name. Raises as `promote` does.

    `failed`: the running release did not pass just now. Then the last release that passed is deployed; if it is the
    running one, nothing is done.
    """
    history = store.history(stage.name)
    good = [each.release for each in history.good]
    if failed and good and good[-1] == history.running:
        print(f"{history.running} passed in {stage.name} before and still runs: no rollback is needed")
        return good[-1]
    name = history.before()
    if name is None:
        raise DeliveryError(f"nothing else has passed its checks in {stage.name}: there is nothing to go back to")
    promote(store, stage, name, root, back=True)
    return name


def note_passed(store: Store, stage: Stage, name: str, root: Path) -> None:
    """Note that a release passed its checks in a stage, deployed by a run on the commit that is checked out."""
    store.keep(stage.name, store.history(stage.name).with_passed(name, position_of(root)))


def releases(store: Store, stage: Stage) -> str:
    """The releases that passed in a stage, newest first, for people."""
    history = store.history(stage.name)
    lines = [f"{stage.name} runs {history.running or 'nothing'}"]
    for each in reversed(history.passed):
        release = store.release(each.release)
        words = [each.release, f"commit {each.position} of main", f"made of {release.commit[:12]}" if release else "?"]
        words += ["rolled back"] if each.taken_back else []
        lines.append("  ".join(words))
    return "\n".join(lines)


def position_of(root: Path) -> int:
    """How many commits main has up to the one that is checked out: later runs have more, whatever they deploy.

    Raises `DeliveryError` if git cannot tell, as in a shallow clone.
    """
    if _git(root, "rev-parse", "--is-shallow-repository") != "false":
        raise DeliveryError("this is a shallow clone: the place of its commit on main cannot be told")
    return int(_git(root, "rev-list", "--count", "--first-parent", "HEAD"))


def put_clips(stage: Stage, bucket: str, root: Path) -> None:
    """Make the pipeline's voice hold its clips. Objects that are there stay; no other voice is touched."""
    s3 = stage.client("s3")
    for clip in CLIPS:
        data = (root / "samples" / "clips" / clip).read_bytes()
        try:
            s3.put_object(Bucket=bucket, Key=f"{VOICE}/{clip}", Body=data, IfNoneMatch="*")
        except ClientError as error:
            if error.response["Error"]["Code"] != "PreconditionFailed":
                raise


def _checked(store: Store, name: str) -> Release:
    release = store.release(name)
    if release is None:
        raise DeliveryError(f"there is no release {name!r} in {store.bucket}")
    store.check(release)
    return release


def _refuse_late(stage: Stage, history: History, position: int) -> None:
    """Two runs may reach a stage in the wrong order, and an approval may come late: forward is forward."""
    if position < history.position:
        raise DeliveryError(
            f"a later run has passed in {stage.name} (commit {history.position} of main, and this is {position}): "
            f"reject this one, or go back to a release with the workflow `rollback`"
        )


def _git(root: Path, *arguments: str) -> str:
    done = subprocess.run(["git", "-C", str(root), *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise DeliveryError(f"git {arguments[0]} failed: {done.stderr.strip()}")
    return done.stdout.strip()


def _address(outputs: dict[str, str]) -> str:
    """Of the deployed API; `API_URL` replaces it where it is reached otherwise, as on the embedded AWS."""
    return os.environ.get("API_URL") or outputs["ApiUrl"]


def _sam_deploy(store: Store, stage: Stage, template: Path, root: Path, *, back: bool) -> int:
    options = ["--no-resolve-s3", *store.sam_options, "--s3-prefix", f"deployed/{stage.name}"]
    return sam_deploy(stage, template, root, options, role=os.environ.get("EXECUTION_ROLE"), back=back)


def sam_deploy(
    stage: Stage, template: Path, root: Path, options: Sequence[str], *, role: str | None, back: bool = False
) -> int:
    """Run `sam deploy` with a stage's settings and a value for every parameter; returns its exit code.

    `role` is what CloudFormation works under; without it, the caller's own rights count.
    """
    command = ["sam", "deploy", "--template-file", str(template), "--config-file", str(root / "samconfig.toml")]
    command += ["--config-env", stage.name, *options]
    # In quotation marks, without which sam takes no empty value.
    parameters = _parameters(stage, template, back=back)
    command += ["--parameter-overrides", *(f'{name}="{value}"' for name, value in parameters.items())]
    if role:
        command += ["--role-arn", role]
    return subprocess.run(command, check=False).returncode


def _parameters(stage: Stage, template: Path, *, back: bool) -> dict[str, str]:
    """A value for every parameter of the release, since CloudFormation keeps the last value of one that is not named.

    The parameters that a release was built for have its own defaults. All others have the stage's setting, or the
    default if the stage has none. A rollback is not gradual, because the replaced release is bad. The account's
    boundary is passed if it is known; otherwise it stays.
    """
    declared: dict[str, Any] = read(template).get("Parameters", {})
    values = {name: str(parameter["Default"]) for name, parameter in declared.items() if "Default" in parameter}
    values |= {name: value for name, value in stage.parameters.items() if name in declared and name not in BUILT_FOR}
    if "AtOnce" in declared and back:
        values["AtOnce"] = "true"
    values.pop(BOUNDARY, None)
    if BOUNDARY in declared and (boundary := os.environ.get("PERMISSIONS_BOUNDARY")):
        values[BOUNDARY] = boundary
    return values
