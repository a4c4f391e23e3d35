"""The embedded AWS: MiniStack 1.5.33 with the parts of AWS that this service needs and MiniStack lacks.

`stack.py` starts it. Each addition is a few lines on MiniStack's functions.

- SAM's transform sees the stack's parameters, as CloudFormation's does
- conditions that read a mapping or join a list (conditions.py): MiniStack takes the first as false, the second as true
- CloudFormation types for a state machine's version and alias, as SAM's `AutoPublishAlias` makes them
- StartSyncExecution on an alias; executions begin at once
- custom resources answer at the address that functions know, and without a type of content, as AWS's signature asks
- layers as on AWS: files keep their execute bit, and a layer's `bin/` is on the function's PATH
- CopyObject honours `If-None-Match`
- processes of the same code share the folder that it is unpacked in, so that only the first has to compile it
- functions and steps have ten times their time: a busy machine is no fault of theirs
- functions run at most twice at once each (AWS: a thousand times), others wait: fifty clips put at once would be fifty
  processes
- events for functions are retried, and end in the dead-letter queue, as asynchronous invocations are
- only this machine's programs are let in, and no web page (gate.py)
- the root signs its calls as others do, and the credentials of functions cannot be guessed
- loopback counts as TLS, so that the buckets' policies can be the real ones
- the REST API's front door (front_door.py)
- workflows that events start, and Bedrock (workflow.py); maps whose children are executions (map_run.py)
- the rights of services that act for each other (authorization.py), and the sources of events in conditions
- more of AWS's refusals (refusals.py)
- events about changed parameters (parameters.py)
- faults on demand (faults.py)
- it stops soon, after any number of calls
- queues keep the addresses that they were made with: each start has another port, and their messages reached nobody
- types of resources that it takes and does nothing with (not_simulated.py)

Configured by MiniStack's variables: GATEWAY_PORT, BIND_HOST, MINISTACK_REGION, AUTH, PERSIST_STATE, STATE_DIR,
AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (the root's) …, and by MODEL_URL, where the stand-in for a model answers,
HOSTS and ORIGINS, the further addresses and the origins of pages that gate.py lets in (with spaces between them).
"""

import contextlib
import hashlib
import hmac
import json
import os
import secrets
import signal
import sys
import tempfile
import threading
import time
import zipfile
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import authorization
import conditions
import faults
import front_door
import gate
import map_run
import not_simulated
import parameters
import refusals
import workflow
from hypercorn.config import Config as HypercornConfig
from ministack import app
from ministack.core import iam_actions, iam_evaluator, lambda_runtime, responses
from ministack.services import eventbridge, lambda_svc, s3, sqs, stepfunctions, sts
from ministack.services.cloudformation import changesets, custom_resource, engine
from ministack.services.cloudformation.provisioners import _RESOURCE_HANDLERS
from samtranslator.translator import transform

PATIENCE = 10
"""How many times as long as on AWS a function and a step may take: this machine may be busy with other work."""
AT_ONCE = 2
"""Processes of one function."""
FORGOTTEN = {"cloudwatch", "cloudwatch_logs", "cloudwatch_metrics", "xray"}
"""Services whose state is only what calls left."""
START_SECONDS = 0.15
"""What MiniStack waits before each execution."""


def _call(operation: Any, request: dict[str, Any]) -> dict[str, Any]:
    status, _, body = operation(request)[:3]
    answer: dict[str, Any] = json.loads(body or b"{}")
    if status >= 400:
        raise ValueError(answer.get("message", answer))
    return answer


def _create_version(_logical_id: str, properties: dict[str, Any], _stack: str) -> tuple[str, dict[str, str]]:
    request = {"stateMachineArn": properties["StateMachineArn"]}
    arn = _call(stepfunctions._publish_state_machine_version, request)["stateMachineVersionArn"]
    return arn, {"Arn": arn}


def _routing(properties: dict[str, Any]) -> list[dict[str, Any]]:
    everything = [{"StateMachineVersionArn": properties.get("DeploymentPreference", {}).get("StateMachineVersionArn")}]
    return [
        {"stateMachineVersionArn": route["StateMachineVersionArn"], "weight": int(route.get("Weight", 100))}
        for route in properties.get("RoutingConfiguration") or everything
    ]


