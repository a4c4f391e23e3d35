"""Rights in the embedded AWS that MiniStack's IAM does not check: one service calls another.

- a call on a state machine's version or alias is authorized on the state machine's own ARN; the qualifier is the key
  `states:StateMachineQualifier`, which has several values (Step Functions guide, "Authorization for versions and
  aliases"; Service Authorization Reference, "AWS Step Functions")
- a trust policy's conditions count when a service assumes a role (IAM guide, "The confused deputy problem")
- EventBridge starts an execution under the role of the rule's target, and calls a function that its policy opens to the
  rule; an event that may not be delivered goes into the target's dead-letter queue, if the queue takes it from the rule
- API Gateway calls a function that its policy opens to the method
- a state machine invokes functions, counts metrics and tells EventBridge under its role
"""

import contextvars
import json
import re
import urllib.parse
from typing import Any

from ministack.core import iam_actions, iam_evaluator
from ministack.core.arn import parse_arn
from ministack.core.responses import get_account_id, get_region
from ministack.services import eventbridge, iam, lambda_svc, sqs, stepfunctions, sts

QUALIFIER = "states:StateMachineQualifier"
STATE_MACHINE = re.compile(r"(arn:[\w-]+:states:[\w-]+:\d{12}:stateMachine:[^:]+)(?::([^:]+))?")
NAMES = ("stateMachineArn", "stateMachineAliasArn", "stateMachineVersionArn")
"""What a request to Step Functions names a state machine by."""

running_machine: contextvars.ContextVar[dict[str, Any]] = contextvars.ContextVar("the state machine that runs")
_target: contextvars.ContextVar[tuple[dict[str, Any], str]] = contextvars.ContextVar("target and ARN of the rule")


class Values(list[str]):
    """The values of a condition key that has several: only operators with `ForAnyValue` or `ForAllValues` take it."""


def install() -> None:
    """Put the additions into MiniStack's IAM, EventBridge and Step Functions."""
    _qualifiers_are_a_key()
    _rules_act_under_their_role()
    _workflows_act_under_their_role()


def unqualified(arn: str) -> tuple[str, str]:
    """The state machine's own ARN, and the version or alias that was named or an empty text."""
    named = STATE_MACHINE.fullmatch(arn)
    return (str(named[1]), str(named[2] or "")) if named else (arn, "")


def _named(body: bytes) -> str:
    """The ARN of the state machine, version or alias that a request is about, or an empty text."""
    try:
        request = json.loads(body)
    except ValueError:
        return ""
    if not isinstance(request, dict):
        return ""
    routes = request.get("routingConfiguration") or [{}]
    named = [request[name] for name in NAMES if request.get(name)]
    return str(named[0] if named else routes[0].get("stateMachineVersionArn", ""))


def _qualifiers_are_a_key() -> None:
    extract_arn, tag_context = iam_actions.extract_resource_arn, iam_actions.request_tag_context
    compare = iam_evaluator._evaluate_single_condition

    def arn(service: str, method: str, path: str, headers: Any, body: bytes, *rest: Any) -> str:
        if service == "states" and (own := unqualified(_named(body))[0]):
            return own
        found: str = extract_arn(service, method, path, headers, body, *rest)
        return found

    def context(service: str, action: str, body: bytes, parameters: Any) -> dict[str, Any]:
        keys: dict[str, Any] = tag_context(service, action, body, parameters)
        qualifier = unqualified(_named(body))[1] if service == "states" else ""
        return {**keys, QUALIFIER: Values([qualifier])} if qualifier else keys

    def condition(operator: str, actual: Any, expected: list[str]) -> bool:
        if isinstance(actual, Values) and not operator.lower().startswith(("for", "null")):
            return False
        return bool(compare(operator, actual, expected))

    iam_actions.extract_resource_arn = arn
    iam_actions.request_tag_context = context
    iam_evaluator._evaluate_single_condition = condition


def assumed(role_arn: str, service: str, source: str = "") -> dict[str, str]:
    """Credentials of the role, if its trust policy lets the AWS service have it; otherwise some that do not work.

    `source` is the ARN that the service assumes the role for. API Gateway is not known to name any.
    """
    name, account = role_arn.rpartition("/")[2], get_account_id()
    key, secret, token = sts._gen_session_access_key(), sts._gen_secret(), sts._gen_session_token()
    if trusted(role_arn, service, source):
        sts.register_session(key, {
            "Arn": f"arn:aws:sts::{account}:assumed-role/{name}/{service}", "UserId": f"{name}:{service}",
            "SecretAccessKey": secret, "SessionToken": token,
        })  # fmt: skip
    return {"aws_access_key_id": key, "aws_secret_access_key": secret, "aws_session_token": token}


def trusted(role_arn: str, service: str, source: str) -> bool:
    """Whether the role's trust policy lets the AWS service assume it, for `source` if it names one."""
    role = iam._roles.get_scoped(get_account_id(), None, role_arn.rpartition("/")[2]) or {}
    document = role.get("AssumeRolePolicyDocument", "{}")
    document = json.loads(urllib.parse.unquote(document)) if isinstance(document, str) else document
    context = _context(service, "sts:AssumeRole", role_arn, source)
    # A trust policy has no Resource: it is the role's own.
    statements = [{**statement, "Resource": "*"} for statement in _listed(document.get("Statement", []))]
    found = iam_evaluator.evaluate_resource_policy({"Statement": statements}, context, service=service)
    return bool(found.decision == "Allow")


