"""From a message to its plan."""
