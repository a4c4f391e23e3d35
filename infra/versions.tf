terraform {
  required_version = "~> 1.11" # since 1.11 the state is locked by an object in S3, without a table

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "5.100.0"
    }
  }

  # `make infra-plan` and `make infra-apply` give the account's bucket and the region.
  backend "s3" {
    key          = "foundation.tfstate"
    encrypt      = true
    use_lockfile = true
  }
}

provider "aws" {
  region              = var.region
  allowed_account_ids = local.allowed_accounts # wrong credentials stop here

  default_tags {
    tags = { service = "audio-stitcher", managed-by = "foundation" }
  }
}
