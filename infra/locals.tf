data "aws_caller_identity" "current" {}

locals {
  account          = data.aws_caller_identity.current.account_id
  allowed_accounts = distinct(concat(values(var.accounts), [var.artifact_account]))
  stages           = toset([for stage, account in var.accounts : stage if account == local.account])

  # The names in the documents of policies/; a stage's documents also have `stage`.
  names = {
    account          = local.account
    artifact_account = var.artifact_account
    region           = var.region
    prefix           = var.prefix
    owner            = var.github.owner
    owner_id         = var.github.owner_id
    repository       = var.github.repository
    repository_id    = var.github.repository_id
    people           = jsonencode(var.break_glass)
  }
}
