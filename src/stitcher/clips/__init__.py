"""From a recording to a prepared clip."""
