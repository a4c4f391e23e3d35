"""Laws of Step Functions, Lambda, EventBridge, SQS and CloudWatch Logs."""

import functools
import json
import re
from collections.abc import Iterator
from typing import Any

from jsonata.jsonata import Jsonata
from statelint.linter import Linter

from tests.aws.deployment import Deployment, Json, inside, listed
from tests.aws.law import law

# ── Step Functions ───────────────────────────────────────────────────────────────────────────────────────────────────


def machines(of: Deployment) -> Iterator[tuple[str, Json, Json]]:
    """Logical id, properties and definition of each workflow, its substitutions made."""
    for name, properties in of.of_type("AWS::StepFunctions::StateMachine").items():
        file = properties["DefinitionS3Location"]["Key"].rpartition("/")[2]
        given = properties.get("DefinitionSubstitutions", {})
        text = json.dumps(of.workflows[file])
        for key, value in given.items():
            text = text.replace(f"${{{key}}}", str(value))
        yield name, properties, json.loads(text)


def states(machine: Json) -> Iterator[tuple[str, Json]]:
    """Every state, those inside of maps and branches too."""
    for name, state in machine["States"].items():
        yield name, state
        for inner in [state.get("ItemProcessor"), *state.get("Branches", [])]:
            if inner:
                yield from states(inner)


# What statelint 3.1.0 says and AWS does not ("Map state in Distributed mode"; JSONata in Step Functions).
NOT_SO = re.compile(
    r"FLOAT"  # it takes no number with a fraction where the specification does (BackoffRate)
    r"|MaxConcurrency is \"\{% .* %\}\" but should be numeric"  # a field that may be an expression
    r'|Field "InputType" not allowed in .*ItemReader\.ReaderConfig'
)


@functools.cache
def _lint(definition: str) -> tuple[str, ...]:
    return tuple(Linter.validate(json.loads(definition)))


@law('Step Functions: "Using Amazon States Language"; read by statelint')
def definitions_are_amazon_states_language(of: Deployment) -> Iterator[str]:
    for name, _, definition in machines(of):
        yield from (f"{name}: {problem}" for problem in _lint(json.dumps(definition)) if not NOT_SO.search(problem))


@law("CloudFormation: AWS::StepFunctions::StateMachine, DefinitionSubstitutions")
def every_substitution_is_made(of: Deployment) -> Iterator[str]:
    for name, properties, definition in machines(of):
        yield from (f"{name}: {one}" for one in re.findall(r"\$\{\w+\}", json.dumps(definition)))
        file = properties["DefinitionS3Location"]["Key"].rpartition("/")[2]
        for key in properties.get("DefinitionSubstitutions", {}):
            if f"${{{key}}}" not in json.dumps(of.workflows[file]):
                yield f"{name}: nobody uses {key}"


@law('Step Functions: "Transforming data with JSONata in Step Functions"')
def expressions_are_jsonata(of: Deployment) -> Iterator[str]:
    for name, _, definition in machines(of):
        for path, value in inside(definition):
            if isinstance(value, str) and value.startswith("{%"):
                if not value.endswith("%}"):
                    yield f"{name}{path}: no %}}"
                elif fault := _expression(value[2:-2]):
                    yield f"{name}{path}: {fault}"


@functools.cache
def _expression(text: str) -> str:
    try:
        return str(Jsonata(text).errors or "")
    except Exception as fault:
        return str(fault) or type(fault).__name__


