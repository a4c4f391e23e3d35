# What each account gets, on a mocked provider: run by `terraform test`, without AWS. What the policies allow is tested on
# the documents themselves (tests/pipeline/foundation).
mock_provider "aws" {
  override_during = plan

  mock_data "aws_caller_identity" {
    defaults = { account_id = "111111111111" }
  }
  mock_resource "aws_iam_policy" {
    defaults = { arn = "arn:aws:iam::111111111111:policy/foundation/mocked" }
  }
  mock_resource "aws_kms_key" {
    defaults = { arn = "arn:aws:kms:ap-south-1:444444444444:key/mocked" }
  }
}

variables {
  github = {
    owner         = "octo-org"
    owner_id      = "123456"
    repository    = "audio-stitcher"
    repository_id = "456789"
  }
  accounts         = { dev = "111111111111", test = "111111111111", stage = "222222222222", prod = "333333333333" }
  artifact_account = "444444444444"
  budgets          = { dev = 20, test = 20, stage = 50, prod = 500 }
  alert_email      = "operations@example.org"
}

run "an_account_has_what_its_stages_need_and_no_artifacts" {
  command = plan

  assert {
    condition = toset(keys(aws_iam_role.this)) == toset([
      "dev-pipeline", "dev-cloudformation", "dev-drift", "test-pipeline", "test-cloudformation", "test-drift", "plan",
    ])
    error_message = "roles: ${join(", ", keys(aws_iam_role.this))}"
  }

  assert {
    condition     = toset(keys(aws_iam_policy.boundary)) == toset(["dev", "test"]) && length(aws_s3_bucket.artifacts) == 0 && output.signing_profile == null
    error_message = "an account has a boundary for each of its stages, and the artifacts are elsewhere"
  }

  assert {
    condition = alltrue([
      for role in aws_iam_role.this : role.path == "/foundation/" && role.permissions_boundary != null
    ])
    error_message = "a role without boundary, or elsewhere"
  }

  assert {
    condition     = alltrue([for policy in values(aws_iam_policy.this) : policy.path == "/foundation/"])
    error_message = "a policy that a deployment could change"
  }

  assert {
    condition = alltrue([
      for name, role in aws_iam_role.this : length(aws_iam_role_policies_exclusive.this[name].policy_names) == 0
    ])
    error_message = "inline policies are not expected"
  }

  assert {
    condition = alltrue([
      for stage in ["dev", "test"] : jsondecode(aws_iam_role.this["${stage}-pipeline"].assume_role_policy).Statement[0].Condition == {
        StringEquals = {
          "token.actions.githubusercontent.com:aud" = "sts.amazonaws.com"
          "token.actions.githubusercontent.com:sub" = [
            "repo:octo-org/audio-stitcher:environment:${stage}",
            "repo:octo-org@123456/audio-stitcher@456789:environment:${stage}",
          ]
          "token.actions.githubusercontent.com:repository_id"    = "456789"
          "token.actions.githubusercontent.com:environment"      = stage
          "token.actions.githubusercontent.com:job_workflow_ref" = "octo-org/audio-stitcher/.github/workflows/deploy.yml@refs/heads/main"
          "token.actions.githubusercontent.com:ref"              = "refs/heads/main"
        }
      }
    ])
    error_message = aws_iam_role.this["dev-pipeline"].assume_role_policy
  }

  assert {
    condition = { for stage, budget in aws_budgets_budget.stage : stage => tonumber(budget.limit_amount) } == {
      dev = 20, test = 20
    }
    error_message = "budgets of other amounts or stages"
  }

  assert {
    condition = alltrue([
      for stage, budget in aws_budgets_budget.stage : (
        toset([for notice in budget.notification : "${notice.notification_type} ${notice.threshold}"]) == toset(["FORECASTED 80", "ACTUAL 100"])
        && alltrue([for notice in budget.notification : notice.subscriber_email_addresses == toset(["operations@example.org"])])
        && one(budget.cost_filter).values == tolist([format("user:stage$%s", stage)])
      )
    ])
    error_message = "every stage: 80 % forecast, 100 % spent, by its tag"
  }
}

run "the_artifact_account_has_the_bucket_and_the_packaging_role" {
  command = plan

  override_data {
    target = data.aws_caller_identity.current
    values = { account_id = "444444444444" }
  }

  assert {
    condition     = toset(keys(aws_iam_role.this)) == toset(["plan", "packaging"]) && length(aws_budgets_budget.stage) == 0
    error_message = "roles: ${join(", ", keys(aws_iam_role.this))}"
  }

  assert {
    condition     = aws_s3_bucket.artifacts[0].bucket == "audio-stitcher-artifacts-444444444444"
    error_message = aws_s3_bucket.artifacts[0].bucket
  }

  assert {
    condition = alltrue([
      one(aws_signer_signing_profile.release).name == "audio_stitcher",
      one(aws_signer_signing_profile.release).platform_id == "AWSLambda-SHA384-ECDSA",
    ])
    error_message = "the profile is that of release.yml and of the packaging role, for Lambda"
  }

  assert {
    condition     = aws_kms_key.artifacts[0].enable_key_rotation && one(aws_s3_bucket_server_side_encryption_configuration.artifacts[0].rule).bucket_key_enabled
    error_message = "the key is rotated, and asked once for many objects"
  }

  assert {
    condition = alltrue([
      aws_s3_bucket_versioning.artifacts[0].versioning_configuration[0].status == "Enabled",
      aws_s3_bucket_public_access_block.artifacts[0].block_public_acls,
      aws_s3_bucket_public_access_block.artifacts[0].block_public_policy,
      aws_s3_bucket_public_access_block.artifacts[0].ignore_public_acls,
      aws_s3_bucket_public_access_block.artifacts[0].restrict_public_buckets,
    ])
    error_message = "the bucket is versioned and private"
  }

  assert {
    condition = alltrue([
      for rule in aws_s3_bucket_lifecycle_configuration.artifacts[0].rule : length(rule.expiration) == 0
    ])
    error_message = "a package in use would expire"
  }
}

run "people_are_named_and_every_use_of_their_role_is_told" {
  command = plan

  variables {
    break_glass = ["arn:aws:iam::333333333333:user/on-call"]
  }

  assert {
    condition     = toset([for name in keys(aws_iam_role.this) : name if endswith(name, "-break-glass")]) == toset(["dev-break-glass", "test-break-glass"])
    error_message = "roles: ${join(", ", keys(aws_iam_role.this))}"
  }

  assert {
    condition = (
      jsondecode(aws_iam_role.this["dev-break-glass"].assume_role_policy).Statement[0].Principal.AWS == ["arn:aws:iam::333333333333:user/on-call"]
      && aws_sns_topic_subscription.break_glass[0].endpoint == "operations@example.org"
    )
    error_message = aws_iam_role.this["dev-break-glass"].assume_role_policy
  }
}

run "without_named_people_there_is_no_role_for_emergencies" {
  command = plan

  assert {
    condition     = length(aws_sns_topic.break_glass) == 0 && !anytrue([for name in keys(aws_iam_role.this) : endswith(name, "-break-glass")])
    error_message = "roles: ${join(", ", keys(aws_iam_role.this))}"
  }
}

run "one_account_may_have_everything" {
  command = plan

  variables {
    accounts         = { dev = "111111111111", test = "111111111111", stage = "111111111111", prod = "111111111111" }
    artifact_account = "111111111111"
  }

  assert {
    condition     = length(aws_iam_role.this) == 4 * 3 + 2 && length(aws_s3_bucket.artifacts) == 1
    error_message = "roles: ${join(", ", keys(aws_iam_role.this))}"
  }
}
