"""Start the embedded AWS, build and deploy the real template to it, and stop it again."""

import contextlib
import fcntl
import hashlib
import json
import os
import platform
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from stitcher.clips.keeper import voice_with
from stitcher.clips.kept import Kept, catalogue_key, kept_voices
from stitcher.planning.catalogue import clip_of, voice_prefix
from stitcher.storage import BucketRepo, LocalRepo, NotStored, Stored
from tools import progress
from tools.client import Caller
from tools.failures import Failure
from tools.local import model
from tools.local import root as root_account
from tools.operations.catalogue import rebuild

ROOT = Path(__file__).parents[2]
HOME = ROOT / ".local"
REGION = "ap-south-1"
STACK = "audio-stitcher-local"
RUNTIME = f"python{sys.version_info.major}.{sys.version_info.minor}"
ARCHITECTURE = {"aarch64": "arm64", "arm64": "arm64"}.get(platform.machine(), "x86_64")
PROVIDERS = ("plivo", "twilio")
"""Telephony providers whose webhook is deployed here."""
PARAMETERS = [
    "Stage=local",
    f"PythonRuntime={RUNTIME}",
    f"Architecture={ARCHITECTURE}",
    f"CallProviders={','.join(PROVIDERS)}",
    "PictureCanary=false",  # nothing here knows animals for sure
]
STUDIO = "http://127.0.0.1:4600"
"""The origin of `make studio`: the default of the template's parameter `StudioOrigin`."""
SOURCES = (
    "template.yaml",
    "samconfig.toml",
    "src",
    "functions",
    "layers",
    "statemachine",
    "tools/local",
    "tools/delivery/finish.py",
    "tools/delivery/bytecode.py",
)
CATALOGUE_SECONDS, AGAIN_SECONDS = 300, 30
"""Of a busy machine; seconds on a quiet one. And until voices that are behind are asked for again."""
START_SECONDS, STOP_SECONDS, WAIT_SECONDS = 180, 20, 3
"""For the emulator to start and to stop, and for another one that is just stopping."""
SAM_BUCKET = "aws-sam-cli-managed-default"
_clients: dict[tuple[str, int, str], Any] = {}
"""By service, port and root's key: making one takes longer than most calls."""
CONSTRAINTS = ROOT / "functions" / "constraints.txt"
"""What is deployed here has the versions that `make build` gives it."""


class StackError(Failure):
    """The embedded AWS could not be started, built or deployed; the message says what to look at."""


def say(text: str) -> None:
    """Progress, for people."""
    print(text, file=sys.stderr, flush=True)


@dataclass(frozen=True)
class Stack:
    """The deployed service on the running emulator."""

    port: int
    root: Credentials
    """Of who may do everything on this emulator, until it stops."""
    outputs: dict[str, str]
    credentials: Credentials
    """Of an IAM user who may call this API and do nothing else."""
    model: model.StandIn
    """What is asked instead of a vision model."""
    studio: str = STUDIO
    """The origin whose pages may call it."""

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def api_url(self) -> str:
        """The `ApiUrl` output, on the emulator, where host names of APIs are paths.

        Not at the address that S3 has here: a client that follows a redirect takes its credentials along to the same
        host only, and on AWS these are two.
        """
        return self.here(self.outputs["ApiUrl"])

    def here(self, url: str) -> str:
        """An address of an API, or below it, as it is on this emulator."""
        host, _, path = url.removeprefix("https://").partition("/")
        return f"http://localhost:{self.port}/_aws/execute-api/{host.partition('.')[0]}/{path}"

    @property
    def caller(self) -> Caller:
        return Caller(self.api_url, REGION, self.credentials)

    def client(self, service: str) -> Any:
        """A boto3 client with all rights on the emulator."""
        return client(service, self.port, self.root)

    def put_clips(self, folder: Path) -> list[Stored]:
        """Give the input bucket the folder's files; returns the uploaded ones."""
        s3, bucket = self.client("s3"), self.outputs["InputBucketName"]
        there = {
            item["Key"]: item["ETag"].strip('"')
            for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
            for item in page.get("Contents", ())
        }
        voices = [""] + [f"{path.name}/" for path in sorted(folder.iterdir()) if path.is_dir()]
        here = [stored for voice in voices for stored in LocalRepo(folder).list(voice)]
        new = [stored for stored in here if there.get(stored.key) != stored.etag]
        for stored in new:
            s3.put_object(Bucket=bucket, Key=stored.key, Body=(folder / stored.key).read_bytes())
        for key in there.keys() - {stored.key for stored in here}:
            s3.delete_object(Bucket=bucket, Key=key)
        if any(stored.key in there for stored in new):  # until then messages would say the old ones
            self.wait_for_catalogues()
        return new

    def wait_for_catalogues(self) -> None:
        """Until every voice's catalogue follows the recordings. What is new is found before; what has changed is not.

        Raises `StackError` if that takes too long.
        """
        clips = BucketRepo(self.outputs["InputBucketName"], self.client("s3"))
        output = BucketRepo(self.outputs["OutputBucketName"], self.client("s3"))
        begun = asked = time.monotonic()
        voices = {"", *filter(None, map(voice_with, clips.folders())), *kept_voices(output)}
        while late := {voice for voice in voices if not _is_kept(clips, output, voice)}:
            now = time.monotonic()
            if now > begun + CATALOGUE_SECONDS:
                raise StackError(f"the catalogues of {len(late)} voices are behind after {CATALOGUE_SECONDS} s")
            if now > asked + AGAIN_SECONDS:  # the queue shows a change that failed again after six minutes only
                say(f"{len(late)} voices do not know their changed recordings yet: asking again …")
                rebuild(self.client, STACK, sorted(late))
                asked = now
            time.sleep(0.1)
            voices = late


