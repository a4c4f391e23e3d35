"""Traffic for a canary: signed calls at a steady rate while a deployment bakes.

Without calls an alarm has nothing to see, and a canary proves nothing.
"""

import itertools
import threading
import time
from collections import Counter
from types import TracebackType

from tools.client import Caller

CALLS = ("POST /stitch", "POST /stitch", "POST /plans", "GET /voices")
"""Each is called once a second: of a tenth of that, an alarm sees some six a minute for each function of the API."""
STEPS = 1000


def message_of(order: tuple[str, str], second: int) -> str:
    """A message that was not said within the last eleven days.

    The whole workflow is to run, and not only the look into the cache, which keeps for seven.
    """
    first, other = order
    return f"{first} [pause {second % STEPS}ms] {other} [pause {second // STEPS % STEPS}ms] {first}"


class Probe:
    """Calls the API from when its context begins until it ends, in threads of its own."""

    def __init__(self, caller: Caller, voice: str, pause: float = 1.0) -> None:
        """`pause` is in seconds, from the start of a call to that of the next of its kind, unless it takes longer."""
        self._caller, self._voice, self._pause = caller, voice, pause
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._run, args=(call, order), daemon=True)
            for call, order in zip(CALLS, itertools.cycle([("hello", "shreeshail"), ("shreeshail", "hello")]))
        ]
        self._answers: list[tuple[float, str, str]] = []

    def __enter__(self) -> "Probe":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    @property
    def answers(self) -> Counter[str]:
        """How often what came back: a status, or why there was none."""
        return Counter(answer for _, _, answer in self._answers)

    @property
    def failures(self) -> list[str]:
        """Each call that the service failed (5xx, or no answer), with its time in UTC."""
        failed = [entry for entry in self._answers if not entry[2].isdigit() or int(entry[2]) >= 500]
        return [f"{time.strftime('%H:%M:%SZ', time.gmtime(at))} {call}: {answer}" for at, call, answer in failed]

    def report(self) -> str:
        """What came back, for people."""
        counts = ", ".join(f"{count} × {answer}" for answer, count in sorted(self.answers.items())) or "no calls"
        lines = [f"probe: {counts}", *self.failures[:20]]
        if not self.answers["200"]:
            lines.append("probe: not one call was answered with 200: the canary had no traffic from here")
        return "\n".join(lines)

    def _run(self, call: str, order: tuple[str, str]) -> None:
        while True:
            started = time.time()
            self._call(call, order, int(started))
            if self._stop.wait(max(0.0, self._pause - (time.time() - started))):
                return

    def _call(self, call: str, order: tuple[str, str], number: int) -> None:
        request = {"message": message_of(order, number), "voice": self._voice}
        method, path = call.split()
        try:
            reply = self._caller.get(path) if method == "GET" else self._caller.post(path, request)
            answer = str(reply.status)
        except OSError as error:  # no connection, no answer in time
            answer = type(error).__name__
        self._answers.append((time.time(), call, answer))


def main(caller: Caller, voice: str, seconds: float) -> int:
    """Call the API for some time and report; returns 1 if a call failed or none was answered with 200."""
    with Probe(caller, voice) as probe:
        time.sleep(seconds)
    print(probe.report())
    return 1 if probe.failures or not probe.answers["200"] else 0
