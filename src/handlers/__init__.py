"""Code that all functions share: logs and metrics, settings, buckets, HTTP answers."""
