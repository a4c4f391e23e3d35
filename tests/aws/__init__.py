"""Laws of AWS, each named by its page of AWS's documentation, over what the template deploys in every stage."""
