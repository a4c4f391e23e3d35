"""The probe: steady signed traffic to an API, here to one of this test's own."""

import json
import re
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from botocore.credentials import Credentials
from hypothesis import given
from hypothesis import strategies as st
from tools.client import Caller
from tools.delivery import probe
from tools.delivery.probe import CALLS, Probe, message_of

from tests.pipeline.conftest import REGION
from tests.template import TEMPLATE
from tests.waiting import LONGEST_S, until

DAY = 24 * 60 * 60


class Api(ThreadingHTTPServer):
    """An API that answers as it is told, and remembers what it was asked."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.status = 200
        self.seconds = 0.0
        self.asked: list[tuple[str, dict[str, str], Any]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/dev"

    @property
    def caller(self) -> Caller:
        return Caller(self.url, REGION, Credentials("key", "secret"))


class Handler(BaseHTTPRequestHandler):
    server: Api

    def do_GET(self) -> None:
        self._answer(None)

    def do_POST(self) -> None:
        self._answer(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

    def do_PUT(self) -> None:
        self.do_POST()

    def do_DELETE(self) -> None:
        self._answer(None)

    def _answer(self, body: Any) -> None:
        self.server.asked.append((f"{self.command} {self.path.removeprefix('/dev')}", dict(self.headers), body))
        time.sleep(self.server.seconds)
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, *_arguments: Any) -> None:
        pass


@pytest.fixture
def api() -> Iterator[Api]:
    with Api() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_everything_that_a_deployment_moves_is_called_signed_and_in_the_pipelines_voice(api: Api) -> None:
    with Probe(api.caller, "pipeline", pause=0.05) as running:
        until(lambda: len(running.answers) and set(CALLS) == {call for call, _, _ in api.asked}, "each call")
    assert {call for call, _, _ in api.asked} == set(CALLS)
    assert all(headers["Authorization"].startswith("AWS4-HMAC-SHA256") for _, headers, _ in api.asked)
    assert {body["voice"] for _, _, body in api.asked if body} == {"pipeline"}
    assert running.answers == {"200": len(api.asked)}
    assert running.failures == []


def test_its_rate_is_bounded_and_slow_answers_make_it_less(api: Api) -> None:
    for slow, pause in ((0.0, 0.1), (0.4, 0.1)):
        api.seconds = slow
        api.asked.clear()
        began = time.monotonic()
        with Probe(api.caller, "pipeline", pause=pause):
            until(lambda: len(api.asked) >= 2 * len(CALLS), "two calls of each kind")
            seconds = time.monotonic() - began
        assert len(api.asked) <= (seconds / max(slow, pause) + 2) * len(CALLS)


def test_it_ends_with_its_context_whatever_happens_there(api: Api) -> None:
    with pytest.raises(RuntimeError, match="deployment"), Probe(api.caller, "pipeline", pause=0.05):
        raise RuntimeError("the deployment failed")
    asked = len(api.asked)
    time.sleep(0.2)
    assert len(api.asked) == asked


def test_what_the_service_fails_is_reported_with_its_time(api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    api.status = 502
    assert probe.main(api.caller, "pipeline", 0.1) == 1
    said = capsys.readouterr().out
    assert re.search(r"probe: \d+ × 502", said)
    assert "POST /plans: 502" in said
    assert "the canary had no traffic" in said


def test_no_answer_at_all_is_a_failure() -> None:
    with Probe(Caller("http://127.0.0.1:1/dev", REGION, None), "pipeline", pause=LONGEST_S) as running:
        until(lambda: running.answers.total() == len(CALLS), "each call")
    assert len(running.failures) == len(CALLS)
    assert "URLError" in running.report()


def test_refusals_are_no_failures_but_traffic_that_proves_nothing(api: Api) -> None:
    api.status = 403
    with Probe(api.caller, "pipeline", pause=LONGEST_S) as running:
        until(lambda: running.answers.total() == len(CALLS), "each call")
    assert running.failures == []
    assert "not one call was answered with 200" in running.report()


def test_a_probe_that_finds_all_well_succeeds(api: Api) -> None:
    assert probe.main(api.caller, "pipeline", 0.1) == 0


@given(st.integers(0, 2**32), st.integers(1, 7 * DAY))
def test_no_message_is_said_again_while_it_may_be_in_the_cache(second: int, later: int) -> None:
    order = ("hello", "shreeshail")
    assert message_of(order, second) != message_of(order, second + later)


@pytest.mark.parametrize("stage", ["dev", "test", "stage", "prod"])
def test_it_stays_below_what_a_stage_lets_one_address_ask(stage: str) -> None:
    limits = TEMPLATE["Mappings"]["Environments"][stage]
    tests_of_the_api = 400
    assert len(CALLS) * 5 * 60 + tests_of_the_api <= limits["PerAddress"]
    assert len(CALLS) <= limits["Rate"] / 4
