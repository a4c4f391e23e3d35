"""The pipeline's own tools: what `make` and the workflows call, each of them on a laptop as well as on a runner."""
