"""Traffic for a canary: signed calls at a steady rate while a deployment bakes.

Without calls an alarm has nothing to see, and a canary proves nothing.
"""

import itertools
import threading
import time
from collections import Counter
from types import TracebackType

from local.client import Caller

RATE = 2.0
"""Calls a second: an alarm over one minute of a tenth of the traffic still sees twelve."""
LONGEST_GAP_MS = 5000


class Probe:
    """Calls the API from when its context begins until it ends, in a thread of its own."""

    def __init__(self, caller: Caller, voice: str, rate: float = RATE) -> None:
        """`rate` is in calls a second; there are fewer where the API takes longer to answer."""
        self._caller, self._voice, self._pause = caller, voice, 1 / rate
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.answers: Counter[str] = Counter()
        """How often what came back: a status, or why there was none."""
        self.failures: list[str] = []
        """Each call that the service failed (5xx, or no answer), with its time in UTC."""

    def __enter__(self) -> "Probe":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()

    def report(self) -> str:
        """What came back, for people."""
        counts = ", ".join(f"{count} × {answer}" for answer, count in sorted(self.answers.items())) or "no calls"
        lines = [f"probe: {counts}", *self.failures[:20]]
        if not self.answers["200"]:
            lines.append("probe: not one call was answered with 200: the canary had no traffic from here")
        return "\n".join(lines)

    def _run(self) -> None:
        for number in itertools.count():
            started = time.monotonic()
            self._call(number)
            if self._stop.wait(max(0.0, self._pause - (time.monotonic() - started))):
                return

    def _call(self, number: int) -> None:
        # Another gap each time, so that the whole workflow runs and not only the look into the cache.
        request = {"message": "hello, shreeshail", "voice": self._voice, "gap_ms": number % LONGEST_GAP_MS}
        what = ("POST /stitch", "POST /stitch", "POST /plans", "GET /voices")[number % 4]
        try:
            if what == "GET /voices":
                status = self._caller.get("/voices").status
            else:
                status = self._caller.post(what.removeprefix("POST "), request).status
            answer = str(status)
        except OSError as error:  # no connection, no answer in time
            status, answer = 599, type(error).__name__
        self.answers[answer] += 1
        if status >= 500:
            self.failures.append(f"{time.strftime('%H:%M:%SZ', time.gmtime())} {what}: {answer}")


def main(caller: Caller, voice: str, seconds: float) -> int:
    """Call the API for some time and report; returns 1 where a call failed or none was answered with 200."""
    with Probe(caller, voice) as probe:
        time.sleep(seconds)
    print(probe.report())
    return 1 if probe.failures or not probe.answers["200"] else 0
