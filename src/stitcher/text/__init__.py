"""Text as words, and messages as parts."""
