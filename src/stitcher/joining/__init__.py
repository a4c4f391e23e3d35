"""Prepared clips joined into one message."""
