output "roles" {
  description = "ARN of each role, by its name without `audio-stitcher-`"
  value       = { for name, role in aws_iam_role.this : name => role.arn }
}

output "boundaries" {
  description = "PermissionsBoundary parameter of template.yaml, by stage"
  value       = { for stage, policy in aws_iam_policy.boundary : stage => policy.arn }
}

output "artifact_bucket" {
  description = "Bucket of packages and releases, in the account `artifact_account`"
  value       = local.artifact_bucket
}

output "signing_profile" {
  description = "SigningProfiles parameter of template.yaml; only the account `artifact_account` has it"
  value       = one(aws_signer_signing_profile.release[*].version_arn)
}
