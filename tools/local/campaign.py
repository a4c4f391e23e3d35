"""A campaign in the embedded AWS: a table uploaded by the API's form, run, waited for, and saved."""

import csv
import json
import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit
from uuid import uuid4

from stitcher.campaigns.join import COLUMNS, MANIFEST
from stitcher.campaigns.script import CSV_NAME, HTML_NAME
from stitcher.campaigns.table import CampaignFault, Table
from tools.client import Caller, Response, fetch
from tools.local.stack import Stack, StackError, say

FILES = {"manifest": MANIFEST, "recording_script": CSV_NAME, "recording_script_page": HTML_NAME}
"""What a finished campaign links to, and the names under which it is saved."""
AUDIO = "audio"
WAIT_SECONDS = 3_600
LOOK_SECONDS = 0.5


def settings_of(table: Path) -> dict[str, Any]:
    """The settings in `<name>.json` beside a table, or none. Raises `StackError`."""
    beside = table.with_suffix(".json")
    try:
        found = json.loads(beside.read_bytes()) if beside.exists() else {}
    except (ValueError, RecursionError) as error:
        raise StackError(f"{beside} is not JSON: {error}") from error
    if not isinstance(found, dict):
        raise StackError(f"{beside} is no JSON object")
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


def clear(folder: Path) -> None:
    """Delete what an earlier campaign left in the folder."""
    shutil.rmtree(folder / AUDIO, ignore_errors=True)
    for name in FILES.values():
        (folder / name).unlink(missing_ok=True)


def save(found: Mapping[str, Any], table: Path, folder: Path) -> list[Path]:
    """Save the manifest, the recording script and the audio of a finished campaign; returns the files.

    The manifest's links end with the embedded AWS: that column is saved empty. Raises `StackError`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    files = [folder / name for name in FILES.values()]
    for name, path in zip(FILES, files, strict=True):
        path.write_bytes(_fetched(found[name]))
    manifest, delimiter = files[0], delimiter_of(table)
    csv.field_size_limit(2 * csv.field_size_limit())  # a longest cell may have got an apostrophe
    with manifest.open(encoding="utf-8-sig", newline="") as text:
        rows = list(csv.reader(text, delimiter=delimiter))
    places: dict[str, str] = {}
    for row in rows[1:]:
        ours = dict(zip(COLUMNS, row[-len(COLUMNS) :], strict=True))
        if ours["file"]:
            places[ours["file"]] = ours["link"]
        row[COLUMNS.index("link") - len(COLUMNS)] = ""
    service = urlsplit(found["manifest"])
    campaign = f"{service.path.partition('/runs/')[0]}/"
    for file, link in places.items():
        place, where = folder / file, urlsplit(link)
        if place.parent != folder / AUDIO or place.name in ("", ".", ".."):
            raise StackError(f"the manifest names no file of audio/: {file!r}")
        if (where.scheme, where.netloc, where.path) != (service.scheme, service.netloc, campaign + quote(file)):
            raise StackError(f"the manifest's link to {file} does not lead to the service")
        place.parent.mkdir(exist_ok=True)
        place.write_bytes(_fetched(link))
        files.append(place)
    with manifest.open("w", encoding="utf-8-sig", newline="") as text:
        csv.writer(text, delimiter=delimiter).writerows(rows)
    return files


def delimiter_of(table: Path) -> str:
    """What separates the cells of a table's manifest. Raises `StackError`."""
    try:
        with Table(table) as opened:
            return opened.delimiter if len(opened.header) > 1 else ","
    except CampaignFault as fault:
        raise StackError(str(fault)) from None


def _fetched(link: str) -> bytes:
    try:
        response: Response = fetch(link)
    except OSError as error:
        raise StackError(f"a file of the campaign cannot be fetched: {error}") from error
    if response.status != 200:
        raise StackError(f"a file of the campaign cannot be fetched: status {response.status}")
    return response.body


def _answered(response: Any) -> dict[str, Any]:
    answer: dict[str, Any] = response.json()
    if response.status != 200:
        raise StackError(f"the API refused: {answer.get('detail', answer)}")
    return answer
