"""The functions of campaigns, over moto's S3: both ways in, a second run, failed chunks, tables that change."""

import csv
import io
import json
import uuid
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from functions.campaigns import app as campaigns
from functions.join import app as join
from functions.say import app as say
from functions.split import app as split

from handlers.buckets import output, recordings
from handlers.campaigns import buckets as repos
from stitcher.api import campaigns as asking
from stitcher.campaigns import say as saying
from stitcher.campaigns import shelf as shelves
from stitcher.campaigns.places import id_of
from stitcher.campaigns.shelf import BucketShelf
from stitcher.clips.keeper import Keeper
from stitcher.formats.profiles import PROFILES
from stitcher.storage import BucketRepo
from tests.integration.steps import CONTEXT, INPUT, OUTPUT, Buckets, event, say_it
from tests.integration.test_catalogue_api import answered

KEY = "campaigns/-/morning.csv"
ID = id_of("", "morning")
TABLE = "phone,name\n+1,shreeshail\n+2,zebra\n+3,shreeshail\n"
SETTINGS = json.dumps({"template": "hello {name}"})


class Workflows:
    """What the API asks of Step Functions."""

    class exceptions:  # noqa: N801 - botocore's name
        class ExecutionDoesNotExist(Exception):
            pass

    def __init__(self) -> None:
        self.started: list[dict[str, Any]] = []
        self.status = "RUNNING"

    def start_execution(self, **asked: Any) -> None:
        self.started.append(asked)

    def describe_execution(self, *, executionArn: str, includedData: str) -> dict[str, str]:  # noqa: N803
        assert includedData == "METADATA_ONLY"
        assert executionArn.startswith("arn:aws:states:ap-south-1:123456789012:execution:campaign:")
        return {"status": self.status}


@pytest.fixture
def workflows(monkeypatch: pytest.MonkeyPatch) -> Workflows:
    found = Workflows()
    monkeypatch.setattr(campaigns, "workflows", lambda: found)
    return found


@pytest.fixture(autouse=True)
def made_anew(buckets: Buckets) -> Iterator[None]:
    for cached in (repos, say.store):
        cached.cache_clear()
    yield
    for cached in (repos, say.store):
        cached.cache_clear()


