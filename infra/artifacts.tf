# Packages and releases, in one account for all stages: prod gets byte for byte the files that dev tested.
#   packages/…           uploads of `sam package`, named by their content; AWS Signer's signed copies beside them
#   releases/…           each release's list of parts; written once
#   deployed/<stage>/…   the history of a stage; only the stage's pipeline role writes it
locals {
  artifacts_here  = var.artifact_account == local.account
  artifact_bucket = "audio-stitcher-artifacts-${var.artifact_account}"

  # The statements of each stage. They name its roles in conditions: a role as principal would have to exist before.
  artifact_statements = { for of in ["bucket", "key"] : of => flatten([
    for stage, account in var.accounts : jsondecode(templatefile(
      "${path.module}/policies/artifact-${of}-stage.json.tftpl", merge(local.names, { stage = stage, account = account })
    )).Statement
  ]) }
}

resource "aws_kms_key" "artifacts" {
  count = local.artifacts_here ? 1 : 0

  description             = "Audio Stitcher: packages and releases"
  enable_key_rotation     = true
  deletion_window_in_days = 30
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      jsondecode(templatefile("${path.module}/policies/artifact-key.json.tftpl", local.names)).Statement,
      local.artifact_statements["key"],
    )
  })
}

resource "aws_kms_alias" "artifacts" {
  count = local.artifacts_here ? 1 : 0

  name          = "alias/audio-stitcher-artifacts"
  target_key_id = aws_kms_key.artifacts[0].key_id
}

# Signs the code of every release. Lambda refuses other code in a stage whose SigningProfiles has this profile's version.
# AWS never gives a name free again: a new profile needs a new name, here, in policies/ and in release.yml.
resource "aws_signer_signing_profile" "release" {
  count = local.artifacts_here ? 1 : 0

  name        = "audio_stitcher"
  platform_id = "AWSLambda-SHA384-ECDSA"

  lifecycle {
    prevent_destroy = true # Lambda would refuse every release that it has signed
  }
}

resource "aws_s3_bucket" "artifacts" {
  #checkov:skip=CKV_AWS_18:who reads and writes is in CloudTrail; an access log needs a bucket of its own
  #checkov:skip=CKV_AWS_144:a release can be built again from its commit, to the same bytes
  #checkov:skip=CKV2_AWS_62:nothing waits for a package to arrive
  count = local.artifacts_here ? 1 : 0

  bucket = local.artifact_bucket

  lifecycle {
    prevent_destroy = true # a rollback needs the releases before this one
  }
}

resource "aws_s3_bucket_versioning" "artifacts" {
  count = local.artifacts_here ? 1 : 0

  bucket = aws_s3_bucket.artifacts[0].id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "artifacts" {
  count = local.artifacts_here ? 1 : 0

  bucket = aws_s3_bucket.artifacts[0].id

  rule {
    bucket_key_enabled = true

    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = aws_kms_key.artifacts[0].arn
    }
  }
}

resource "aws_s3_bucket_public_access_block" "artifacts" {
  count = local.artifacts_here ? 1 : 0

  bucket                  = aws_s3_bucket.artifacts[0].id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "artifacts" {
  count = local.artifacts_here ? 1 : 0

  bucket = aws_s3_bucket.artifacts[0].id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

# Current objects stay: a running release may use an old package.
resource "aws_s3_bucket_lifecycle_configuration" "artifacts" {
  count = local.artifacts_here ? 1 : 0

  bucket = aws_s3_bucket.artifacts[0].id

  rule {
    id     = "replaced"
    status = "Enabled"
    filter {}

    noncurrent_version_expiration {
      noncurrent_days = 90
    }
  }

  rule {
    id     = "broken-uploads"
    status = "Enabled"
    filter {}

    abort_incomplete_multipart_upload {
      days_after_initiation = 1
    }
  }

  depends_on = [aws_s3_bucket_versioning.artifacts]
}

resource "aws_s3_bucket_policy" "artifacts" {
  count = local.artifacts_here ? 1 : 0

  bucket = aws_s3_bucket.artifacts[0].id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      jsondecode(templatefile(
        "${path.module}/policies/artifact-bucket.json.tftpl", merge(local.names, { key = aws_kms_key.artifacts[0].arn })
      )).Statement,
      local.artifact_statements["bucket"],
    )
  })

  depends_on = [aws_s3_bucket_public_access_block.artifacts]
}
