"""Standard workflows in the embedded AWS: what MiniStack lacks for an image that ends in a result.

- S3's events name the version of the object
- an exception's class is the error's name in the workflow, as the Python runtime reports it, so that it can be retried;
  and it does not end the function's process
- retries wait 0.05 seconds at most
- integrations with S3, SQS and Step Functions are calls under the role of the state machine, checked like any other's
- RedriveExecution, and `RedriveCount` in the context object
- Bedrock's `Converse`: authorized as on AWS, and answered by the stand-in for a model (model.py)
"""

import contextvars
import json
import os
import re
import threading
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

import boto3
from authorization import assumed, running_machine
from botocore.config import Config
from botocore.exceptions import ClientError
from ministack.core import iam_actions, lambda_runtime
from ministack.core.responses import error_response_json, get_region, json_response, now_iso
from ministack.services import bedrock_runtime, eventbridge, lambda_svc, s3, stepfunctions

RETRY_SECONDS = 0.05
MODEL_SECONDS = 60
PROFILE = re.compile(r"(global|[a-z]{2,4})\.[a-z0-9-]+\.")
"""Ids of inference profiles begin with a geography; those of foundation models with the maker."""

PREFIXES = {"s3": "S3", "sfn": "Sfn", "sqs": "Sqs"}
"""The called services, with the first part of their errors' names."""

_version: contextvars.ContextVar[str | None] = contextvars.ContextVar("version of the object", default=None)


def install(endpoint: str) -> None:
    """Put the additions into MiniStack; `endpoint` is where it answers AWS calls."""
    _events_name_the_version()
    _exceptions_keep_their_class()
    _retries_do_not_wait_long()
    _integrations_are_calls(endpoint)
    _events_have_details()
    _redrive()
    _models(os.environ["MODEL_URL"])


def _events_name_the_version() -> None:
    fire, dispatch = s3._fire_s3_event, eventbridge._dispatch_event

    def fire_with_version(*arguments: Any, **options: Any) -> None:
        _version.set(options.get("version_id"))  # in the context of this event's own thread
        fire(*arguments, **options)

    def dispatch_with_version(event: dict[str, Any], view: Any = None) -> None:
        if event.get("Source") == "aws.s3" and (version := _version.get()):
            detail = json.loads(event["Detail"])
            detail["object"]["version-id"] = version
            event = {**event, "Detail": json.dumps(detail)}
        dispatch(event, view)

    s3._fire_s3_event = fire_with_version
    eventbridge._dispatch_event = dispatch_with_version


def _exceptions_keep_their_class() -> None:
    reported = '{"status": "error", "error": str(e), "trace": traceback.format_exc()}'
    raised = '"errorType": type(e).__name__, "errorMessage": str(e), "stackTrace": traceback.format_exc().splitlines()'
    script = lambda_runtime._PYTHON_WORKER_SCRIPT
    lambda_runtime._PYTHON_WORKER_SCRIPT = script.replace(reported, f'{{"status": "ok", "raised": {{{raised}}}}}')
    invoke, execute = lambda_runtime.Worker.invoke, lambda_svc._execute_function_warm
    fault = contextvars.ContextVar[dict[str, Any] | None]("the exception that ended this invocation", default=None)

    def invoke_noting_fault(self: Any, *arguments: Any, **options: Any) -> dict[str, Any]:
        result: dict[str, Any] = invoke(self, *arguments, **options)
        fault.set(result.get("raised"))
        return result

    def execute_with_fault(*arguments: Any) -> dict[str, Any]:
        fault.set(None)
        result: dict[str, Any] = execute(*arguments)
        return {**result, "body": fault.get(), "error": True} if fault.get() else result

    lambda_runtime.Worker.invoke = invoke_noting_fault
    lambda_svc._execute_function_warm = execute_with_fault


def _retries_do_not_wait_long() -> None:
    sleep = stepfunctions._scaled_sleep
    stepfunctions._scaled_sleep = lambda seconds: sleep(min(seconds, RETRY_SECONDS))


def _integrations_are_calls(endpoint: str) -> None:
    other_integration = stepfunctions._invoke_aws_sdk_integration

    def integration(resource: str, given: dict[str, Any]) -> dict[str, Any]:
        service, action = resource.split(":")[-2:]
        if service not in PREFIXES:
            other: dict[str, Any] = other_integration(resource, given)
            return other
        return _call(endpoint, service, action, given)

    stepfunctions._invoke_aws_sdk_integration = integration
    stepfunctions._SERVICE_DISPATCH["arn:aws:states:::sqs:sendMessage"] = integration


def _events_have_details() -> None:
    """An event's detail may be written as JSON; PutEvents takes a text (guide, "Send events to EventBridge")."""
    put = stepfunctions._SERVICE_DISPATCH["arn:aws:states:::events:putEvents"]

    def put_texts(resource: str, given: dict[str, Any]) -> dict[str, Any]:
        entries = [
            entry if isinstance(entry["Detail"], str) else {**entry, "Detail": json.dumps(entry["Detail"])}
            for entry in given["Entries"]
        ]
        answer: dict[str, Any] = put(resource, {**given, "Entries": entries})
        return answer

    stepfunctions._SERVICE_DISPATCH["arn:aws:states:::events:putEvents"] = put_texts