def _is_kept(clips: BucketRepo, output: BucketRepo, voice: str) -> bool:
    there = {clip for clip in map(clip_of, clips.list(voice_prefix(voice))) if clip}
    try:
        return set(Kept.from_bytes(voice, output.read(catalogue_key(voice))).clips) == there
    except NotStored:
        return not there


@contextlib.contextmanager
def running(
    *, port: int = 0, state: Path | None = None, host: str = "", sight: bool = False, studio: str = STUDIO
) -> Iterator[Stack]:
    """The service deployed on an emulator, for as long as the context lasts.

    Parameters
    ----------
    port
        On 127.0.0.1; 0 takes a free one.
    state
        A folder that keeps buckets and deployment from one time to the next; without it everything is new and
        forgotten.
    host
        Another address of this machine that somebody passes on to it (containers.py).
    sight
        Whether forms and animals are looked at, if what looks is installed (sight/).
    studio
        The origin whose pages may call it; a kept deployment allows the one that it was made for.

    Raises
    ------
    StackError
        Where something of it fails.
    """
    with contextlib.ExitStack() as exits:
        folder = state or Path(exits.enter_context(tempfile.TemporaryDirectory(prefix="stitcher-")))
        folder.mkdir(parents=True, exist_ok=True)
        exits.enter_context(_locked(folder))
        digest = _digest_of_sources()
        deployed = folder / "deployed.json"
        if not _is_current(deployed, digest):
            # What an older version left is of no use to this one.
            for path in folder.iterdir():
                if path.name != "lock":
                    shutil.rmtree(path) if path.is_dir() else path.unlink()
        build(digest)
        port = port or free_port()
        stand_in = exits.enter_context(model.serving(folder / "sight.log" if sight else None))
        root = exits.enter_context(emulator(port, folder, stand_in.url, host, {"ORIGINS": studio}))
        exits.callback(_close_clients)
        outputs = outputs_of(port, root)
        if not outputs:
            deploy(port, root, "local", HOME / "build" / "template.yaml", [*PARAMETERS, f"StudioOrigin={studio}"])
            _forget_packages(port, root)
            outputs = outputs_of(port, root)
            deployed.write_text(json.dumps({"sources": digest}))
        yield Stack(port, root, outputs, caller_credentials(port, root, outputs), stand_in, studio)


def build(digest: str | None = None) -> Path:
    """Run `sam build` for this machine's interpreter and processor, if anything changed; returns the built template."""
    built, stamp = HOME / "build" / "template.yaml", HOME / "build.json"
    digest = digest or _digest_of_sources()
    if not (built.exists() and _is_current(stamp, digest)):
        if not built.exists():
            say(f"The first build takes 1 to 3 minutes and 2 GB in {HOME.name}/ and .aws-sam/; a start takes seconds.")
        HOME.mkdir(exist_ok=True)
        stamp.unlink(missing_ok=True)
        if (cached := HOME / "build.toml").exists() and cached.stat().st_mtime < CONSTRAINTS.stat().st_mtime:
            cached.unlink()  # sam's list of its cache, which does not contain the constraints
        options = ["--build-dir", str(built.parent), "--cache-dir", str(HOME / "cache")]
        # Here, because most starts build nothing, and these take long to load.
        from tools.delivery import hashes
        from tools.delivery.finish import finish
        from tools.delivery.store import DeliveryError

        wheels = ROOT / hashes.WHEELS
        environment = {
            "PIP_CONSTRAINT": CONSTRAINTS.as_uri(),
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": wheels.as_uri(),
            "PIP_QUIET": "1",
            "ARCHITECTURE": ARCHITECTURE,
        }
        try:
            hashes.download(ROOT, ARCHITECTURE, RUNTIME)
            _sam(
                f"sam build ({RUNTIME}, {ARCHITECTURE})",
                "build",
                *options,
                "--parameter-overrides",
                *PARAMETERS,
                environment=environment,
            )
            finish(ROOT, built.parent, RUNTIME)
        except DeliveryError as error:
            raise StackError(str(error)) from None
        stamp.write_text(json.dumps({"sources": digest}))
    return built