@law('Step Functions: "Handling errors in Step Functions workflows": States.ALL stands alone and last; Retry\'s fields')
def retries_and_catches_are_in_bounds(of: Deployment) -> Iterator[str]:
    for machine, _, definition in machines(of):
        for name, state in states(definition):
            for kind in ("Retry", "Catch"):
                entries = state.get(kind, [])
                for number, entry in enumerate(entries):
                    errors = entry["ErrorEquals"]
                    if not errors or ("States.ALL" in errors and (len(errors) > 1 or number < len(entries) - 1)):
                        yield f"{machine}.{name}: {kind} {errors}"
            for entry in state.get("Retry", []):
                first, most = entry.get("IntervalSeconds", 1), entry.get("MaxDelaySeconds", 31_622_400)
                if not (0 < first < most <= 31_622_400):
                    yield f"{machine}.{name}: waits {first} s, {most} s at most"
                if not 0 <= entry.get("MaxAttempts", 3) <= 99_999_999 or entry.get("BackoffRate", 2.0) < 1:
                    yield f"{machine}.{name}: {entry.get('MaxAttempts')} attempts"


@law('Step Functions: "Step Functions service quotas"; "Choosing workflow type in Step Functions"')
def workflows_are_within_their_quotas(of: Deployment) -> Iterator[str]:
    for machine, properties, definition in machines(of):
        if len(json.dumps(definition).encode()) > 1_048_576:
            yield f"{machine}: the definition has over 1 MB"
        express = properties["StateMachineType"] == "EXPRESS"
        if express and not 0 < definition.get("TimeoutSeconds", 301) <= 300:
            yield f"{machine}: an Express workflow runs for five minutes"
        for name, state in states(definition):
            if len(name) > 80:
                yield f"{machine}.{name}: a name of {len(name)}"
            resource = state.get("Resource", "")
            if express and resource.endswith((".sync", ".sync:2", ".waitForTaskToken")):
                yield f"{machine}.{name}: {resource} in an Express workflow"
        pushed = properties.get("LoggingConfiguration", {}).get("Destinations", [])
        if express and not pushed:
            yield f"{machine}: an Express workflow tells of itself in its log only"
        if any(not one["CloudWatchLogsLogGroup"]["LogGroupArn"].endswith(":*") for one in pushed):
            yield f"{machine}: the ARN of a log group ends in :*"


# What a role must have for each integration ("Service integration security best practices", and the API's own page).
NEEDED = {
    "lambda:invoke": {"lambda:InvokeFunction"},
    "events:putEvents": {"events:PutEvents"},
    "sqs:sendMessage": {"sqs:SendMessage"},
    "aws-sdk:cloudwatch:putMetricData": {"cloudwatch:PutMetricData"},
    "aws-sdk:s3:copyObject": {"s3:GetObject", "s3:PutObject"},
    "aws-sdk:s3:putObject": {"s3:PutObject"},
    "aws-sdk:sfn:startSyncExecution": {"states:StartSyncExecution"},
}


# "IAM policies for using Distributed Map states", with a reader of S3 and without a writer of results.
OF_A_DISTRIBUTED_MAP = {"states:StartExecution", "states:DescribeExecution", "states:RedriveExecution", "s3:GetObject"}


@law('Step Functions: "Map state in Distributed mode"; "Step Functions service quotas"; "Passing data with variables"')
def distributed_maps_are_within_their_bounds(of: Deployment) -> Iterator[str]:
    for machine, properties, definition in machines(of):
        for name, state in states(definition):
            processor = state.get("ItemProcessor", {})
            if processor.get("ProcessorConfig", {}).get("Mode") != "DISTRIBUTED":
                continue
            if properties["StateMachineType"] == "EXPRESS":
                yield f"{machine}.{name}: an Express workflow has no distributed map"
            most = re.findall(r"\d+", str(state.get("MaxConcurrency", 0)))[0]
            if not 0 < int(most) <= 10_000:
                yield f"{machine}.{name}: {most} children at once"
            if not 0 <= state.get("ToleratedFailurePercentage", 0) <= 100:
                yield f"{machine}.{name}: tolerates {state['ToleratedFailurePercentage']} %"
            for path, value in inside(processor):
                # A child is an execution of its own: it sees $states and its own variables only.
                if isinstance(value, str) and re.search(r"\$(?!states\b|string\b|merge\b)[a-z_]+\b(?!\()", value):
                    yield f"{machine}.{name}{path}: a variable of the parent"
            seconds = sum(inner.get("TimeoutSeconds", 301) for _, inner in states(processor) if inner["Type"] == "Task")
            if processor["ProcessorConfig"].get("ExecutionType") == "EXPRESS" and seconds > 300:
                yield f"{machine}.{name}: an Express child runs for five minutes"


