"""Fixtures shared by the suites: the embedded stack, and a caller of it or of a deployed API."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.credentials import ReadOnlyCredentials
from tools.client import Caller, Response, ambient_caller
from tools.local.containers import gateway
from tools.local.stack import Stack, free_port, running
from xdist.scheduler import LoadScopeScheduling

from identifier import picture
from stitcher.clips.prepared import prepared_key
from stitcher.formats import ffmpeg
from stitcher.formats.profiles import FORMS
from stitcher.planning.catalogue import clip_of
from stitcher.storage import BucketRepo, Stored
from tests import examples
from tests.paths import SAMPLES
from tests.waiting import LONGEST_S, until

# The handlers read these when they are imported, as on Lambda.
os.environ |= {
    "POWERTOOLS_METRICS_NAMESPACE": "Test", "POWERTOOLS_SERVICE_NAME": "test", "POWERTOOLS_TRACE_DISABLED": "true",
    "BUCKET_INPUT": "stitcher-audios-test", "BUCKET_OUTPUT": "stitcher-output-test",
    "CACHE_PREFIX": "cache/", "URL_SECONDS": "900", "STUDIO_ORIGIN": "http://127.0.0.1:4600",
    "LOG_WORDS": "false", "REFUSED_QUEUE_URL": "https://sqs.invalid/refused",
    "CHANGES_QUEUE_URL": "https://sqs.invalid/changes",
    "RESULTS_BUCKET": "results", "PROMPTS_BUCKET": "prompts", "PROMPT_POINTERS": "/stitcher/dev/prompts/",
    "PROMPT_SECONDS": "30", "MODEL_SECONDS": "60", "LEASE_SECONDS": "300",
    "IMAGES_BUCKET": "images", "DEFAULT_PROMPT": "animal", "EVENT_SOURCE": "stitcher.test",
    "MODEL_SMALL": "apac.amazon.nova-lite-v1:0", "MODEL_LARGE": "apac.amazon.nova-pro-v1:0",
    "CAMPAIGN_DAYS": "30", "LINK_SECONDS": "21600",
    "CAMPAIGN_STATE_MACHINE": "arn:aws:states:ap-south-1:123456789012:stateMachine:campaign:live",
    "MODEL_CALLS_PER_DAY": "1000", "CANARY": "false", "RESULT_SECONDS": "240",
}  # fmt: skip

examples.load()

ON_THE_STACK = ("tests/functional/", "tests/integration/stack/", "tests/phone/")
"""Where the tests of the embedded stack are."""
LONG = (
    *ON_THE_STACK,
    *(f"tests/pipeline/test_{name}.py" for name in ("traces", "release", "settings", "audit", "smoke")),
    "tests/unit/test_invoke.py",
    "tests/integration/",
)
"""What takes longest, in this order: it begins first, so that no process works alone at the end."""
ONE_BY_ONE = ("tests/pipeline/test_traces.py", "tests/pipeline/test_audit.py")
"""Files of a few long tests that share nothing."""


class OneStack(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
    """Tests of the embedded stack in one process, one after the other; the others' files among the rest."""

    def _split_scope(self, nodeid: str) -> str:
        if nodeid.startswith(ON_THE_STACK):
            return "stack"
        return nodeid if nodeid.startswith(ONE_BY_ONE) else nodeid.partition("::")[0]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long ones first; the rest as they are."""
    ranks = {name: rank for rank, name in enumerate(LONG)}
    first = [next((ranks[name] for name in LONG if item.nodeid.startswith(name)), len(LONG)) for item in items]
    items[:] = [item for _, item in sorted(zip(first, items, strict=True), key=lambda one: one[0])]


def pytest_xdist_auto_num_workers() -> int:
    """One process more than there are processors: the embedded stack's waits for the stack more than it works."""
    return (os.cpu_count() or 1) + 1


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> OneStack:
    """How `pytest -n` gives tests to processes: in the order of the collection, and not by how many a file has."""
    config.option.loadscopereorder = False
    return OneStack(config, log)


@pytest.fixture(scope="session", autouse=True)
def patience() -> Iterator[None]:
    """Decoders may take as long as a busy machine needs; their limits of a processor's time stay."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(ffmpeg, "DECODE_SECONDS", LONGEST_S)
        patched.setattr(picture, "DECODE_WAIT_SECONDS", LONGEST_S)
        yield


@pytest.fixture(scope="session")
def embedded() -> Iterator[Stack]:
    """The real template on a new embedded AWS, once for the whole run."""
    with running(host=gateway(), studio=f"http://127.0.0.1:{free_port()}") as stack:
        stack.model.invents = True
        yield stack


@pytest.fixture
def stack(embedded: Stack) -> Stack:
    """The embedded stack with exactly the sample clips in its input bucket."""
    wait_until_prepared(embedded, embedded.put_clips(SAMPLES))
    return embedded


def wait_until_prepared(stack: Stack, clips: list[Stored]) -> None:
    """Until the events of put clips have been worked off."""
    output = BucketRepo(stack.outputs["OutputBucketName"], stack.client("s3"))
    wanted = [prepared_key(clip, profile) for clip in filter(None, map(clip_of, clips)) for profile in FORMS]
    until(lambda: all(map(output.stat, wanted)), "the clips, prepared")


@pytest.fixture
def caller(request: pytest.FixtureRequest) -> Caller:
    """Somebody who may call the API: the one at API_URL with the ambient AWS credentials, or the embedded one."""
    url = os.environ.get("API_URL")
    if not url:
        embedded: Stack = request.getfixturevalue("stack")
        return embedded.caller
    try:
        ambient = ambient_caller(url)
    except LookupError as error:
        pytest.exit(str(error), returncode=2)
    return VoiceCaller(ambient.url, ambient.region, ambient.credentials, os.environ.get("VOICE", ""))


@dataclass(frozen=True)
class VoiceCaller(Caller):
    """A caller whose requests name a voice where the test names none: the one that has the samples."""

    voice: str = ""

    def post(
        self, path: str, body: Any, headers: dict[str, str] | None = None, *, sent: bytes | None = None
    ) -> Response:
        if self.voice and isinstance(body, dict):
            body = {"voice": self.voice, **body}
        return super().post(path, body, headers, sent=sent)


@pytest.fixture
def voice(caller: Caller) -> str:
    """The voice that has the samples, as paths name it."""
    return getattr(caller, "voice", "") or "-"


@pytest.fixture
def nobody(caller: Caller) -> Caller:
    """A caller without credentials."""
    return Caller(caller.url, caller.region, None)


@pytest.fixture
def impostor(caller: Caller) -> Caller:
    """A caller who knows the access key's id but not its secret."""
    assert caller.credentials
    known = caller.credentials
    return Caller(caller.url, caller.region, ReadOnlyCredentials(known.access_key, "not-the-secret", known.token))
