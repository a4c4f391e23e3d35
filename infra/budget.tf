# The tag `stage` of samconfig.toml must be activated once as a cost allocation tag (README).
resource "aws_budgets_budget" "stage" {
  for_each = local.stages

  name         = "audio-stitcher-${each.key}"
  budget_type  = "COST"
  time_unit    = "MONTHLY"
  limit_amount = format("%.2f", var.budgets[each.key])
  limit_unit   = "USD"

  cost_filter {
    name   = "TagKeyValue"
    values = [format("user:stage$%s", each.key)]
  }

  dynamic "notification" {
    for_each = { FORECASTED = 80, ACTUAL = 100 }

    content {
      notification_type          = notification.key
      threshold                  = notification.value
      threshold_type             = "PERCENTAGE"
      comparison_operator        = "GREATER_THAN"
      subscriber_email_addresses = [var.alert_email]
    }
  }
}
