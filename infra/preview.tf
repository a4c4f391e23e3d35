# The environments of pull requests, all in the stage `preview` and in the account of dev. Each has the prefix pr-<number>; one
# role deploys, tests and removes them. The roles of the other stages cannot touch them, nor the other way round.
locals {
  previews_here    = var.previews && contains(local.stages, "dev")
  preview          = { stage = "preview", prefix = "pr-*" }
  preview_packages = "audio-stitcher-preview-packages-${local.account}"
}

# Not the artifact bucket: what a pull request uploads must never be deployed to a stage.
resource "aws_s3_bucket" "preview_packages" {
  #checkov:skip=CKV_AWS_18:who reads and writes is in CloudTrail; an access log needs a bucket of its own
  #checkov:skip=CKV_AWS_21:a package is of no use after its pull request's job
  #checkov:skip=CKV_AWS_144:a package lives for a day
  #checkov:skip=CKV_AWS_145:code that the repository shows; S3's own key encrypts it
  #checkov:skip=CKV2_AWS_62:nothing waits for a package to arrive
  count = local.previews_here ? 1 : 0

  bucket = local.preview_packages
}

resource "aws_s3_bucket_public_access_block" "preview_packages" {
  count = local.previews_here ? 1 : 0

  bucket                  = aws_s3_bucket.preview_packages[0].id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_lifecycle_configuration" "preview_packages" {
  count = local.previews_here ? 1 : 0

  bucket = aws_s3_bucket.preview_packages[0].id

  rule {
    id     = "short-lived"
    status = "Enabled"
    filter {}

    expiration {
      days = 1
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 1
    }
  }
}

resource "aws_s3_bucket_policy" "preview_packages" {
  count = local.previews_here ? 1 : 0

  bucket = aws_s3_bucket.preview_packages[0].id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "TlsOnly"
        Effect    = "Deny"
        Principal = "*"
        Action    = "s3:*"
        Resource  = [aws_s3_bucket.preview_packages[0].arn, "${aws_s3_bucket.preview_packages[0].arn}/*"]
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
      {
        Sid       = "CloudFormationReadsPackages"
        Effect    = "Allow"
        Principal = { AWS = aws_iam_role.this["preview-cloudformation"].arn }
        Action    = "s3:GetObject"
        Resource  = "${aws_s3_bucket.preview_packages[0].arn}/*"
      },
    ]
  })

  depends_on = [aws_s3_bucket_public_access_block.preview_packages]
}
