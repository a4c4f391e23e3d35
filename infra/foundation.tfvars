# The settings of all accounts: a pull request changes them. The values here are examples: put yours in their place.
github = {
  owner         = "octo-org"
  owner_id      = "123456"
  repository    = "audio-stitcher"
  repository_id = "456789"
}

accounts = {
  dev   = "111111111111"
  test  = "111111111111"
  stage = "222222222222"
  prod  = "333333333333"
}

artifact_account = "444444444444"

budgets = {
  dev   = 20
  test  = 20
  stage = 50
  prod  = 500
}

alert_email = "operations@example.org"

previews = false # environments of pull requests on AWS: first give the environment `preview` in GitHub its reviewers

break_glass = ["arn:aws:iam::333333333333:user/on-call"]
