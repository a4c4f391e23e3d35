"""What the service bears: faults, load, and what it costs. `python -m endurance chaos | load | cost`."""
