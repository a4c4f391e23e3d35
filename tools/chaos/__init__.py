"""What the service bears: every call of AWS going wrong in turn (`make chaos`)."""
