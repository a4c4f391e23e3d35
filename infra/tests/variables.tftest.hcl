# Values that are refused, each with a sentence: several in a run, because a run takes a second.
mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = { account_id = "111111111111" }
  }
  mock_resource "aws_iam_policy" {
    defaults = { arn = "arn:aws:iam::111111111111:policy/foundation/mocked" }
  }
}

variables {
  github = {
    owner         = "octo-org"
    owner_id      = "123456"
    repository    = "audio-stitcher"
    repository_id = "456789"
  }
  accounts         = { dev = "111111111111" }
  artifact_account = "444444444444"
  budgets          = { dev = 20 }
  alert_email      = "operations@example.org"
}

run "wildcards_and_a_stage_without_budget" {
  command = plan

  variables {
    github           = { owner = "octo-org", owner_id = "123456", repository = "*", repository_id = "456789" }
    accounts         = { dev = "111111111111", prod = "333333333333" }
    artifact_account = "artifacts"
    prefix           = "st*"
    alert_email      = "operations"
  }

  expect_failures = [var.github, var.artifact_account, var.prefix, var.budgets, var.alert_email]
}

run "a_name_for_an_id_and_an_unknown_stage" {
  command = plan

  variables {
    github   = { owner = "octo-org", owner_id = "octo-org", repository = "audio-stitcher", repository_id = "456789" }
    accounts = { staging = "111111111111" }
    prefix   = "audio" # the artifact bucket's name begins with it
  }

  expect_failures = [var.github, var.accounts, var.prefix]
}

run "an_account_that_is_no_number" {
  command = plan

  variables {
    accounts = { dev = "1111" }
  }

  expect_failures = [var.accounts]
}

run "no_stages" {
  command = plan

  variables {
    accounts = {}
    budgets  = {}
  }

  expect_failures = [var.accounts]
}

run "a_budget_of_nothing" {
  command = plan

  variables {
    budgets = { dev = 0 }
  }

  expect_failures = [var.budgets]
}

run "people_who_are_no_single_users" {
  command = plan

  variables {
    break_glass = ["arn:aws:iam::111111111111:root"]
  }

  expect_failures = [var.break_glass]
}

run "everybody_as_people" {
  command = plan

  variables {
    break_glass = ["*", "arn:aws:iam::111111111111:user/*"]
  }

  expect_failures = [var.break_glass]
}
