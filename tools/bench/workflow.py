"""The functions of a message in the workflow's order (statemachine/stitch.asl.json), in one process."""

import importlib.util
import time
from collections import Counter, defaultdict
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from types import ModuleType
from typing import Any

from tools.bench.handlers import ROOT


class Workflow:
    """The steps, with what each of them uses: S3 requests by operation, and processor seconds inside of its handler."""

    def __init__(self) -> None:
        from handlers.buckets import client

        self.requests: dict[str, Counter[str]] = {}
        self.seconds: dict[str, float] = defaultdict(float)
        self._step = ""
        # Every try makes a request; at "before-send" moto would answer before it is counted.
        client().meta.events.register("request-created.s3", self._count)

    def forget(self) -> None:
        """Begin to count anew."""
        self.requests.clear()
        self.seconds.clear()

    def _count(self, operation_name: str, **_: object) -> None:
        self.requests.setdefault(self._step, Counter())[operation_name] += 1

    def _invoke(self, step: str, event: Mapping[str, Any]) -> dict[str, Any]:
        from aws_lambda_powertools.utilities.typing import LambdaContext

        context = LambdaContext()
        context._function_name = context._invoked_function_arn = context._aws_request_id = step
        context._memory_limit_in_mb = 1769
        self._step = step
        handler = app(step).lambda_handler
        begun = time.process_time()
        answer: dict[str, Any] = handler(dict(event), context)
        self.seconds[step] += time.process_time() - begun
        return answer

    def say(self, request: Mapping[str, Any], *, changed: bool = False) -> dict[str, Any]:
        """The answer to one request; `changed`: as if a clip had changed. Raises `RuntimeError` where it is refused."""
        started = datetime.now(UTC).isoformat()
        asked = {"request": dict(request), "started": started, "request_id": "bench", "changed": changed}
        found = self._invoke("cache_lookup", asked)
        if found["outcome"] == "hit":
            return dict(found["answer"])
        if found["outcome"] == "rejected":
            raise RuntimeError(found["problem"]["detail"])
        made = self._invoke("stitch", {"plan": found["plan"], "request_id": "bench"})
        if made["outcome"] == "unprepared":
            for clip in made["clips"]:
                self._invoke("fetch_clips", clip | {"request_id": "bench"})
            made = self._invoke("stitch", {"plan": found["plan"], "request_id": "bench"})
        handed_on = {name: found[name] for name in ("plan", "output_key")} | {"staged": made["staged"]}
        return self._invoke("publish", handed_on | {"started": started, "request_id": "bench"})


@cache
def app(step: str) -> ModuleType:
    """The step's app.py under a name of its own, loaded when it first runs: on Lambda each is alone."""
    spec = importlib.util.spec_from_file_location(f"app_of_{step}", ROOT / "functions" / step / "app.py")
    if spec is None or spec.loader is None:
        raise ImportError(step)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
