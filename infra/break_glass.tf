# Whoever takes a role of an emergency is seen: a mail for every use (README, "While GitHub is down").
locals {
  break_glass_here = length(var.break_glass) > 0 && length(local.stages) > 0
  break_glass      = [for name, role in aws_iam_role.this : role.arn if local.roles[name].kind == "break-glass"]
}

resource "aws_sns_topic" "break_glass" {
  #checkov:skip=CKV_AWS_26:EventBridge cannot use the key that AWS manages; a message names a role and a user, no data
  count = local.break_glass_here ? 1 : 0

  name = "${var.prefix}-break-glass"
}

resource "aws_sns_topic_subscription" "break_glass" {
  count = local.break_glass_here ? 1 : 0

  topic_arn = aws_sns_topic.break_glass[0].arn
  protocol  = "email"
  endpoint  = var.alert_email
}

resource "aws_sns_topic_policy" "break_glass" {
  count = local.break_glass_here ? 1 : 0

  arn = aws_sns_topic.break_glass[0].arn
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "ForTheRule"
      Effect    = "Allow"
      Principal = { Service = "events.amazonaws.com" }
      Action    = "sns:Publish"
      Resource  = aws_sns_topic.break_glass[0].arn
      Condition = { ArnEquals = { "aws:SourceArn" = aws_cloudwatch_event_rule.break_glass[0].arn } }
    }]
  })
}

# CloudTrail writes the event. EventBridge gets it where the account has a trail of management events.
resource "aws_cloudwatch_event_rule" "break_glass" {
  count = local.break_glass_here ? 1 : 0

  name        = "${var.prefix}-break-glass"
  description = "Somebody took a role for emergencies, or tried to"
  event_pattern = jsonencode({
    source      = ["aws.sts"]
    detail-type = ["AWS API Call via CloudTrail"]
    detail = {
      eventSource       = ["sts.amazonaws.com"]
      eventName         = ["AssumeRole"]
      requestParameters = { roleArn = local.break_glass }
    }
  })
}

resource "aws_cloudwatch_event_target" "break_glass" {
  count = local.break_glass_here ? 1 : 0

  rule = aws_cloudwatch_event_rule.break_glass[0].name
  arn  = aws_sns_topic.break_glass[0].arn
}