def deploy(port: int, root: Credentials, stage: str, built: Path, parameters: Sequence[str]) -> None:
    """Run `sam deploy` with a stage's section of samconfig.toml. Raises `StackError`."""
    config = ["--config-file", str(ROOT / "samconfig.toml"), "--config-env", stage]
    _sam(
        f"sam deploy --config-env {stage}",
        "deploy", *config, "--template-file", str(built), "--parameter-overrides", *parameters,
        environment={"AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}", **root_account.variables(root)},
    )  # fmt: skip


def _forget_packages(port: int, root: Credentials) -> None:
    """Empty the bucket that sam uploaded to: what is deployed from it has been unpacked, and it takes 230 MB."""
    s3 = client("s3", port, root)
    for bucket in s3.list_buckets()["Buckets"]:
        if bucket["Name"].startswith(SAM_BUCKET):
            for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket["Name"]):
                for item in (*page.get("Versions", ()), *page.get("DeleteMarkers", ())):
                    s3.delete_object(Bucket=bucket["Name"], Key=item["Key"], VersionId=item["VersionId"])


def _sam(what: str, *arguments: str, environment: dict[str, str]) -> None:
    """Run sam from this environment and say `what` meanwhile, its output kept for when it fails."""
    scripts = Path(sys.executable).parent
    variables = _clean_environment() | {"SAM_CLI_TELEMETRY": "0", "PATH": _path()} | environment
    code, printed = progress.run(what, [str(scripts / "sam"), *arguments], cwd=ROOT, env=variables)
    if code:
        raise StackError(f"sam {arguments[0]} failed:\n{printed}")