def _call(endpoint: str, service: str, action: str, given: dict[str, Any]) -> dict[str, Any]:
    """One call of an SDK integration: names begin with a capital, and a body that is no text is sent as JSON."""
    machine = running_machine.get()
    session: Any = boto3.Session(**assumed(machine["roleArn"], "states.amazonaws.com", machine["stateMachineArn"]))
    config = Config(inject_host_prefix=False, read_timeout=60, retries={"total_max_attempts": 1})
    name = {"sfn": "stepfunctions"}.get(service, service)
    client = session.client(name, endpoint_url=endpoint, region_name=get_region(), config=config)
    method = re.sub("[A-Z]", lambda capital: f"_{capital[0].lower()}", action)
    members = client.meta.service_model.operation_model(action[0].upper() + action[1:]).input_shape.members
    sent = {name if name in members else name[0].lower() + name[1:]: value for name, value in given.items()}
    for name in ("Body", "MessageBody"):
        if name in sent and not isinstance(sent[name], str):
            sent[name] = json.dumps(sent[name], ensure_ascii=False)
    try:
        answer = getattr(client, method)(**sent)
    except ClientError as error:
        code, message = error.response["Error"]["Code"], error.response["Error"]["Message"]
        raise stepfunctions._ExecutionError(f"{PREFIXES[service]}.{code}", message) from None
    answer.pop("ResponseMetadata")
    plain = json.loads(json.dumps(answer, default=str))  # dates, too, are texts
    return {name[0].upper() + name[1:]: value for name, value in plain.items()}


def _redrive() -> None:
    handle, evaluate = stepfunctions.handle_request, stepfunctions._evaluate_jsonata

    async def handle_redrive(method: str, path: str, headers: Any, body: bytes, query: Any) -> Any:
        if headers.get("x-amz-target", "").endswith(".RedriveExecution"):
            return _redrive_execution(json.loads(body)["executionArn"])
        return await handle(method, path, headers, body, query)

    def evaluate_with_redrives(expression: str, given: Any, context: Any = None, *results: Any) -> Any:
        if context and "Id" in context.get("Execution", {}):
            execution = stepfunctions._executions.get(context["Execution"]["Id"], {})
            context["Execution"]["RedriveCount"] = execution.get("redriveCount", 0)
            execution["variables"] = context["variables"]
        return evaluate(expression, given, context, *results)

    stepfunctions.handle_request = handle_redrive
    stepfunctions._evaluate_jsonata = evaluate_with_redrives


def _redrive_execution(arn: str) -> Any:
    """From the state that failed, with its input and the variables (Step Functions guide, "Redriving executions")."""
    execution = stepfunctions._executions.get(arn)
    if not execution or execution["status"] not in ("FAILED", "TIMED_OUT", "ABORTED"):
        return error_response_json("ExecutionNotRedrivable", f"{arn} is not a failed execution", 400)
    entered = [event for event in execution["events"] if event["type"].endswith("StateEntered")][-1]
    failed = entered["stateEnteredEventDetails"]
    machine = stepfunctions._state_machines[execution["stateMachineArn"]]
    definition = json.loads(machine["definition"])
    definition["StartAt"] = "Redriven"
    definition["States"]["Redriven"] = {
        "Type": "Pass",
        "Output": json.loads(failed["input"]),
        "Assign": execution.get("variables", {}),
        "Next": failed["name"],
    }
    own = execution["stateMachineArn"]
    stepfunctions._state_machines[f"{own}:redriven"] = {**machine, "definition": json.dumps(definition)}
    execution |= {"status": "RUNNING", "stopDate": None, "error": None, "cause": None}
    execution |= {"redriveCount": execution.get("redriveCount", 0) + 1, "stateMachineArn": f"{own}:redriven"}

    def run() -> None:
        stepfunctions._run_execution(arn)
        execution["stateMachineArn"] = own

    threading.Thread(target=contextvars.copy_context().run, args=(run,), daemon=True).start()
    return json_response({"redriveDate": now_iso()})


def _models(url: str) -> None:
    extract_action, extract_arn = iam_actions.extract_iam_action, iam_actions.extract_resource_arn

    def action(service: str, *request: Any) -> str | None:
        found: str | None = extract_action(service, *request)
        return "bedrock:InvokeModel" if found == "bedrock:Converse" else found

    def arn(service: str, *request: Any) -> str:
        found: str = extract_arn(service, *request)
        _, kind, model = found.rpartition("foundation-model/")
        if service == "bedrock-runtime" and kind and PROFILE.match(model := urllib.parse.unquote(model)):
            region, account = request[-2:]
            return f"arn:aws:bedrock:{region}:{account}:inference-profile/{model}"
        return found

    def converse(model: str, _headers: Any, body: bytes) -> tuple[int, dict[str, str], bytes]:
        request = urllib.request.Request(f"{url}/model/{urllib.parse.quote(model, safe='')}/converse", body)
        try:
            with urllib.request.urlopen(request, timeout=MODEL_SECONDS) as reply:
                return reply.status, dict(reply.headers.items()), reply.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, dict(error.headers.items()), error.read()

    iam_actions.extract_iam_action = action
    iam_actions.extract_resource_arn = arn
    bedrock_runtime._converse = converse
