"""Identify pictures: a prompt's question, a vision model's answer, checked against the prompt's schema."""
