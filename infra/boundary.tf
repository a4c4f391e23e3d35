# The most rights of every role in template.yaml (`PermissionsBoundary`), beyond which its policies have no effect.
# CloudFormation cannot make a role without it.
resource "aws_iam_policy" "boundary" {
  for_each = setunion(local.stages, local.previews_here ? ["preview"] : [])

  name        = "audio-stitcher-${each.key}-boundary"
  path        = "/foundation/"
  description = "Permissions boundary of the functions and workflows of the stage ${each.key}"
  policy      = templatefile("${path.module}/policies/boundary.json.tftpl", merge(local.names, each.key == "preview" ? local.preview : { stage = each.key }))
}

# The most rights of this module's roles: they cannot change the foundation, users and recordings.
resource "aws_iam_policy" "deployment_boundary" {
  name        = "audio-stitcher-deployment-boundary"
  path        = "/foundation/"
  description = "Permissions boundary of the roles that deploy"
  policy      = templatefile("${path.module}/policies/deployment-boundary.json.tftpl", local.names)
}
