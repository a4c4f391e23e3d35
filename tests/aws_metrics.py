"""What AWS publishes: every metric that this project uses, with each set of dimensions it comes in.

Pages, as they read in November 2026:

- AWS/ApiGateway: API Gateway developer guide, "Amazon API Gateway dimensions and metrics"
- AWS/Lambda: Lambda developer guide, "Types of metrics for Lambda functions", "Viewing metrics for Lambda functions",
  "Monitoring concurrency"; those of the account have no dimensions
- AWS/States: Step Functions developer guide, "Monitoring Step Functions metrics using Amazon CloudWatch"
- AWS/SQS: SQS developer guide, "Available CloudWatch metrics for Amazon SQS"
- AWS/WAFV2: WAF developer guide, "AWS WAF metrics and dimensions"; of a regional web ACL, where Rule may be ALL
- AWS/Events: EventBridge user guide, "Monitoring Amazon EventBridge"; of the default bus
"""

API = [{"ApiName"}, {"ApiName", "Stage"}, {"ApiName", "Stage", "Method", "Resource"}]
FUNCTION = [{"FunctionName"}, {"FunctionName", "Resource"}]
MACHINE: list[set[str]] = [{"StateMachineArn"}]
QUEUE: list[set[str]] = [{"QueueName"}]
RULE: list[set[str]] = [{"RuleName"}]
ACCOUNT: list[set[str]] = [set()]

METRICS: dict[tuple[str, str], list[set[str]]] = {
    ("AWS/ApiGateway", "Count"): API,
    ("AWS/ApiGateway", "4XXError"): API,
    ("AWS/ApiGateway", "5XXError"): API,
    ("AWS/ApiGateway", "Latency"): API,
    ("AWS/Lambda", "Duration"): FUNCTION,
    ("AWS/Lambda", "Errors"): FUNCTION,
    ("AWS/Lambda", "Throttles"): FUNCTION,
    ("AWS/Lambda", "AsyncEventsDropped"): FUNCTION,
    ("AWS/Lambda", "ConcurrentExecutions"): [*ACCOUNT, {"FunctionName"}],
    ("AWS/Lambda", "ClaimedAccountConcurrency"): ACCOUNT,
    ("AWS/States", "ExecutionsFailed"): MACHINE,
    ("AWS/States", "ExecutionsTimedOut"): MACHINE,
    ("AWS/States", "ExecutionThrottled"): MACHINE,
    ("AWS/SQS", "ApproximateNumberOfMessagesVisible"): QUEUE,
    ("AWS/SQS", "ApproximateAgeOfOldestMessage"): QUEUE,
    ("AWS/Events", "InvocationsSentToDlq"): RULE,
    ("AWS/WAFV2", "BlockedRequests"): [{"WebACL", "Rule", "Region"}],
}
