"""Code that all functions share: logs and metrics, settings, buckets, HTTP answers.

On Lambda, Python's garbage collector rests while a function starts: nothing that a start loads is garbage, and to look
at it again and again takes a twentieth of the start. `handlers.telemetry` turns it on when the handler is ready.
"""

import gc
import os

ON_LAMBDA = "AWS_LAMBDA_FUNCTION_NAME" in os.environ
if ON_LAMBDA:
    gc.disable()