def role_may(
    role_arn: str, service: str, source: str, action: str, resource: str, **keys: str | Values
) -> bool:  # fmt: skip
    """Whether a service that acts for `source` under the role may do it: the trust, its policies and its boundary."""
    if not trusted(role_arn, service, source):
        return False
    name, account = role_arn.rpartition("/")[2], get_account_id()
    context = _context(service, action, resource, source, f"arn:aws:sts::{account}:assumed-role/{name}/{service}")
    context.service_context = {key.lower(): value for key, value in keys.items()}
    limits = iam_evaluator._permissions_boundary(iam._roles, name, account)
    decision = iam_evaluator.evaluate(context, iam_evaluator._gather_role_policies(name, account), *limits).decision
    return bool(decision == "Allow")


def function_open_to(function_arn: str, service: str, source: str) -> bool:
    """Whether the function's policy lets the AWS service invoke it, by this alias or version, for a resource."""
    found = lambda_svc.function_policy_for_arn(function_arn)
    context = _context(service, "lambda:InvokeFunction", function_arn, source)
    return bool(
        found and iam_evaluator.evaluate_resource_policy(found[0], context, service=service).decision == "Allow"
    )


def _context(service: str, action: str, resource: str, source: str, principal: str = "") -> Any:
    account = get_account_id()
    return iam_evaluator.EvalContext(
        principal_arn=principal or service,
        principal_type="AssumedRole" if principal else "Service",
        principal_account=account if principal else "",
        action=action,
        resource_arn=resource,
        region=get_region(),
        service_context={"aws:sourcearn": source, "aws:sourceaccount": account} if source else {},
    )


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _rules_act_under_their_role() -> None:
    invoke, start = eventbridge._invoke_target, eventbridge._dispatch_to_stepfunctions
    call = eventbridge._dispatch_to_lambda

    def invoke_noting_target(target: dict[str, Any], event: Any, rule: dict[str, Any], view: Any = None) -> None:
        token = _target.set((target, rule["Arn"]))
        try:
            invoke(target, event, rule, view)
        finally:
            _target.reset(token)

    def start_under_role(arn: str, payload: str) -> None:
        target, rule = _target.get()
        own, qualifier = unqualified(arn)
        keys = {QUALIFIER: Values([qualifier])} if qualifier else {}
        if role_may(target.get("RoleArn", ""), "events.amazonaws.com", rule, "states:StartExecution", own, **keys):
            start(arn, payload)
        else:
            _put_aside(target, rule, payload)

    def call_if_open(arn: str, payload: str) -> None:
        target, rule = _target.get()
        if function_open_to(arn, "events.amazonaws.com", rule):
            call(arn, payload)
        else:
            _put_aside(target, rule, payload)

    eventbridge._invoke_target = invoke_noting_target
    eventbridge._dispatch_to_stepfunctions = start_under_role
    eventbridge._dispatch_to_lambda = call_if_open


def _put_aside(target: dict[str, Any], rule: str, payload: str) -> None:
    """Into the dead-letter queue at once: a forbidden delivery is not tried again (EventBridge guide, "Retries")."""
    queue = (target.get("DeadLetterConfig") or {}).get("Arn", "")
    if queue and sqs.queue_policy_allows(queue, "events.amazonaws.com", rule, get_account_id()):
        eventbridge._dispatch_to_sqs(parse_arn(queue), payload)


def _workflows_act_under_their_role() -> None:
    execute_task, invoke = stepfunctions._execute_task, stepfunctions._invoke_resource
    call = stepfunctions._call_lambda

    def execute_noting_machine(state: Any, given: Any, execution: dict[str, Any], context: Any) -> Any:
        running_machine.set(stepfunctions._state_machines[execution["stateMachineArn"]])
        return execute_task(state, given, execution, context)

    def may(action: str, resource: str, **keys: str) -> None:
        role, arn = running_machine.get()["roleArn"], running_machine.get()["stateMachineArn"]
        if not role_may(role, "states.amazonaws.com", arn, action, resource, **keys):
            identity = f"arn:aws:sts::{get_account_id()}:assumed-role/{role.rpartition('/')[2]}/states.amazonaws.com"
            message = (
                f"User: {identity} is not authorized to perform: {action} on resource: {resource} because no "
                f"identity-based policy allows the {action} action"
            )
            service = {
                "lambda": "Lambda.AWSLambdaException",
                "cloudwatch": "CloudWatch.AccessDeniedException",
                "events": "EventBridge.AccessDeniedException",
            }
            raise stepfunctions._ExecutionError(service[action.partition(":")[0]], message)

    def invoke_permitted(resource: str, given: dict[str, Any]) -> Any:
        if resource.endswith(":cloudwatch:putMetricData"):
            may("cloudwatch:PutMetricData", "*", **{"cloudwatch:namespace": given["Namespace"]})
        if resource.endswith(":events:putEvents"):
            may("events:PutEvents", f"arn:aws:events:{get_region()}:{get_account_id()}:event-bus/default")
        return invoke(resource, given)

    def call_permitted(reference: str, event: Any) -> Any:
        may("lambda:InvokeFunction", reference)
        return call(reference, event)

    stepfunctions._execute_task = execute_noting_machine
    stepfunctions._invoke_resource = invoke_permitted
    stepfunctions._call_lambda = call_permitted