def _create_alias(_logical_id: str, properties: dict[str, Any], _stack: str) -> tuple[str, dict[str, str]]:
    request = {"name": properties["Name"], "routingConfiguration": _routing(properties)}
    arn = _call(stepfunctions._create_state_machine_alias, request)["stateMachineAliasArn"]
    return arn, {"Arn": arn}


def _update_alias(arn: str, _old: dict[str, Any], new: dict[str, Any], _stack: str) -> tuple[str, dict[str, str]]:
    request = {"stateMachineAliasArn": arn, "routingConfiguration": _routing(new)}
    _call(stepfunctions._update_state_machine_alias, request)
    return arn, {"Arn": arn}


def _delete_alias(arn: str, _properties: dict[str, Any]) -> None:
    _call(stepfunctions._delete_state_machine_alias, {"stateMachineAliasArn": arn})


def _state_machine_aliases() -> None:
    _RESOURCE_HANDLERS["AWS::StepFunctions::StateMachineVersion"] = {
        "create": _create_version,
        "delete": lambda *_: None,  # SAM retains old versions
    }
    _RESOURCE_HANDLERS["AWS::StepFunctions::StateMachineAlias"] = {
        "create": _create_alias,
        "update": _update_alias,
        "delete": _delete_alias,
    }
    start_sync = stepfunctions._start_sync_execution

    def start_sync_resolved(request: dict[str, Any]) -> Any:
        arn = request["stateMachineArn"]
        return start_sync({**request, "stateMachineArn": stepfunctions._resolve_state_machine_arn(arn) or arn})

    stepfunctions._start_sync_execution = start_sync_resolved


class _Clock:
    """The module `time`, but for one pause."""

    def __getattr__(self, name: str) -> Any:
        return getattr(time, name)

    @staticmethod
    def sleep(seconds: float) -> None:
        if seconds != START_SECONDS:
            time.sleep(seconds)


def _executions_begin_at_once() -> None:
    stepfunctions.time = _Clock()


def _answered(data: dict[str, Any], status: int = 200, *, content_type: str = "") -> tuple[Any, ...]:
    text = json.dumps(data, ensure_ascii=False)
    return status, {"Content-Type": content_type}, text.encode("utf-8", "backslashreplace")


def _half_a_character_is_answered() -> None:
    """Half of a surrogate pair stays an escape: MiniStack answers 500 to an execution with one in its input.

    AWS does not document what it does. The services hold the function itself, so that its code is what is replaced.
    """
    responses.json_response.__code__ = _answered.__code__


def _transform_sees_parameters() -> None:
    apply, translate = changesets._apply_transforms, transform.transform

    def apply_with_parameters(template: Any, *parameters: Any) -> Any:
        values = engine._transform_parameters(template, *parameters)
        transform.transform = lambda document, _, policies: translate(document, values, policies)
        return apply(template, *parameters)

    changesets._apply_transforms = apply_with_parameters


def _custom_resources_answer() -> None:
    custom_resource._HOST = "127.0.0.1"


def _layers() -> None:
    extract_member = zipfile.ZipFile._extract_member  # type: ignore[attr-defined]

    def extract_with_mode(self: zipfile.ZipFile, member: Any, target: Any, password: Any) -> str:
        info = member if isinstance(member, zipfile.ZipInfo) else self.getinfo(member)
        path: str = extract_member(self, info, target, password)
        if mode := info.external_attr >> 16 & 0o777:
            Path(path).chmod(mode)
        return path

    zipfile.ZipFile._extract_member = extract_with_mode  # type: ignore[attr-defined]
    lambda_runtime._PYTHON_WORKER_SCRIPT = (
        "import os\n"
        "_bins = [d + '/bin' for d in os.environ.get('_LAMBDA_LAYERS_DIRS', '').split(os.pathsep) if d]\n"
        "os.environ['PATH'] = os.pathsep.join([*_bins, os.environ.get('PATH', '')])\n"
        + lambda_runtime._PYTHON_WORKER_SCRIPT
    )


def _copies_are_conditional() -> None:
    copy = s3._copy_object

    def copy_if(bucket: str, key: str, headers: dict[str, str]) -> Any:
        there = (s3._ensure_bucket(bucket) or {"objects": {}})["objects"].get(key)
        return s3._check_put_preconditions(headers, there) or copy(bucket, key, headers)

    s3._copy_object = copy_if