@contextlib.contextmanager
def emulator(
    port: int, folder: Path, model_url: str = "", host: str = "", environment: Mapping[str, str] | None = None
) -> Iterator[Credentials]:
    """MiniStack with IAM enforced, on the loopback address, its state in the folder; gives its root's credentials.

    `host` is another address of this machine that it may be called at, besides 127.0.0.1 and localhost; `environment`
    has further variables for it.
    """
    interpreter = ROOT / ".venv-local" / "bin" / "python"
    if not interpreter.exists():
        raise StackError("the embedded AWS is not installed: run `make setup`")
    deadline = time.monotonic() + WAIT_SECONDS  # the one before may still be stopping
    while not _is_free(port) and time.monotonic() < deadline:
        time.sleep(0.1)
    if not _is_free(port):
        raise StackError(f"port {port} is in use: stop what uses it, or choose another with PORT=…")
    scratch = folder / "tmp"
    scratch.mkdir(exist_ok=True)
    root = root_account.renewed(folder)
    variables = _clean_environment() | {
        "PATH": _path(),  # of the processes of functions, too: of Node.js
        "GATEWAY_PORT": str(port),
        "BIND_HOST": "127.0.0.1",
        "MINISTACK_REGION": REGION,
        "MODEL_URL": model_url,
        "AUTH": "true",
        **root_account.variables(root),
        "HOSTS": host,
        "IOT_MTLS_ENABLED": "0",  # these would listen on every address of this machine
        "SFTP_ENABLED": "0",
        "PERSIST_STATE": "1",
        "STATE_DIR": str(folder / "state"),
        "TMPDIR": str(scratch),  # where it unpacks functions, and leaves them
        "S3_PERSIST": "1",
        "S3_DATA_DIR": str(folder / "s3"),
        **(environment or {}),
    }
    log_path = folder / "emulator.log"
    with log_path.open("w") as log:
        # Its own session, so that Ctrl-C reaches only us; a pipe as input, so that it ends when we do, however we do.
        process = subprocess.Popen(
            [str(interpreter), str(ROOT / "tools" / "local" / "emulator.py")],
            env=variables, stdin=subprocess.PIPE, stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
        try:
            _wait_until_ready(port, process, log_path)
            yield root
        finally:
            say("stopping …")
            with _uninterrupted():
                process.terminate()  # it saves its state and stops the functions' processes
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(timeout=STOP_SECONDS)
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                if process.stdin:
                    process.stdin.close()
                _discard(scratch)


def _discard(folder: Path) -> None:
    """Remove a folder while nobody waits: unpacked functions are thousands of files, and take seconds."""
    with contextlib.suppress(FileNotFoundError):
        doomed = folder.rename(tempfile.mkdtemp(prefix="removed-", dir=folder.parent.parent))
        command = ["sh", "-c", 'rm -rf "$0" > /dev/null 2>&1 &', str(doomed)]
        subprocess.run(command, start_new_session=True, check=False)


@contextlib.contextmanager
def _uninterrupted() -> Iterator[None]:
    """While something is stopped, another Ctrl-C would leave half of it running."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {each: signal.signal(each, signal.SIG_IGN) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def _wait_until_ready(port: int, process: "subprocess.Popen[bytes]", log_path: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise StackError(f"the emulator ended at once:\n{log_path.read_text()[-2000:]}")
        if not _is_free(port):
            return
        time.sleep(0.05)
    raise StackError(f"the emulator did not start within {START_SECONDS} s:\n{log_path.read_text()[-2000:]}")


def caller_credentials(port: int, root: Credentials, outputs: dict[str, str]) -> Credentials:
    """A new key for the IAM user `caller`, who may do nothing but call this API."""
    iam, name = client("iam", port, root), "caller"
    with contextlib.suppress(iam.exceptions.EntityAlreadyExistsException):
        iam.create_user(UserName=name)
    for key in iam.list_access_keys(UserName=name)["AccessKeyMetadata"]:
        iam.delete_access_key(UserName=name, AccessKeyId=key["AccessKeyId"])
    api_id = outputs["ApiUrl"].removeprefix("https://").partition(".")[0]
    statement = {
        "Effect": "Allow",
        "Action": "execute-api:Invoke",
        "Resource": f"arn:aws:execute-api:{REGION}:*:{api_id}/*",
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_user_policy(UserName=name, PolicyName="call-the-api", PolicyDocument=document)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return Credentials(key["AccessKeyId"], key["SecretAccessKey"])


def outputs_of(port: int, root: Credentials, stack: str = STACK) -> dict[str, str]:
    """The deployed stack's outputs; empty if it is not deployed."""
    try:
        found = client("cloudformation", port, root).describe_stacks(StackName=stack)["Stacks"][0]
    except ClientError:
        return {}
    return {output["OutputKey"]: output["OutputValue"] for output in found["Outputs"]}


def client(service: str, port: int, root: Credentials) -> Any:
    """A boto3 client with all rights on the emulator at the port."""
    if known := _clients.get((service, port, root.access_key)):
        return known
    # inject_host_prefix: the emulator has one host name for every service.
    config = Config(inject_host_prefix=False, retries={"total_max_attempts": 1}, read_timeout=60)
    session: Any = boto3.Session(root.access_key, root.secret_key, region_name=REGION)
    made = session.client(service, endpoint_url=f"http://127.0.0.1:{port}", config=config)
    _clients[service, port, root.access_key] = made
    return made


def _close_clients() -> None:
    """The emulator does not end before the connections to it do."""
    while _clients:
        _clients.popitem()[1].close()


def _path() -> str:
    """PATH with this environment's programs first: Node.js may be one of them (Makefile)."""
    return f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"


def _clean_environment() -> dict[str, str]:
    """This process's environment without anything that would lead a child to a real AWS account."""
    return {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}


def _digest_of_sources() -> str:
    """Of everything the deployed service is made from, and of the interpreter it is made for."""
    digest = hashlib.sha256(f"{RUNTIME} {ARCHITECTURE}".encode())
    for source in SOURCES:
        path = ROOT / source
        files = [path] if path.is_file() else sorted(path.rglob("*"))
        for file in files:
            made = {"__pycache__", "node_modules"} & set(file.parts) or ".egg-info" in str(file)
            if file.is_file() and not made:
                digest.update(f"{file.relative_to(ROOT)}\0{file.stat().st_size}\0".encode())
                digest.update(file.read_bytes())
    return digest.hexdigest()


def _is_current(stamp: Path, digest: str) -> bool:
    try:
        return bool(json.loads(stamp.read_text())["sources"] == digest)
    except (OSError, ValueError, KeyError):
        return False


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    with (folder / "lock").open("w") as lock:
        deadline = time.monotonic() + WAIT_SECONDS  # the one before may still be stopping
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise StackError("the embedded AWS is running already (`make serve` in another window?)") from None
                time.sleep(0.1)
        yield


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0
