"""The embedded AWS: the real template, built and deployed by the real `sam`, on an emulator on this machine."""
