# What people may do with the API of a stage, by the paths of its calls: for a permission set of IAM Identity Center, a role
# or a user. Each contains the one before: *listener* hears and plans messages, *recorder* also uploads recordings, *editor*
# also deletes and restores them, changes the settings of voices, runs campaigns, and sends pictures.
locals {
  callers = { for pair in setproduct(local.stages, ["listener", "recorder", "editor"]) : join("-", pair) => pair }
}

resource "aws_iam_policy" "caller" {
  for_each = local.callers

  name        = "audio-stitcher-${each.key}"
  path        = "/foundation/"
  description = "Calls of the API in the stage ${each.value[0]}: ${each.value[1]}"
  policy = templatefile(
    "${path.module}/policies/${each.value[1]}.json.tftpl", merge(local.names, { stage = each.value[0] })
  )
}
