# The most that anything of a stage may ever do, whatever its own policies say: `PermissionsBoundary` of every role in
# template.yaml. CloudFormation cannot make a role without it.
resource "aws_iam_policy" "boundary" {
  for_each = local.stages

  name        = "audio-stitcher-${each.key}-boundary"
  path        = "/foundation/"
  description = "The most that a function or workflow of the stage ${each.key} may do"
  policy      = templatefile("${path.module}/policies/boundary.json.tftpl", merge(local.names, { stage = each.key }))
}

# The most that the roles of this module may ever do: they leave the foundation, users and recordings alone.
resource "aws_iam_policy" "deployment_boundary" {
  name        = "audio-stitcher-deployment-boundary"
  path        = "/foundation/"
  description = "The most that a role which deploys may do"
  policy      = templatefile("${path.module}/policies/deployment-boundary.json.tftpl", local.names)
}