@law('Step Functions: "How Step Functions generates IAM policies for integrated services"')
def a_workflows_role_may_do_what_its_states_do(of: Deployment) -> Iterator[str]:
    roles = of.of_type("AWS::IAM::Role")
    for machine, _, definition in machines(of):
        role = of.document["Resources"][machine]["Properties"]["RoleArn"]["Fn::GetAtt"][0]
        allowed = {
            action
            for policy in roles[role]["Policies"]
            for statement in policy["PolicyDocument"]["Statement"]
            for action in listed(statement["Action"])
        }
        for name, state in states(definition):
            if state["Type"] == "Task":
                call = state["Resource"].partition(":::")[2]
                if call not in NEEDED:
                    yield f"{machine}.{name}: say in NEEDED what {call} needs"
                elif missing := NEEDED[call] - allowed:
                    yield f"{machine}.{name}: {sorted(missing)}"
            mode = state.get("ItemProcessor", {}).get("ProcessorConfig", {}).get("Mode")
            if mode == "DISTRIBUTED" and (missing := OF_A_DISTRIBUTED_MAP - allowed):
                yield f"{machine}.{name}: {sorted(missing)}"


# ── Lambda ───────────────────────────────────────────────────────────────────────────────────────────────────────────

RESERVED = re.compile(r"AWS_(?!LAMBDA_EXEC_WRAPPER$)\w+|_HANDLER|_X_AMZN_TRACE_ID|LAMBDA_(TASK_ROOT|RUNTIME_DIR)|TZ")
CONCURRENT, UNRESERVED = 1_000, 100


@law('Lambda: "Lambda quotas"; "Using Lambda environment variables"; "Configuring reserved concurrency for a function"')
def functions_are_within_their_quotas(of: Deployment) -> Iterator[str]:
    functions = of.of_type("AWS::Lambda::Function")
    for name, one in functions.items():
        variables = one.get("Environment", {}).get("Variables", {})
        if not 1 <= int(one["Timeout"]) <= 900 or not 128 <= int(one["MemorySize"]) <= 10_240:
            yield f"{name}: {one['Timeout']} s, {one['MemorySize']} MB"
        if len(json.dumps(variables).encode()) > 4_096 or any(map(RESERVED.fullmatch, variables)):
            yield f"{name}: variables {sorted(variables)}"
        if len(one.get("Layers", [])) > 5:
            yield f"{name}: {len(one['Layers'])} layers"
        if int(one.get("ReservedConcurrentExecutions", 1)) < 1:
            yield f"{name}: may never run"
    reserved = sum(int(one.get("ReservedConcurrentExecutions", 0)) for one in functions.values())
    if reserved > CONCURRENT - UNRESERVED:
        yield f"{reserved} reserved, of {CONCURRENT} of which {UNRESERVED} stay unreserved"


@law('Lambda: "Configuring reserved concurrency for a function": a new account has 10, and none that may be reserved')
def a_new_account_can_take_the_stack(of: Deployment) -> Iterator[str]:
    if of.given.get("ReserveConcurrency", "false") == "false":
        for name, one in of.of_type("AWS::Lambda::Function").items():
            if "ReservedConcurrentExecutions" in one or "ProvisionedConcurrencyConfig" in one:
                yield name


# ── EventBridge, SQS, logs ───────────────────────────────────────────────────────────────────────────────────────────

FILTERS = {"prefix", "suffix", "anything-but", "numeric", "exists", "cidr", "equals-ignore-case", "wildcard"}