def _unpacked_once() -> None:
    extract_all, lock = zipfile.ZipFile.extractall, threading.Lock()

    def extract_or_link(self: zipfile.ZipFile, path: Any = None, *rest: Any) -> None:
        place, source = Path(path or "."), Path(self.filename or "")
        if not source.parent.name.startswith("ministack-lambda-"):
            extract_all(self, path, *rest)
            return
        shared = Path(tempfile.gettempdir()) / hashlib.sha256(source.read_bytes()).hexdigest()
        with lock:
            if not shared.exists():
                extract_all(self, part := shared.with_suffix(".part"))
                part.rename(shared)
        place.rmdir()
        place.symlink_to(shared)

    zipfile.ZipFile.extractall = extract_or_link  # type: ignore[assignment, method-assign]


def _bounded_functions() -> None:
    acquire = lambda_svc.acquire_worker

    def acquire_or_wait(*arguments: Any, **options: Any) -> Any:
        while True:
            worker, reason = acquire(*arguments, **{**options, "max_concurrency": AT_ONCE})
            if worker is not None:
                return worker, reason
            time.sleep(0.02)

    lambda_svc.acquire_worker = acquire_or_wait


def _time_is_ample() -> None:
    invoke, invoke_with_timeout = lambda_runtime.Worker.invoke, stepfunctions._invoke_resource_with_timeout

    def invoke_patiently(self: Any, *arguments: Any, **options: Any) -> Any:
        if "ample" not in self.config:
            self.config = {**self.config, "ample": True, "Timeout": PATIENCE * self.config.get("Timeout", 30)}
        return invoke(self, *arguments, **options)

    def invoke_in_ample_time(resource: str, given: Any, seconds: float) -> Any:
        return invoke_with_timeout(resource, given, PATIENCE * seconds)

    lambda_runtime.Worker.invoke = invoke_patiently
    stepfunctions._invoke_resource_with_timeout = invoke_in_ample_time


def _events_are_asynchronous_invocations() -> None:
    def dispatch(arn: str, payload: str) -> None:
        function, config, _ = lambda_svc._get_func_record_for_ref(arn)
        named, _, _ = lambda_svc._get_base_func_record_for_ref(arn)
        if function and config and named:
            retries = (named.get("event_invoke_configs") or {}).get(arn.rpartition(":")[2])
            record = {**lambda_svc._execution_record_for_config(function, config), "event_invoke_config": retries}
            lambda_svc.invoke_async_with_retry(record, json.loads(payload))

    eventbridge._dispatch_to_lambda = dispatch


def _credentials_are_secret() -> None:
    """MiniStack makes those of a function from its ARN, which anybody can do."""
    make, salt = lambda_runtime.execution_credentials, secrets.token_bytes(32)

    def made_secret(config: dict[str, Any]) -> dict[str, str]:
        made: dict[str, str] = make(config)
        key = made["AWS_ACCESS_KEY_ID"]
        made["AWS_SECRET_ACCESS_KEY"] = hmac.digest(salt, f"secret {key}".encode(), "sha256").hex()
        made["AWS_SESSION_TOKEN"] = hmac.digest(salt, f"token {key}".encode(), "sha256").hex()
        session = {**sts._sessions[key], "SecretAccessKey": made["AWS_SECRET_ACCESS_KEY"]}
        sts.register_session(key, session | {"SessionToken": made["AWS_SESSION_TOKEN"]})
        return made

    lambda_runtime.execution_credentials = lambda_svc.execution_credentials = made_secret


def _sessions_begin_in_turn() -> None:
    """Each start of a session looks through the others: two at the same time were a fault of a call."""
    register, turn = sts.register_session, threading.Lock()

    def in_turn(access_key: str, session: dict[str, Any]) -> None:
        with turn:
            register(access_key, session)

    sts.register_session = in_turn


def _root_signs() -> None:
    """MiniStack checks no signature of the root's, and takes any account's number and `test` for it.

    No key at all is still nobody's: the gate lets it come to the API alone, which refuses it in its own form.
    """
    names = (os.environ["AWS_ACCESS_KEY_ID"], "")

    def is_root(key: str) -> bool:
        return key in names

    iam_evaluator.is_root_access_key = sts.is_root_access_key = is_root
    iam_evaluator._is_root_key = lambda _key: False  # whose signatures are not checked


def _nobody_else_is_let_in() -> None:
    hosts, origins = (os.environ.get(name, "").split() for name in ("HOSTS", "ORIGINS"))
    app.app = gate.guarded(app.app, gate.Gate.of(int(os.environ["GATEWAY_PORT"]), hosts, origins))


