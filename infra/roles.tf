locals {
  # Rights of each kind of role: documents of policies/. Its trust: policies/<kind>.trust.json.tftpl.
  may = {
    pipeline       = ["pipeline"]
    break-glass    = ["pipeline"]
    cloudformation = ["cloudformation", "cloudformation-roles", "cloudformation-watch", "application-read"]
    drift          = ["drift", "application-read", "foundation-read"]
    plan           = ["foundation-read"]
    packaging      = ["packaging"]
    preview        = ["preview"]
  }

  roles = merge(
    { for pair in setproduct(local.stages, ["pipeline", "cloudformation", "drift"]) :
      join("-", pair) => { stage = pair[0], kind = pair[1] }
    },
    { for stage in local.stages : "${stage}-break-glass" => { stage = stage, kind = "break-glass" } if length(var.break_glass) > 0 },
    { plan = { stage = "", kind = "plan" } },
    local.previews_here ? {
      preview                = { stage = "preview", kind = "preview" }
      preview-cloudformation = { stage = "preview", kind = "cloudformation" }
    } : {},
    local.artifacts_here ? { packaging = { stage = "", kind = "packaging" } } : {},
  )

  # A document that names no stage is one policy for the account.
  policy_names = { for name, role in local.roles : name => {
    for document in local.may[role.kind] :
    contains(["foundation-read", "packaging"], document) ? document : "${role.stage}-${document}" => document
  } }
  policies = merge([
    for name, role in local.roles : {
      for policy, document in local.policy_names[name] : policy => { stage = role.stage, document = document }
    }
  ]...)
}

# All have the path /foundation/, and the boundary stops every role from changing this path.
resource "aws_iam_role" "this" {
  for_each = local.roles

  name                 = "audio-stitcher-${each.key}"
  path                 = "/foundation/"
  description          = "Audio Stitcher: ${each.key} (infra/README.md)"
  max_session_duration = each.value.kind == "pipeline" ? 7200 : 3600 # a canary may run on the way forward and back
  permissions_boundary = aws_iam_policy.deployment_boundary.arn
  assume_role_policy = templatefile(
    "${path.module}/policies/${each.value.kind}.trust.json.tftpl", merge(local.names, each.value.stage == "preview" ? local.preview : { stage = each.value.stage })
  )

  depends_on = [aws_iam_openid_connect_provider.github]
}

# Managed policies, because those of `cloudformation` are too long together for inline ones (10,240 characters).
resource "aws_iam_policy" "this" {
  for_each = local.policies

  name = "audio-stitcher-${each.key}"
  path = "/foundation/"
  policy = templatefile(
    "${path.module}/policies/${each.value.document}.json.tftpl", merge(local.names, each.value.stage == "preview" ? local.preview : { stage = each.value.stage })
  )
}

# Exclusive: a policy that somebody attaches by hand shows in the next infra plan.
resource "aws_iam_role_policy_attachments_exclusive" "this" {
  for_each = local.roles

  role_name   = aws_iam_role.this[each.key].name
  policy_arns = [for name in keys(local.policy_names[each.key]) : aws_iam_policy.this[name].arn]
}

resource "aws_iam_role_policies_exclusive" "this" {
  for_each = local.roles

  role_name    = aws_iam_role.this[each.key].name
  policy_names = []
}