def pattern_faults(pattern: Any, path: str = "") -> Iterator[str]:
    """What EventBridge does not take in an event pattern."""
    if not isinstance(pattern, dict) or not pattern:
        yield f"{path} is no object"
        return
    for key, value in pattern.items():
        here = f"{path}/{key}"
        if isinstance(value, dict):
            yield from pattern_faults(value, here)
        elif not isinstance(value, list) or not value:
            yield f"{here} is no list of values"
        else:
            for one in value:
                if isinstance(one, dict) and (len(one) != 1 or not one.keys() <= FILTERS):
                    yield f"{here}: {one}"
                if isinstance(one, dict) and "numeric" in one:
                    operators, numbers = one["numeric"][::2], one["numeric"][1::2]
                    comparable = all(isinstance(bound, int | float) and abs(bound) <= 5e9 for bound in numbers)
                    if (
                        not comparable
                        or len(operators) != len(numbers)
                        or not {*operators} <= {"<", "<=", "=", ">", ">="}
                    ):
                        yield f"{here}: {one}"


@law('EventBridge: "Comparison operators for use in event patterns"; "Amazon EventBridge quotas"; PutTargets')
def rules_are_valid(of: Deployment) -> Iterator[str]:
    for name, rule in of.of_type("AWS::Events::Rule").items():
        yield from (f"{name}{fault}" for fault in pattern_faults(rule["EventPattern"]))
        if len(json.dumps(rule["EventPattern"])) > 2_048 or not 1 <= len(rule["Targets"]) <= 5:
            yield f"{name}: {len(rule['Targets'])} targets, or a pattern that is too long"
        for target in rule["Targets"]:
            if not re.fullmatch(r"[.\-_A-Za-z0-9]{1,64}", target["Id"]):
                yield f"{name}: the id {target['Id']}"
            if ":states:" in target["Arn"] and "RoleArn" not in target:
                yield f"{name}: a workflow is started under a role"
            if ":lambda:" in target["Arn"] and "RoleArn" in target:
                yield f"{name}: a function is called by its own policy"
            retry = target.get("RetryPolicy", {})
            age, attempts = retry.get("MaximumEventAgeInSeconds", 86_400), retry.get("MaximumRetryAttempts", 185)
            if not (60 <= age <= 86_400 and 0 <= attempts <= 185):
                yield f"{name}: {attempts} tries in {age} s"
            if not target.get("DeadLetterConfig", {"Arn": ":sqs:"})["Arn"].startswith("arn:aws:sqs:"):
                yield f"{name}: dead letters go to a queue"


AFTER = {"NoncurrentVersionExpiration": "NoncurrentDays", "AbortIncompleteMultipartUpload": "DaysAfterInitiation"}


@law('SQS: "Amazon SQS queue parameters"; CloudWatch Logs API reference, PutRetentionPolicy; S3: lifecycle rules')
def things_are_kept_for_times_that_there_are(of: Deployment) -> Iterator[str]:
    days = {1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}
    for name, queue in of.of_type("AWS::SQS::Queue").items():
        if not 60 <= int(queue.get("MessageRetentionPeriod", 345_600)) <= 1_209_600:
            yield f"{name}: {queue['MessageRetentionPeriod']} s"
    for name, log in of.of_type("AWS::Logs::LogGroup").items():
        if int(log.get("RetentionInDays", 1)) not in days:
            yield f"{name}: {log['RetentionInDays']} days"
    for name, bucket in of.of_type("AWS::S3::Bucket").items():
        rules = bucket.get("LifecycleConfiguration", {}).get("Rules", [])
        if len({rule["Id"] for rule in rules}) < len(rules):
            yield f"{name}: two rules of one id"
        for rule in rules:
            acts = [rule[key] for key in ("ExpirationInDays",) if key in rule]
            acts += [rule[key][inner] for key, inner in AFTER.items() if key in rule]
            if not acts or any(int(act) < 1 for act in acts):
                yield f"{name}.{rule['Id']}: {acts} days"
            if (
                "NoncurrentVersionExpiration" in rule
                and bucket.get("VersioningConfiguration", {}).get("Status") != "Enabled"
            ):
                yield f"{name}.{rule['Id']}: there are no versions"