def _loopback_is_secure() -> None:
    resolve = iam_evaluator._resolve_condition_key

    def resolve_secure(key: str, context: Any) -> Any:
        return "true" if key.lower() == "aws:securetransport" else resolve(key, context)

    iam_evaluator._resolve_condition_key = resolve_secure


def _events_have_a_source() -> None:
    """PutEvents is compared by the sources of its entries, too: MiniStack lacks the condition key `events:source`.

    AWS compares each entry (EventBridge guide, "Using IAM policy conditions for fine-grained access control"): here,
    entries of different sources fit no condition.
    """
    extract, resolve = iam_actions.extract_iam_action, iam_evaluator._resolve_condition_key
    source: ContextVar[str | None] = ContextVar("source", default=None)

    def extracted(service: str, method: str, path: str, headers: Any, body: bytes, *more: Any) -> Any:
        source.set(_source_of(body) if service == "events" else None)
        return extract(service, method, path, headers, body, *more)

    def resolved(key: str, context: Any) -> Any:
        return source.get() if key.lower() == "events:source" else resolve(key, context)

    iam_actions.extract_iam_action = extracted
    iam_evaluator._resolve_condition_key = resolved


def _source_of(body: bytes) -> str | None:
    """The one source of all entries; None where there is not one."""
    try:
        sources = {entry["Source"] for entry in json.loads(body)["Entries"]}
    except (ValueError, LookupError, TypeError):
        return None
    return sources.pop() if len(sources) == 1 else None


def _stops_soon() -> None:
    """However much was called: what calls leave is forgotten, and functions are saved only after they were changed.

    Then the process ends at once: the threads that serve functions would be waited for.
    """
    saved, build = app.save_all, app._build_persistence_save_dict
    HypercornConfig.graceful_timeout = 0.2
    changed = threading.Event()

    def marking(do: Any) -> Any:
        def mark(*arguments: Any, **options: Any) -> Any:
            changed.set()
            return do(*arguments, **options)

        return mark

    for kind, calls in _RESOURCE_HANDLERS.items():
        if kind.startswith("AWS::Lambda::"):
            for name in {"create", "update", "delete"} & calls.keys():
                calls[name] = marking(calls[name])

    def lasting() -> dict[str, Any]:
        services: dict[str, Any] = build()
        for name in FORGOTTEN if changed.is_set() else {*FORGOTTEN, "lambda"}:
            services.pop(name, None)
        return services

    def save_and_end(services: dict[str, Any]) -> None:
        with contextlib.suppress(Exception):  # a half-saved state is deployed anew
            saved(services)
        os._exit(0)

    state = stepfunctions.get_state

    def without_executions() -> dict[str, Any]:
        stepfunctions._executions.clear()
        stepfunctions._map_runs.clear()
        return dict(state())

    stepfunctions.get_state = without_executions
    app.save_all, app._build_persistence_save_dict = save_and_end, lasting


def _queues_keep_their_addresses() -> None:
    address = sqs._queue_url

    def kept(name: str) -> str:
        return sqs._queue_name_to_url.get(name) or str(address(name))

    sqs._queue_url = kept


def _stop_with_parent() -> None:
    """Standard input ends when the process that started this one does; then there is nobody to serve."""
    sys.stdin.read()
    os.kill(os.getpid(), signal.SIGTERM)


def main() -> None:
    """Start MiniStack in this process, with the additions."""
    _transform_sees_parameters()
    conditions.install()
    _state_machine_aliases()
    _executions_begin_at_once()
    _half_a_character_is_answered()
    _custom_resources_answer()
    _layers()
    _copies_are_conditional()
    _unpacked_once()
    _bounded_functions()
    _time_is_ample()
    _events_are_asynchronous_invocations()
    _loopback_is_secure()
    _events_have_a_source()
    _credentials_are_secret()
    _sessions_begin_in_turn()
    _root_signs()
    _nobody_else_is_let_in()
    _queues_keep_their_addresses()
    authorization.install()
    refusals.install()
    not_simulated.install()
    endpoint = f"http://127.0.0.1:{os.environ['GATEWAY_PORT']}"
    front_door.install(endpoint)
    workflow.install(endpoint)
    map_run.install(endpoint)
    faults.install()
    parameters.install()
    _stops_soon()
    threading.Thread(target=_stop_with_parent, daemon=True).start()
    app.main()


if __name__ == "__main__":
    main()
