"""`make chaos`: every step and every call of AWS fails in turn, and the promises are checked.

The calls are those of runs without faults. Calls of one function, to one operation, with one kind of answer are alike:
the first of them fails, on the first path that has it. The promises for every fault:

- the caller gets the right answer, or a clean 5xx problem (429 where the service itself was throttled)
- files in the cache and prepared clips are whole and have the right bytes
- the next try succeeds
"""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from stitcher.clips.decode import decode
from stitcher.errors import FAULT, TOO_MANY, TOO_SLOW
from stitcher.formats.profiles import RATE
from tools.chaos.lab import CLIPS, Lab
from tools.client import Response, fetch
from tools.local.stack import running, say

STEPS = ("CacheLookup", "Stitch", "FetchClips", "Publish")
WRITES = ("PutObject", "CopyObject", "SendMessage")
STARTS = "StartSyncExecution"
PROCESSES = 2
"""That a function has in the embedded AWS."""
HELD_SECONDS = 120
FRAMES_MS = 60
"""The allowed difference between a decoded MP3 and the plan: its first and last frames."""
KINDS = {
    "slow_down": "error once",
    "internal_error": "error for good",
    "cut": "no connection",
    "truncated": "half an answer",
    "stalled": "no answer, done late",
    "overrun": "out of time, done late",
    "lost": "done, no answer",
    "killed": "process killed",
    "killed_after": "done, process killed",
}
ALIKE = {"throttled": "slow_down", "service_exception": "internal_error"}
"""Lambda's own errors, in the same columns."""


@dataclass(frozen=True)
class Path:
    """One way through the service: the files before it, and its calls."""

    name: str
    says: str
    go: Callable[[Lab, str], Response]
    prepared: bool = True
    cached: bool = False


PATHS = (
    Path("cold", "a new message of clips that nobody prepared", Lab.stitch, prepared=False),
    Path("warm", "a new message of prepared clips", Lab.stitch),
    Path("hit", "a message that was made before", Lab.stitch, cached=True),
    Path("plan", "POST /plans", Lab.plan),
    Path("voices", "GET /voices", Lab.voices),
    Path("clips", "GET /voices/{voice}/clips", Lab.clips),
    Path("event", "a clip is put, then a message needs it", Lab.put_and_stitch, prepared=False),
    Path("refused", "a file that is no audio is put", Lab.refuse_and_stitch),
)
LISTS = ("plan", "voices", "clips")


@dataclass(frozen=True)
class Case:
    """One fault on one path: the nth call fails, or all from there on (`times=0`)."""

    path: Path
    by: str
    operation: str
    nth: int
    kind: str
    times: int = 1

    @property
    def fault(self) -> dict[str, Any]:
        """As tools/local/faults.py takes it."""
        return {name: getattr(self, name) for name in ("by", "operation", "nth", "kind", "times")}

    @property
    def call(self) -> str:
        """What fails, in words."""
        which = f" {self.nth}" if self.nth > 1 else ""
        return f"{self.path.name}: {self.by} {self.operation}{which}"


@dataclass
class Outcome:
    """What came of a case: the first answer's status, the seconds it took, and the promises that were broken."""

    case: Case
    status: int = 0
    seconds: float = 0.0
    broken: list[str] = field(default_factory=list)


def cases(recorded: Iterable[tuple[Path, Iterable[dict[str, Any]]]]) -> Iterator[Case]:
    """Every fault of the listed calls, by path; of similar calls only the first."""
    alike = set[tuple[str, str, bool]]()
    for path, calls in recorded:
        made = Counter[tuple[str, str]]()
        for call in calls:
            by, operation, found = call["by"], call["operation"], call["status"] < 400
            made[by, operation] += 1
            if (by, operation, found) not in alike:
                alike.add((by, operation, found))
                for kind, times in _kinds(by, operation):
                    yield Case(path, by, operation, made[by, operation], kind, times)


def _kinds(by: str, operation: str) -> Iterator[tuple[str, int]]:
    """How calls of it can fail, and how many in a row (0: all)."""
    if by == "workflow":
        yield from (("throttled", 1), ("service_exception", 0))
        return
    yield from (("slow_down", 1), ("internal_error", 0))
    if operation == STARTS:
        return
    yield from (("cut", 1), ("stalled", 1), ("killed", 1))
    if operation in WRITES:
        yield from (("lost", 1), ("killed_after", 1))
    elif operation != "HeadObject":
        yield ("truncated", 1)
    if by in STEPS:
        yield ("overrun", 1)


def learn(lab: Lab) -> None:
    """Make the message once without a fault, to learn its right bytes. Raises ValueError."""
    voice = "chaos-first"
    _begin(lab, PATHS[0], voice)
    with ThreadPoolExecutor(PROCESSES) as pool:  # so that no trial has to wait for a process to start
        answer, *_ = [found.json() for found in pool.map(lab.stitch, [voice] * PROCESSES)]
    lab.forms = lab.read_forms(voice)
    ((lab.key, (lab.audio, lab.metadata)),) = lab.cached().items()
    audible_ms = 1000 * len(decode(lab.audio)) / RATE
    if answer["output_file"] != lab.key or abs(audible_ms - answer["duration_ms"]) > FRAMES_MS:
        raise ValueError(f"without a fault already: {answer}, but {audible_ms:.0f} ms of audio as {lab.key}")
    lab.forget(voice)


