"""A campaign in the embedded AWS: a table uploaded by the API's form, run, waited for, and saved."""

import csv
import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

from tools.client import Caller, fetch
from tools.local.stack import Stack, StackError, say

WAIT_SECONDS = 3_600
LOOK_SECONDS = 0.5


def settings_of(table: Path) -> dict[str, Any]:
    """The settings in `<name>.json` beside a table, or none. Raises `StackError`."""
    beside = table.with_suffix(".json")
    try:
        found: dict[str, Any] = json.loads(beside.read_text()) if beside.exists() else {}
    except ValueError as error:
        raise StackError(f"{beside} is not JSON: {error}") from error
    return found


def upload(form: Mapping[str, Any], data: bytes) -> int:
    """POST a file with a form's fields before it; returns the status (S3 API reference, "POST Object")."""
    boundary = uuid4().hex
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in form["fields"].items()
    ]
    parts.append(f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="table.csv"\r\n\r\n'.encode())
    body = b"".join(parts) + data + f"\r\n--{boundary}--\r\n".encode()
    headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
    return fetch(form["url"], data=body, headers=headers, method="POST").status


def run(stack: Stack, table: Path, asked: dict[str, Any]) -> dict[str, Any]:
    """Run a campaign to its end; returns the API's last answer. Raises `StackError`."""
    caller = stack.caller
    made = _answered(caller.post("/campaigns", {"name": table.stem, **asked}))
    status = upload(made["upload"], table.read_bytes())
    if status != 204:
        raise StackError(f"the table was not taken: status {status}")
    _answered(caller.post(f"/campaigns/{made['id']}/run", {}))
    return wait(caller, made["id"])


def wait(caller: Caller, identity: str) -> dict[str, Any]:
    """The campaign when it does not run any more, with its progress told. Raises `StackError`."""
    deadline, told = time.monotonic() + WAIT_SECONDS, -1
    while True:
        found = _answered(caller.get(f"/campaigns/{identity}"))
        if found["state"] != "running":
            return found
        if found["percent"] > told:
            told = found["percent"]
            say(f"{told} % of {found['rows']:,} rows")
        if time.monotonic() > deadline:
            raise StackError(f"the campaign runs for over {WAIT_SECONDS} s")
        time.sleep(LOOK_SECONDS)


def save(found: Mapping[str, Any], folder: Path) -> list[Path]:
    """Save the manifest, the recording script and the audio of a finished campaign; returns the files."""
    folder.mkdir(parents=True, exist_ok=True)
    names = {"manifest": "manifest.csv", "recording_script": "recording-script.csv"}
    names["recording_script_page"] = "recording-script.html"
    files = []
    for name, file in names.items():
        files.append(folder / file)
        files[-1].write_bytes(fetch(found[name]).body)
    with (folder / "manifest.csv").open(encoding="utf-8-sig", newline="") as text:
        dialect = csv.Sniffer().sniff(text.readline(), ",;\t")
        text.seek(0)
        links = {row["file"]: row["link"] for row in csv.DictReader(text, dialect=dialect) if row["file"]}
    for file, link in links.items():
        place = folder / file
        place.parent.mkdir(exist_ok=True)
        place.write_bytes(fetch(link).body)
        files.append(place)
    return files


def _answered(response: Any) -> dict[str, Any]:
    answer: dict[str, Any] = response.json()
    if response.status != 200:
        raise StackError(f"the API refused: {answer.get('detail', answer)}")
    return answer
