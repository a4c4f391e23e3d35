variable "github" {
  description = "The repository that deploys; ids as `gh api repos/OWNER/REPOSITORY --jq '.owner.id, .id'` gives them"
  type = object({
    owner         = string
    owner_id      = string
    repository    = string
    repository_id = string
  })

  validation {
    condition     = can(regex("^[A-Za-z0-9-]+$", var.github.owner)) && can(regex("^[A-Za-z0-9._-]+$", var.github.repository))
    error_message = "owner and repository are names, without slash or wildcard: octo-org and audio-stitcher."
  }

  validation {
    condition     = can(regex("^[1-9][0-9]*$", var.github.owner_id)) && can(regex("^[1-9][0-9]*$", var.github.repository_id))
    error_message = "owner_id and repository_id are GitHub's numbers, not names."
  }
}

variable "accounts" {
  description = "AWS account of each stage; stages may share one. The same in every account: each finds its own stages"
  type        = map(string)

  validation {
    condition     = length(var.accounts) > 0 && length(setsubtract(keys(var.accounts), ["dev", "test", "stage", "prod"])) == 0
    error_message = "The stages are dev, test, stage and prod; at least one is needed."
  }

  validation {
    condition     = alltrue([for account in values(var.accounts) : can(regex("^[0-9]{12}$", account))])
    error_message = "An account is its number, of twelve digits."
  }
}

variable "artifact_account" {
  description = "AWS account of the artifact bucket, which every stage deploys from"
  type        = string

  validation {
    condition     = can(regex("^[0-9]{12}$", var.artifact_account))
    error_message = "An account is its number, of twelve digits."
  }
}

variable "previews" {
  description = "Whether pull requests may have environments on AWS, in the account of dev"
  type        = bool
  default     = false

  validation {
    condition     = !var.previews || contains(keys(var.accounts), "dev")
    error_message = "The environments of pull requests are in the account of dev, and there is none."
  }
}

variable "region" {
  description = "AWS region of all resources"
  type        = string
  default     = "ap-south-1"
}

variable "prefix" {
  description = "Prefix parameter of template.yaml: first part of the names that it gives"
  type        = string
  default     = "stitcher"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,20}$", var.prefix))
    error_message = "2 to 21 lower-case letters, digits and hyphens, beginning with a letter."
  }

  validation {
    condition     = !startswith("audio-stitcher-", "${var.prefix}-")
    error_message = "The names of the stacks and of the artifact bucket begin with audio-stitcher-: the prefix must be another."
  }
}

variable "budgets" {
  description = "Monthly budget of each stage, in US dollars"
  type        = map(number)

  validation {
    condition     = toset(keys(var.budgets)) == toset(keys(var.accounts)) && alltrue([for limit in values(var.budgets) : limit > 0])
    error_message = "Every stage of `accounts` needs a budget above 0, and no other has one."
  }
}

variable "alert_email" {
  description = "E-mail address that gets the budget alerts"
  type        = string

  validation {
    condition     = can(regex("^[^@[:space:]]+@[^@[:space:]]+[.][^@[:space:]]+$", var.alert_email))
    error_message = "alert_email is one address."
  }
}

variable "break_glass" {
  description = "ARNs of the IAM users who may roll back from a laptop while GitHub is down; each has an MFA device"
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for user in var.break_glass : can(regex("^arn:aws:iam::[0-9]{12}:user/[A-Za-z0-9+=,.@_/-]+$", user))])
    error_message = "Each is the ARN of one IAM user: arn:aws:iam::111111111111:user/asha. A session of a role carries no mark of MFA."
  }
}
