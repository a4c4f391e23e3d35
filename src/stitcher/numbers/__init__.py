"""Numbers in messages: found, read, said."""