@pytest.fixture
def chunks_of_one(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("stitcher.campaigns.split", "stitcher.campaigns.steps"):
        monkeypatch.setattr(f"{module}.CHUNK", 1)
    monkeypatch.setattr("stitcher.campaigns.split.split.__defaults__", (1,))


def called(verb: str, path: str, body: Any = None, status: int = 200) -> dict[str, Any]:
    """The answer to a call of a path of `/campaigns`."""
    path, _, query = path.partition("?")
    parts = path.strip("/").split("/")
    parts = [part for part in parts if part]
    resource = "/".join(["", "campaigns", *(["{id}"] if parts else []), *parts[1:]])
    sent = event("campaign") | {
        "httpMethod": verb,
        "resource": resource,
        "pathParameters": {"id": parts[0]} if parts else None,
        "queryStringParameters": dict(pair.split("=") for pair in query.split("&")) if query else None,
        "body": None if body is None else json.dumps(body),
    }
    return answered(campaigns.lambda_handler(sent, CONTEXT), status)


def parted(started: dict[str, Any]) -> dict[str, Any]:
    name = str(uuid.uuid4())
    arn = f"arn:aws:states:ap-south-1:123456789012:execution:campaign:{name}"
    return split.lambda_handler({"started": started, "run": name, "execution": arn}, CONTEXT)


def put_table(buckets: Buckets, table: str = TABLE, settings: str = SETTINGS, key: str = KEY) -> dict[str, Any]:
    buckets.put(INPUT, f"{key.rpartition('.')[0]}.json", settings.encode())
    buckets.put(INPUT, key, table.encode())
    return {"detail": {"object": {"key": key}}}


def said(done: dict[str, Any], *, audio: bool = True) -> None:
    for number in range(done["chunks"]):
        say.lambda_handler({**done, "chunk": number, "audio": audio}, CONTEXT)


def joined(done: dict[str, Any], *, audio: bool = True) -> dict[str, Any]:
    return join.lambda_handler({**done, "audio": audio}, CONTEXT)


def manifest(buckets: Buckets, done: dict[str, Any]) -> list[dict[str, str]]:
    text = buckets.read(OUTPUT, f"campaigns/{done['campaign']}/runs/{done['run']}/manifest.csv").decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


def test_a_second_run_of_the_same_table_joins_nothing_again(buckets: Buckets, monkeypatch: pytest.MonkeyPatch) -> None:
    done = parted(put_table(buckets))
    assert (done["outcome"], done["campaign"], done["chunks"], done["audio"]) == ("split", ID, 1, True)
    said(done)
    counts = joined(done)
    assert {name: counts[name] for name in ("state", "rows", "made", "refused")} == {
        "state": "finished", "rows": 3, "made": 2, "refused": 1,
    }  # fmt: skip
    before = manifest(buckets, done)
    assert [row["status"] for row in before] == ["made", "refused", "made"]
    assert before[0]["link"].startswith("https://stitcher-output-test.s3.ap-south-1.amazonaws.com/campaigns/")

    def never(*_: object) -> None:
        raise AssertionError("a message is joined again")

    monkeypatch.setattr(saying, "stitch", never)
    checked = parted({"campaign": ID, "audio": False})
    said(checked, audio=False)
    assert joined(checked, audio=False)["ready"] == 2
    again = parted({"detail": {"object": {"key": KEY}}})
    said(again)
    assert joined(again)["made"] == 2
    assert [row["file"] for row in manifest(buckets, again)] == [row["file"] for row in before]


def test_the_same_step_tried_again_is_the_same_run(buckets: Buckets) -> None:
    started = put_table(buckets)
    event = {"started": started, "run": "one", "execution": "arn:…"}
    assert split.lambda_handler(event, CONTEXT) == split.lambda_handler(event, CONTEXT)


def test_a_chunk_without_results_is_failed_and_alone_in_the_next_list(
    buckets: Buckets, workflows: Workflows, chunks_of_one: None
) -> None:
    done = parted(put_table(buckets))
    assert done["chunks"] == 2
    say.lambda_handler({**done, "chunk": 1}, CONTEXT)
    counts = joined(done)
    assert (counts["state"], counts["failed"], counts["failed_chunks"], counts["refused"]) == ("failed", 2, 1, 1)
    assert json.loads(buckets.read(OUTPUT, done["chunks_key"])) == [{"chunk": 0}]
    workflows.status = "FAILED"
    assert called("GET", f"/{ID}")["state"] == "failed"
    workflows.status = "RUNNING"
    assert called("GET", f"/{ID}")["state"] == "running", "it is redriven"
    say.lambda_handler({**done, "chunk": 0}, CONTEXT)
    assert joined(done)["state"] == "finished"
    assert called("GET", f"/{ID}")["state"] == "finished"


def test_a_campaign_that_is_checked_first_runs_until_it_is_said(buckets: Buckets, workflows: Workflows) -> None:
    settings = json.dumps({"template": "hello {name}", "on_refusal": "stop"})
    done = parted(put_table(buckets, "phone,name\n+1,shreeshail\n", settings))
    said(done, audio=False)
    assert joined(done, audio=False)["ready"] == 1
    assert (called("GET", f"/{ID}")["state"], called("GET", f"/{ID}")["percent"]) == ("running", 50)
    said(done)
    assert called("GET", f"/{ID}")["percent"] == 99
    assert joined(done)["made"] == 1
    assert called("GET", f"/{ID}")["state"] == "finished"


def test_the_results_of_a_check_are_no_results_of_a_run(buckets: Buckets) -> None:
    done = parted(put_table(buckets, settings=json.dumps({"template": "hello {name}", "on_refusal": "stop"})))
    assert (done["audio"], done["audio_later"]) == (False, True)
    said(done, audio=False)
    assert joined(done, audio=False)["ready"] == 2
    assert joined(done, audio=True)["state"] == "failed"
    assert buckets.keys(OUTPUT, f"campaigns/{ID}/audio/") == []


def test_a_table_that_is_replaced_meanwhile_ends_the_run(buckets: Buckets, workflows: Workflows) -> None:
    done = parted(put_table(buckets))
    said(done)
    buckets.put(INPUT, KEY, b"phone,name\n+1,shreeshail\n")
    assert joined(done)["state"] == "refused"
    assert "was replaced" in called("GET", f"/{ID}")["detail"]


def requests_of(done: dict[str, Any], chunk: int) -> Counter[str]:
    """What saying a chunk asks of S3, by operation."""
    found: Counter[str] = Counter()
    events = output().client.meta.events
    events.register("before-call.s3", count := lambda model, **_: found.update([model.name]))
    try:
        say.lambda_handler({**done, "chunk": chunk, "audio": True}, CONTEXT)
    finally:
        events.unregister("before-call.s3", count)
    return found


def kept() -> None:
    Keeper(recordings(), output()).rebuild("")


def test_a_chunk_on_a_current_catalogue_lists_nothing(buckets: Buckets, chunks_of_one: None) -> None:
    kept()
    done = parted(put_table(buckets, "phone,name\n+1,shreeshail\n+2,farmers\n+3,market\n"))
    counts = [requests_of(done, chunk) for chunk in range(3)]
    assert [count["ListObjectsV2"] for count in counts] == [0, 0, 0]
    # The run, the chunk, results of an earlier try, the catalogue, and a clip: its recording, and before and after that
    # its prepared form.
    assert [count["GetObject"] for count in counts[1:]] == [7, 7]
    said(done)
    assert joined(done)["made"] == 3


def test_a_word_is_missing_only_where_the_listing_lacks_it_too(buckets: Buckets) -> None:
    kept()
    buckets.put(INPUT, "zebra.wav", buckets.read(INPUT, "hello.wav"))  # not in the catalogue yet
    done = parted(put_table(buckets, "phone,name\n+1,zebra\n+2,nobody\n+3,none\n"))
    assert requests_of(done, 0)["ListObjectsV2"] == 1, "once for the chunk"
    counts = joined(done)
    assert (counts["made"], counts["refused"]) == (1, 2)


def test_a_clip_that_was_recorded_again_is_said_as_it_is_now(buckets: Buckets) -> None:
    kept()
    buckets.put(INPUT, "shreeshail.wav", buckets.read(INPUT, "farmers.mp3"))  # the catalogue has the old one
    done = parted(put_table(buckets))
    said(done)
    assert joined(done)["made"] == 2
    spoken = say_it("hello farmers")
    row = manifest(buckets, done)[0]
    assert (row["status"], row["duration_ms"]) == ("made", str(spoken["duration_ms"]))


def test_a_check_asks_the_listing_too_before_it_calls_a_word_missing(buckets: Buckets) -> None:
    kept()
    buckets.put(INPUT, "zebra.wav", buckets.read(INPUT, "hello.wav"))
    done = parted(put_table(buckets))
    said(done, audio=False)
    assert joined(done, audio=False)["ready"] == 3


def test_a_check_knows_recordings_that_cannot_be_used(buckets: Buckets) -> None:
    kept()
    buckets.put(INPUT, "broken.wav", b"bad")
    table = "phone,name\n+1,shreeshail\n+2,broken\n"
    done = parted(put_table(buckets, table, json.dumps({"template": "hello {name}", "on_refusal": "stop"})))
    said(done, audio=False)
    assert joined(done, audio=False)["refused"] == 1
    assert [row["status"] for row in manifest(buckets, done)] == ["ready", "refused"]
    assert "broken.wav" in manifest(buckets, done)[1]["reason"]
    assert buckets.keys(OUTPUT, f"campaigns/{ID}/audio/") == []


UNUSABLE = [
    ("\n", SETTINGS, "the table has no header row"),
    ("name\n", SETTINGS, "no rows below its header"),
    ("text\nhello\n", SETTINGS, "the template's column 'name' is not in the table"),
    ('name\n"a\nb\n', SETTINGS, "the table has rows that cannot be told apart, from line 2 on"),
    ("name\n" + "a\n" * 10_000 + "\0", SETTINGS, "the table is not UTF-8 text"),
    (TABLE, "{", "are not JSON"),
    (TABLE, "[]", "no JSON object"),
    (TABLE, json.dumps({"voice": "x"}), "the table's key does"),
    (TABLE, json.dumps({"template": "{name}", "format": "mp9"}), "format 'mp9' is not one of mp3,"),
    (TABLE, json.dumps({"template": "{name}", "column": "name"}), "not both"),
]


def test_a_put_table_that_cannot_be_used_says_why(buckets: Buckets, workflows: Workflows) -> None:
    for table, settings, said in UNUSABLE:
        done = parted(put_table(buckets, table, settings))
        assert done["outcome"] == "refused", said
        found = called("GET", f"/{done['campaign']}")
        assert (found["state"], found["manifest"]) == ("refused", None)
        assert said in found["detail"]
        assert "table.csv" not in found["detail"], "a place on the function's disk"


def again(buckets: Buckets, workflows: Workflows, identity: str, verb: str = "run") -> dict[str, Any]:
    """What the first step makes of a campaign that a caller starts."""
    workflows.started.clear()
    called("POST", f"/{identity}/{verb}", {})
    (asked,) = workflows.started
    arn = f"arn:aws:states:ap-south-1:123456789012:execution:campaign:{asked['name']}"
    event = {"started": json.loads(asked["input"]), "run": asked["name"], "execution": arn}
    return split.lambda_handler(event, CONTEXT)


ODD_KEYS = [
    "campaigns/a/b/c.csv", "campaigns/x.csv", "campaigns/x", "campaigns//e.csv", "campaigns/bad voice\n/e.csv",
    "campaigns/-/.csv", "campaigns/-/ .csv", "campaigns/-/x.txt", "campaigns/-/x.csv.gz", "campaigns/-/x.xlsx",
    "campaigns/nope/x.csv", "campaigns/campaigns/x.csv",
]  # fmt: skip


@pytest.mark.parametrize("key", ODD_KEYS)
def test_a_key_that_names_no_voice_and_table_is_refused_each_time(
    buckets: Buckets, workflows: Workflows, key: str
) -> None:
    buckets.put(INPUT, key, TABLE.encode())
    done = parted({"detail": {"object": {"key": key}}})
    assert done["outcome"] == "refused"
    first = called("GET", f"/{done['campaign']}")
    assert first["detail"]
    assert {one["id"] for one in called("GET", "/?limit=100")["campaigns"]} == {done["campaign"]}
    assert again(buckets, workflows, done["campaign"])["outcome"] == "refused"
    second = called("GET", f"/{done['campaign']}")
    assert (second["state"], second["detail"], second["voice"]) == ("refused", first["detail"], first["voice"])


def test_a_table_of_any_spelling_of_csv_is_one(buckets: Buckets) -> None:
    for at, suffix in enumerate((".Csv", ".CSV", ".cSv")):
        assert parted(put_table(buckets, key=f"campaigns/-/table {at}{suffix}"))["outcome"] == "split"


@pytest.mark.parametrize("key", ["campaigns/-/morning.json", "campaigns/-/MORNING.JSON", "campaigns/hindi/"])
def test_settings_and_folders_that_are_put_are_no_campaign(buckets: Buckets, workflows: Workflows, key: str) -> None:
    assert parted({"detail": {"object": {"key": key}}})["outcome"] == "nothing"
    assert called("GET", "/")["campaigns"] == []
    assert buckets.keys(OUTPUT) == []


def test_settings_beside_a_table_are_read_anew_by_each_run(buckets: Buckets, workflows: Workflows) -> None:
    put_table(buckets, settings='{"format":"ulaw",}')
    assert parted({"detail": {"object": {"key": KEY}}})["outcome"] == "refused"
    first = called("GET", f"/{ID}")
    assert (first["state"], first["format"], first["voice"]) == ("refused", "", "")
    for verb in ("check", "run"):
        assert again(buckets, workflows, ID, verb)["outcome"] == "refused"
        found = called("GET", f"/{ID}")
        assert (found["detail"], found["format"], found["rows"]) == (first["detail"], "", 0)
    for text, wanted in (("ulaw", "ulaw"), ("mp3", "mp3")):
        put_table(buckets, settings=json.dumps({"template": "hello {name}", "format": text}))
        done = again(buckets, workflows, ID)
        assert (done["outcome"], called("GET", f"/{ID}")["format"]) == ("split", wanted)
        said(done)
        assert joined(done)["made"] == 2
        suffix = PROFILES[wanted].suffix
        assert [row["file"].endswith(suffix) for row in manifest(buckets, done) if row["file"]] == [True, True]
    put_table(buckets, settings="{")
    assert again(buckets, workflows, ID)["outcome"] == "refused"
    assert "are not JSON" in called("GET", f"/{ID}")["detail"]


def test_a_campaign_of_a_voice_that_there_is_not_is_refused_at_once(buckets: Buckets, workflows: Workflows) -> None:
    buckets.put(INPUT, "hindi/hello.wav", buckets.read(INPUT, "hello.wav"))
    refused = called("POST", "/", {"name": "a", "voice": "hindy"}, 404)
    assert refused["code"] == "no_such_voice"
    assert "did you mean 'hindi'?" in refused["detail"]
    assert buckets.keys(OUTPUT) == []
    done = parted(put_table(buckets, key="campaigns/hindy/a.csv"))
    assert done["outcome"] == "refused"
    assert called("GET", f"/{done['campaign']}")["detail"] == refused["detail"]
    for missing, status in (("fallback:hindy", 404), ("fallback:hindi", 200), ("fallback:", 400), ("fallback:-", 200)):
        called("POST", "/", {"name": "b", "missing": missing}, status)
    made = called("POST", "/", {"name": "a", "voice": "hindi"})
    buckets.s3.delete_object(Bucket=INPUT, Key="hindi/hello.wav")
    assert again(buckets, workflows, made["id"])["outcome"] == "refused", "the voice was deleted meanwhile"


def test_of_calls_at_the_same_time_one_starts_the_campaign(
    buckets: Buckets, workflows: Workflows, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked = asking.must_not_run

    def meanwhile(*looks: Any) -> None:
        looked(*looks)
        monkeypatch.setattr(asking, "must_not_run", looked)
        called("POST", f"/{made['id']}/run", {})

    made = called("POST", "/", {"name": "a", "template": "hello {name}"})
    for _ in range(2):  # the first run, and one after another
        monkeypatch.setattr(asking, "must_not_run", meanwhile)
        workflows.status = "FAILED"
        assert called("POST", f"/{made['id']}/run", {}, 409)["code"] == "campaign_runs"
        monkeypatch.setattr(asking, "must_not_run", looked)
    assert len(workflows.started) == 2


def test_a_run_whose_execution_is_not_there_yet_is_starting(
    buckets: Buckets, workflows: Workflows, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(**_: Any) -> dict[str, str]:
        raise Workflows.exceptions.ExecutionDoesNotExist

    made = called("POST", "/", {"name": "a"})
    monkeypatch.setattr(workflows, "describe_execution", unknown)
    assert called("POST", f"/{made['id']}/run", {})["state"] == "running"
    called("POST", f"/{made['id']}/run", {}, 409)
    called("POST", "/", {"name": "a"}, 409)
    monkeypatch.setattr(campaigns, "STARTING_SECONDS", -1)
    assert called("GET", f"/{made['id']}")["state"] == "failed", "it never came"
    assert called("POST", f"/{made['id']}/run", {})["check"] is False


def test_a_campaign_that_is_asked_for_anew_is_new_and_makes_nothing_twice(
    buckets: Buckets, workflows: Workflows, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = called("POST", "/", {"name": "a", "template": "hello {name}"})
    buckets.put(OUTPUT, f"campaigns/{made['id']}/table.csv", TABLE.encode())
    done = again(buckets, workflows, made["id"])
    assert called("POST", "/", {"name": "a", "format": "ulaw"}, 409)["code"] == "campaign_runs"
    said(done)
    joined(done)
    assert called("GET", f"/{made['id']}")["made"] == 2
    for _ in range(2):
        anew = called("POST", "/", {"name": "a", "template": "hello {name}", "on_refusal": "report"})
        assert called("GET", f"/{made['id']}") == anew | {"upload": None}
        assert (anew["state"], anew["rows"]) == ("new", 0)

    def never(*_: object) -> None:
        raise AssertionError("a message is joined again")

    monkeypatch.setattr(saying, "stitch", never)
    done = again(buckets, workflows, made["id"])
    said(done)
    assert joined(done)["made"] == 2


def test_the_default_voice_can_say_what_another_lacks(buckets: Buckets, workflows: Workflows) -> None:
    buckets.put(INPUT, "hindi/hello.wav", buckets.read(INPUT, "hello.wav"))
    asked = {"template": "hello {name}", "missing": "fallback:-"}
    done = parted(put_table(buckets, settings=json.dumps(asked), key="campaigns/hindi/a.csv"))
    said(done)
    assert joined(done)["made"] == 2


def test_the_name_of_a_table_that_was_put_is_taken(buckets: Buckets, workflows: Workflows) -> None:
    done = parted(put_table(buckets))
    said(done)
    joined(done)
    refused = called("POST", "/", {"name": "morning"}, 400)
    assert KEY in refused["detail"]
    assert called("GET", f"/{ID}")["made"] == 2
    assert again(buckets, workflows, ID)["outcome"] == "split"


def test_a_table_may_be_called_as_people_call_files(buckets: Buckets, workflows: Workflows) -> None:
    names = ["सुबह की सूची", "a b (1)+%41&=?", "-", "..", "campaign.v2", "👩‍🌾", "می‌خواهم", "=CMD()", "x" * 64]
    for name in names:
        done = parted(put_table(buckets, key=f"campaigns/-/{name}.csv"))
        assert (done["outcome"], done["campaign"]) == ("split", id_of("", name)), name
    assert {one["name"] for one in called("GET", "/?limit=100")["campaigns"]} == set(names)
    for name in ("x" * 65, "a\nb", "a\x7fb", "a\u202eb"):
        done = parted(put_table(buckets, key=f"campaigns/-/{name}.csv"))
        assert done["outcome"] == "refused"
        assert "name" in called("GET", f"/{done['campaign']}")["detail"]


def test_a_campaign_is_asked_for_checked_run_and_listed(buckets: Buckets, workflows: Workflows) -> None:
    made = called("POST", "/", {"name": "évening ", "template": "hello {name}"})
    assert (made["name"], made["state"], made["id"]) == ("évening", "new", id_of("", "évening"))
    assert made["upload"]["fields"]["key"] == f"campaigns/{made['id']}/table.csv"
    assert called("GET", "/")["campaigns"] == [made | {"upload": None}]
    running = called("POST", f"/{made['id']}/check", {})
    assert (running["state"], running["check"], running["percent"]) == ("running", True, 0)
    (asked,) = workflows.started
    assert json.loads(asked["input"]) == {"campaign": made["id"], "audio": False}
    assert called("POST", f"/{made['id']}/run", {}, 409)["code"] == "campaign_runs"
    workflows.status = "FAILED"
    assert called("GET", f"/{made['id']}")["state"] == "failed"
    assert called("POST", f"/{made['id']}/run", {})["check"] is False


def test_campaigns_come_in_pages(buckets: Buckets, workflows: Workflows) -> None:
    ids = sorted(called("POST", "/", {"name": name})["id"] for name in ("a", "b", "c"))
    first = called("GET", "/?limit=2")
    assert [one["id"] for one in first["campaigns"]] == ids[:2]
    second = called("GET", f"/?limit=2&after={first['next']}")
    assert ([one["id"] for one in second["campaigns"]], second["next"]) == (ids[2:], None)
    for query in ("limit=0", "limit=x", "after=../", "page=2"):
        called("GET", f"/?{query}", status=400)


def test_what_is_no_campaign_is_not_found(buckets: Buckets, workflows: Workflows) -> None:
    for identity in ("x", "a" * 20, "..", "A" * 20, "0" * 21, "%2e%2e"):
        for verb, rest in (("GET", ""), ("POST", "/run"), ("POST", "/check")):
            assert called(verb, f"/{identity}{rest}", status=404)["code"] == "unknown_campaign"
    assert workflows.started == []


WRONG: list[Any] = [
    None, [], {}, {"name": ""}, {"name": " "}, {"name": "a/b"}, {"name": "a\nb"}, {"name": "a" * 65}, {"name": 1},
    {"name": "a", "voice": "../x"}, {"name": "a", "voice": "campaigns"}, {"name": "a", "format": "exe"},
    {"name": "a", "missing": "perhaps"}, {"name": "a", "missing": "fallback:a/b"}, {"name": "a", "gap_ms": 5_001},
    {"name": "a", "missing": "fallback:"}, {"name": "a", "missing": "fallback"},
    {"name": "a", "template": "x", "column": "y"}, {"name": "a", "more": 1}, {"name": "a", "on_refusal": "cry"},
    {"name": "a", "template": "\ud800"}, {"name": "a", "template": "x" * 2_001},
]  # fmt: skip


def test_a_wrong_body_is_refused_with_a_sentence(buckets: Buckets, workflows: Workflows) -> None:
    for body in WRONG:
        assert called("POST", "/", body, 400)["code"] == "invalid_request", body
    assert buckets.keys(OUTPUT) == []


def test_a_file_is_stored_again_only_when_it_would_soon_be_deleted(buckets: Buckets) -> None:
    repo, today = BucketRepo(OUTPUT, buckets.s3), date(2026, 6, 30)

    def keep(day: date, audio: bytes) -> None:
        with BucketShelf(repo, "campaigns/x/", PROFILES["mp3"], 30, day) as shelf:
            shelf.keep("audio/a.mp3", audio)
            shelf.wait()

    keep(today, b"first")
    keep(today + timedelta(days=15), b"second")
    assert buckets.read(OUTPUT, "campaigns/x/audio/a.mp3") == b"first"
    keep(today + timedelta(days=16), b"third")
    assert buckets.read(OUTPUT, "campaigns/x/audio/a.mp3") == b"third"
    with BucketShelf(repo, "campaigns/x/", PROFILES["mp3"], 30, today) as shelf:
        assert not shelf.has("audio/b.mp3")


def test_a_fault_of_the_storage_reaches_who_waits(buckets: Buckets, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shelves, "HELD_BYTES", 1)

    def fails(*_: object, **__: object) -> None:
        raise OSError("full")

    repo = BucketRepo(OUTPUT, buckets.s3)
    monkeypatch.setattr(BucketRepo, "save", fails)
    with BucketShelf(repo, "x/", PROFILES["mp3"], 30, datetime.now(UTC).date()) as shelf:
        shelf.keep("audio/a.mp3", b"xx")
        with pytest.raises(OSError, match="full"):
            shelf.keep("audio/b.mp3", b"xx")


def test_a_long_file_is_stored_in_parts_whole_or_not_at_all(buckets: Buckets, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stitcher.storage.PART_BYTES", 5 * 1024 * 1024)
    repo, block = BucketRepo(OUTPUT, buckets.s3), b"x" * (1024 * 1024)
    repo.save_blocks("long", (block for _ in range(12)), content_type="text/csv")
    head = buckets.s3.head_object(Bucket=OUTPUT, Key="long")
    assert (head["ContentLength"], head["ContentType"], head["ETag"][-3:]) == (12 * len(block), "text/csv", '-3"')
    repo.save_blocks("empty", [])
    assert buckets.read(OUTPUT, "empty") == b""

    def breaking() -> Iterator[bytes]:
        yield from [block] * 11
        raise OSError("the source ended")

    with pytest.raises(OSError, match="the source ended"):
        repo.save_blocks("broken", breaking())
    assert "broken" not in buckets.keys(OUTPUT)
    assert "Uploads" not in buckets.s3.list_multipart_uploads(Bucket=OUTPUT)
