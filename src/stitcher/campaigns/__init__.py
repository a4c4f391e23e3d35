"""Tables of messages: their checks and recording scripts."""
