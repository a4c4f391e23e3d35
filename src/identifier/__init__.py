"""Identify what is in a picture: a prompt's question, a vision model's answer, checked against the prompt's schema."""