def list_calls(lab: Lab, path: Path, voice: str) -> list[dict[str, Any]]:
    """The calls of a path without faults; its answer is what others have to be. Raises ValueError."""
    _begin(lab, path, voice)
    lab.arm(None)
    response = path.go(lab, voice)
    calls: list[dict[str, Any]] = lab.report()["calls"]
    if response.status != 200:
        raise ValueError(f"{path.name} fails without a fault already: {response}")
    lab.answers[path.name] = _anonymous(response, voice)
    lab.forget(voice)
    return calls


def trial(lab: Lab, case: Case, voice: str) -> Outcome:
    """One case in a voice of its own, which is gone afterwards."""
    _begin(lab, case.path, voice)
    outcome, began = Outcome(case), time.monotonic()
    lab.arm(case.fault)
    try:
        response = case.path.go(lab, voice)
        outcome.status, outcome.seconds = response.status, time.monotonic() - began
        if not lab.report()["struck"]:
            outcome.broken.append("the fault did not strike")
        wrong = not_right(lab, case.path, response, voice) if response.status == 200 else not_clean(response)
        lab.arm(None)
        again = case.path.go(lab, voice)
        wrong += [f"the next try: {what}" for what in not_right(lab, case.path, again, voice)]
        _wait_for_held(lab)
        outcome.broken += wrong + not_whole(lab, voice)
    except OSError as error:  # no answer at all
        outcome.broken.append(repr(error))
    finally:
        lab.arm(None)
    lab.forget(voice)
    return outcome


def _begin(lab: Lab, path: Path, voice: str) -> None:
    lab.forget(voice)
    for name in (*CLIPS, "voice.toml"):
        lab.put_clip(voice, name)
    if path.prepared:
        lab.put_prepared(voice)
    if path.cached:
        lab.put_cached()


def _wait_for_held(lab: Lab) -> None:
    """Until what functions still do after their callers have gone on is done."""
    deadline = time.monotonic() + HELD_SECONDS
    while lab.report()["held"] and time.monotonic() < deadline:
        time.sleep(0.05)


def _anonymous(response: Response, voice: str) -> bytes:
    return response.body.replace(voice.encode(), b"<voice>")


def not_right(lab: Lab, path: Path, response: Response, voice: str) -> list[str]:
    """What is wrong with an answer that has to be the right one."""
    if response.status != 200:
        return [f"{response.status} {response.body[:200]!r}"]
    if path.name in LISTS:
        right = _anonymous(response, voice) == lab.answers[path.name]
        return [] if right else [f"another answer: {response.body!r}"]
    answer = response.json()
    heard = fetch(answer["public_url"])
    right = answer["success"] is True and answer["output_file"] == lab.key and heard.body == lab.audio
    return [] if right else [f"not the message: {answer}, {heard.status}, {len(heard.body)} bytes"]


def not_clean(response: Response) -> list[str]:
    """What is wrong with an answer that tells of a fault."""
    wrong = []
    if response.status not in (429, 500, 502, 503, 504):
        wrong.append(f"status {response.status}")
    if response.headers.get("content-type") != "application/problem+json":
        wrong.append(f"media type {response.headers.get('content-type')}")
    if not response.headers.get("x-request-id"):
        wrong.append("no X-Request-Id")
    try:
        problem = response.json()
    except ValueError:
        return [*wrong, f"no JSON: {response.body[:200]!r}"]
    if problem not in (FAULT, TOO_MANY, TOO_SLOW) or problem["status"] != response.status:
        wrong.append(f"it says {problem}")
    return wrong


def not_whole(lab: Lab, voice: str) -> list[str]:
    """Files in the cache and prepared clips with wrong bytes."""
    cached, forms = lab.cached(), lab.read_forms(voice)
    wrong = [
        f"{key} holds {len(data)} bytes, {metadata}"
        for key, (data, metadata) in cached.items()
        if (key, data, metadata) != (lab.key, lab.audio, lab.metadata)
    ]
    wrong += [f"{form} holds {len(data)} bytes" for form, data in forms.items() if data != lab.forms[form]]
    return wrong


def run() -> list[Outcome]:
    """All cases, on an embedded stack of their own."""
    with running() as stack:
        lab = Lab(stack)
        lab.events(on=False)
        learn(lab)
        planned = list(cases([(path, list_calls(lab, path, f"list-{path.name}")) for path in PATHS]))
        outcomes = []
        for number, case in enumerate(planned, 1):
            outcome = trial(lab, case, f"chaos{number:03}")
            outcomes.append(outcome)
            told = f"{number:>4}/{len(planned)}  {outcome.status} in {outcome.seconds:4.1f} s"
            say(f"{told}  {case.call}: {KINDS[ALIKE.get(case.kind, case.kind)]}")
            for what in outcome.broken:
                say(f"          BROKEN {what}")
        return outcomes


def table(outcomes: Iterable[Outcome]) -> str:
    """The outcomes in Markdown: a row for each call, a column for each kind of fault; broken promises are marked."""
    rows = dict[str, dict[str, str]]()
    for outcome in outcomes:
        case = outcome.case
        text = f"{outcome.status}{' **BROKEN**' if outcome.broken else ''}"
        rows.setdefault(case.call, {})[ALIKE.get(case.kind, case.kind)] = text
    lines = [["call", *KINDS.values()], ["---"] * (1 + len(KINDS))]
    lines += [[call, *(row.get(kind, "") for kind in KINDS)] for call, row in rows.items()]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
