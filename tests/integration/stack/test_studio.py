"""The studio in a real browser, against the embedded stack: whole flows, with a microphone that says "tomato".

With PICTURES=docs/images the tests write the pictures of the documentation anew.
"""

import base64
import gzip
import io
import os
import re
import shutil
import subprocess
import wave
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, expect, sync_playwright
from tools.local import studio
from tools.local.stack import REGION, Stack

from stitcher.clips.decode import decode
from tests.callers import people_of
from tests.chromium import chromium
from tests.paths import ROOT, SAMPLES
from tests.pictures import SCHEMA, Inbox
from tests.waiting import LONGEST_S, until

LARGEST_BYTES = 60 * 1024
MESSAGE = (
    "Good morning farmers. The price of onion is 20 rupees per kilo today. Heavy rain is expected in Sangli tomorrow."
)
LAPTOP, PHONE = {"width": 1280, "height": 860}, {"width": 412, "height": 860}
expect.set_options(timeout=1000 * LONGEST_S)


@pytest.fixture(scope="module")
def microphone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file that Chromium plays into the microphone again and again: half a second of room, a word, room."""
    said = decode((SAMPLES / "tomato.wav").read_bytes())
    loud = np.flatnonzero(np.abs(said) > 0.02)
    word = 0.5 * said[loud[0] : loud[-1]]
    heard = np.concatenate([np.zeros(24_000), word, np.zeros(57_600)])
    heard += np.random.default_rng(1).normal(0, 0.0004, len(heard))
    path = tmp_path_factory.mktemp("microphone") / "tomato.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(48_000)
        file.writeframes((32767 * heard).astype("<i2").tobytes())
    return path


@pytest.fixture(scope="module")
def built() -> Path:
    """The page, as `make studio` builds it."""
    npm = shutil.which("npm")
    if npm is None or not (ROOT / "studio" / "node_modules").is_dir():
        pytest.skip("the studio's packages are not installed: run `make setup`")
    subprocess.run([npm, "run", "--silent", "build", "--prefix", "studio"], cwd=ROOT, check=True)
    return studio.DIST


@pytest.fixture
def address(built: Path, embedded: Stack) -> Iterator[str]:
    """The studio for the embedded stack, with its token."""
    with studio.serving(studio.embedded(embedded), port_of(embedded)) as served:
        yield served


@pytest.fixture
def deployed(built: Path, embedded: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The studio as `make studio API_URL=… AWS_PROFILE=…` serves it: the profile has keys that do not end."""
    keys = embedded.credentials
    (tmp_path / "config").write_text(f"[profile field-team]\nregion = {REGION}\nendpoint_url = {embedded.endpoint}\n")
    (tmp_path / "credentials").write_text(
        f"[field-team]\naws_access_key_id = {keys.access_key}\naws_secret_access_key = {keys.secret_key}\n"
    )
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_PROFILE", "field-team")
    with studio.serving(studio.deployed(embedded.api_url), port_of(embedded)) as served:
        yield served


def port_of(stack: Stack) -> int:
    """Of the one origin whose pages may call the stack."""
    return int(stack.studio.rpartition(":")[2])


@pytest.fixture(scope="module")
def browser(microphone: Path) -> Iterator[Browser]:
    flags = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream", "--no-sandbox"]
    program = chromium()
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(
            executable_path=program, args=[*flags, f"--use-file-for-fake-audio-capture={microphone}"]
        )


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A new person at the browser: nothing is stored yet."""
    made = browser.new_context(viewport=LAPTOP)  # type: ignore[arg-type]
    made.grant_permissions(["microphone", "clipboard-read", "clipboard-write"])
    yield made
    made.close()


@pytest.fixture
def page(context: BrowserContext, address: str, stack: Stack) -> Page:
    """The studio, open, whose faults end the test."""
    opened = context.new_page()
    opened.set_default_timeout(1000 * LONGEST_S)
    opened.on("pageerror", lambda error: pytest.fail(str(error)))
    opened.goto(address)
    expect(opened.get_by_text("Add words")).to_be_visible()
    return opened


def show(page: Page, name: str) -> None:
    """Open one of the pages by its link."""
    page.get_by_role("navigation").get_by_role("link", name=name).click()


def list_words(page: Page, *words: str) -> None:
    """Type words into the list."""
    field = page.get_by_label("One word or phrase on each line")
    if not field.is_visible():
        page.get_by_text("Add words", exact=True).click()
    field.fill("\n".join(words))
    page.get_by_role("button", name="Add them").click()


def choose(page: Page, voice: str) -> None:
    """Choose a voice in the head of the page."""
    page.get_by_label("Voice", exact=True).select_option(voice)
    expect(page.get_by_label("Voice", exact=True)).to_have_value(voice)


def say_word(page: Page) -> None:
    """Record with the keyboard, again if need be, until the recording has stopped by itself.

    The microphone's file plays all the time: the first recording may begin in the middle of the word, and says so. It
    stops in the silence after the word, where the next one begins.
    """
    page.keyboard.press("Space")
    expect(page.get_by_role("button", name="Stop")).to_be_visible()
    verdict = page.locator(".stage .chip", has_text=re.compile("ends are clean|cut off|Too short|Nothing"))
    expect(verdict).to_be_visible()
    if "clean" not in (verdict.text_content() or ""):
        page.keyboard.press("r")
        expect(page.get_by_role("button", name="Stop")).to_be_visible()
    expect(page.get_by_text("ends are clean")).to_be_visible()


def import_clip(page: Page, phrase: str) -> None:
    """Import a file as the clip of a phrase."""
    show(page, "Voices")
    clip = {"name": f"{phrase}.wav", "mimeType": "audio/wav", "buffer": (SAMPLES / "in.wav").read_bytes()}
    page.locator(".drop input[type=file]").set_input_files(clip)  # type: ignore[arg-type]


def picture(page: Page, name: str) -> None:
    """Write a picture for the documentation, if that is asked for."""
    if folder := os.environ.get("PICTURES"):
        page.screenshot(path=ROOT / folder / f"studio-{name}.png")


def accessible(page: Page) -> None:
    """No violation that axe-core finds."""
    page.evaluate((ROOT / "studio" / "node_modules" / "axe-core" / "axe.min.js").read_text())
    found: Any = page.evaluate("axe.run().then(({violations}) => violations)")
    assert [(one["id"], one["nodes"][0]["html"], one["nodes"][0]["any"]) for one in found] == []


def clip_of(stack: Stack, key: str) -> bytes:
    data: bytes = stack.client("s3").get_object(Bucket=stack.outputs["InputBucketName"], Key=key)["Body"].read()
    return data


def test_the_page_is_small(built: Path) -> None:
    sent = [path for path in built.iterdir() if path.is_file()]
    assert sum(len(gzip.compress(path.read_bytes(), 9)) for path in sent) <= LARGEST_BYTES


def test_the_types_are_those_of_the_api(built: Path, tmp_path: Path) -> None:
    made, tools = tmp_path / "openapi.d.ts", ROOT / "studio" / "node_modules" / ".bin"
    source = str(ROOT / "docs" / "openapi.yaml")
    written = [str(tools / "openapi-typescript"), source, "--default-non-nullable=false", "--output", str(made)]
    subprocess.run(written, check=True, capture_output=True)
    styled = [str(ROOT / "node_modules" / ".bin" / "prettier"), "--log-level=warn", "--print-width=120", "--write"]
    subprocess.run([*styled, str(made)], check=True, capture_output=True)
    kept = (ROOT / "studio" / "src" / "openapi.d.ts").read_text()
    assert kept == made.read_text(), "run `npm run types --prefix studio`"


def test_a_word_is_recorded_by_keyboard_alone_uploaded_and_said(page: Page, stack: Stack) -> None:
    list_words(page, "sangamner", "onion")
    page.keyboard.press("Space")
    expect(page.get_by_role("button", name="Stop")).to_be_visible()
    page.keyboard.press("ArrowRight")
    expect(page.locator(".stage.live")).to_have_count(0)
    expect(page.locator(".stage .word")).to_have_text("onion")
    expect(page.get_by_role("img", name="No recording yet")).to_be_visible()
    page.keyboard.press("ArrowLeft")
    say_word(page)
    accessible(page)
    page.keyboard.press("Enter")
    expect(page.locator(".stage .word")).to_have_text("onion")
    expect(page.locator(".queue li").first).to_contain_text("ready")
    recording = clip_of(stack, "sangamner.wav")
    with wave.open(io.BytesIO(recording), "rb") as file:
        assert (file.getnchannels(), file.getframerate(), file.getsampwidth()) == (1, 48_000, 2)
        assert 0.8 < file.getnframes() / 48_000 < 1.6, "the word and its margins"
    expect(page.get_by_role("button", name="The old recording")).to_be_visible()
    page.keyboard.press("b")
    expect(page.get_by_role("button", name="The old recording")).to_contain_text("♪")

    show(page, "Compose")
    page.get_by_role("textbox", name="Message").fill("the price of onion in sangamner")
    expect(page.locator(".marks .said").last).to_have_text("sangamner")
    expect(page.get_by_role("button", name="Listen")).to_be_enabled()


def test_what_a_message_lacks_is_recorded_in_its_sentence_and_then_heard(page: Page) -> None:
    show(page, "Compose")
    page.get_by_role("textbox", name="Message").fill(MESSAGE)
    expect(page.locator(".marks .missing")).to_have_text("Sangli")
    expect(page.locator(".marks .read")).to_have_text("20")
    accessible(page)
    page.get_by_role("button", name="Skip it").click()
    expect(page.locator(".seg canvas").first).to_be_visible()
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("button", name="Stop")).to_be_visible()
    picture(page, "compose")
    page.get_by_role("button", name="Record “sangli”").click()
    expect(page.locator(".stage .word")).to_have_text("sangli")
    expect(page.locator(".sentence mark")).to_have_text("Sangli")
    say_word(page)
    page.keyboard.press("p")
    expect(page.get_by_role("button", name="In its sentence")).to_contain_text("♪")
    picture(page, "record")
    page.keyboard.press("Enter")
    expect(page.locator(".queue li").first).to_contain_text("ready")
    show(page, "Compose")
    expect(page.locator(".marks .missing")).to_have_count(0)
    page.get_by_role("button", name="Copy link").click()
    expect(page.get_by_text("The link is copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()").startswith("http://127.0.0.1")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download").click()
    assert download.value.suggested_filename.endswith(".mp3")


KEPT = """async () => {
    const [name] = await caches.keys();
    const kept = await (await caches.open(name)).keys();
    return kept.map(({ url }) => new URL(url).pathname.slice(1));
}"""
LONG = " ".join(["a very long phrase that nobody says in one breath"] * 6)
"""300 characters, nearly."""


def test_takes_that_were_recorded_offline_survive_a_closed_tab_whatever_they_say(
    page: Page, context: BrowserContext, address: str, stack: Stack
) -> None:
    list_words(page, "rice/acre \N{EAR OF RICE}", LONG)
    page.evaluate("navigator.serviceWorker.ready.then(() => null)")
    show(page, "Voices")
    expect(page.get_by_role("region", name="Clips")).to_be_visible()
    show(page, "Record")
    expect(page.get_by_role("region", name="Recording")).to_be_visible()
    context.set_offline(True)
    say_word(page)
    page.keyboard.press("Enter")
    expect(page.locator(".stage .word")).to_have_text(LONG)
    expect(page.get_by_text("There is no network")).to_be_visible()
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], "nothing hangs over the edge"
    accessible(page)
    import_clip(page, LONG)
    expect(page.locator("header")).to_contain_text("2 waiting to upload")
    page.close()
    reopened = context.new_page()
    reopened.goto(address.partition("#")[0])
    expect(reopened.locator("header")).to_contain_text("2 waiting to upload")
    expect(reopened.get_by_text("All 2 words recorded")).to_be_visible()
    kept = reopened.evaluate(KEPT)
    assert {"studio.js", "worklet.js", ""} < set(kept), kept
    assert not {"config.json", "credentials"} & set(kept), "what is secret is not kept"
    reopened.close()
    context.set_offline(False)
    tabs = [context.new_page() for _ in range(2)]
    for tab in tabs:
        tab.goto(address)
        expect(tab.locator(".queue li")).to_have_count(2)
    list_words(tabs[0], "solapur")
    for tab in tabs:
        expect(tab.locator(".queue li").last).to_contain_text("solapur")
        expect(tab.get_by_text("waiting to upload")).to_have_count(0)
        expect(tab.locator(".queue li", has_text=re.compile("ready|poor"))).to_have_count(2)
    for name in ("rice\N{FULLWIDTH SOLIDUS}acre_\N{EAR OF RICE}", LONG):
        assert clip_of(stack, f"{name}.wav")[:4] == b"RIFF"


def test_a_voice_is_searched_heard_deleted_brought_back_and_its_settings_checked(page: Page, stack: Stack) -> None:
    show(page, "Voices")
    page.get_by_label("Search the clips").fill("heavy")
    row = page.get_by_role("row", name=re.compile("heavy rain"))
    row.get_by_role("button", name="Listen").click()
    expect(row).to_contain_text("♪")
    accessible(page)
    row.get_by_role("button", name="Delete").press("Enter")
    expect(page.get_by_role("button", name="Undo")).to_be_focused()
    expect(row).to_have_count(0)
    page.keyboard.press("Enter")
    expect(row).to_have_count(1)
    assert page.evaluate("document.activeElement !== document.body"), "Tab goes on near the row that was deleted"
    page.get_by_label("Search the clips").fill("")
    picture(page, "voices")
    page.get_by_text("Settings", exact=True).click()
    page.get_by_label("Pause between words").fill("90")
    page.get_by_text("The whole file").click()
    whole = page.get_by_label("voice.toml", exact=True)
    expect(whole).to_have_value(re.compile("gap_ms = 90"))
    accessible(page)
    whole.fill("gap_ms = soon")
    page.get_by_role("button", name="Save the settings").click()
    expect(page.get_by_role("alert")).to_contain_text("TOML")


def test_a_voice_is_exported_and_imported_as_a_zip(page: Page, stack: Stack, tmp_path: Path) -> None:
    bucket, put = stack.outputs["InputBucketName"], stack.client("s3").put_object
    copied = {"कल.wav": "कल.wav", "कल@final.wav": "कल.wav", "बीस.mp3": "बीस.mp3", "voice.toml": "voice.toml"}
    for name, sample in {**copied, "बीस.wav": "कल.wav"}.items():
        put(Bucket=bucket, Key=f"few/{name}", Body=(SAMPLES / "hindi" / sample).read_bytes())
    page.reload()
    choose(page, "few")
    show(page, "Voices")
    expect(page.get_by_text("4 clips", exact=True)).to_be_visible()
    expect(page.get_by_role("row", name="not said: बीस.mp3 says the same")).to_have_count(1)
    expect(page.get_by_role("row", name="कल at the end")).to_have_count(1)
    with page.expect_download() as download:
        page.get_by_role("button", name="Export as zip").click()
    archive = tmp_path / "few.zip"
    download.value.save_as(archive)
    page.get_by_label("Name of a new voice").fill("copy")
    page.get_by_role("button", name="Begin").click()
    page.locator(".drop input[type=file]").set_input_files(archive)
    expect(
        page.get_by_text("3 clips upload by themselves; the settings are written; left out: बीस.wav")
    ).to_be_visible()
    s3 = stack.client("s3")
    until(
        lambda: s3.list_objects_v2(Bucket=bucket, Prefix="copy/")["KeyCount"] == len(copied),
        "the clips and the settings, copied",
    )
    assert clip_of(stack, "copy/कल.wav") == clip_of(stack, "hindi/कल.wav")


def test_a_table_is_checked_heard_and_made_and_its_missing_words_lead_to_their_recording(page: Page) -> None:
    show(page, "Campaign")
    page.locator(".drop input[type=file]").set_input_files(ROOT / "samples" / "campaign.csv")
    template = "hello, {name}: {weather} is expected {day} in {place}. {advice}"
    page.get_by_label("Or write it").fill(template)
    expect(page.get_by_role("row").filter(has_text="is expected")).to_have_count(5)
    page.get_by_role("button", name=re.compile("Listen to row")).first.click()
    expect(page.locator(".play", has_text="♪")).to_be_visible()
    page.get_by_role("button", name="Check the table").click()
    expect(page.get_by_text("Checked: nothing is made yet.")).to_be_visible()
    expect(page.get_by_text("12 rows")).to_be_visible()
    why = page.get_by_role("region", name="Rows that cannot be said").get_by_role("row")
    expect(why.filter(has_text="no clip says 'sita patil'")).to_have_count(1)
    picture(page, "campaign")
    page.get_by_role("button", name="Make what is ready").click()
    expect(page.get_by_text("Made: the manifest has a line for each row.")).to_be_visible()
    page.get_by_role("button", name=re.compile("Listen to the file of row")).first.click()
    expect(page.get_by_role("region", name="Files").locator(".play", has_text="♪")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("button", name="Manifest").click()
    assert download.value.path().read_bytes().count(b"made,audio/") == 3
    accessible(page)
    page.get_by_role("button", name="Record these").click()
    expect(page.locator(".stage .word")).to_be_visible()
    expect(page.locator(".queue li")).to_have_count(13)
    expect(page.locator(".sentence mark").first).to_be_visible()


STOPS = """() => {
    const all = document.querySelectorAll("a[href], button, input, select, textarea, summary");
    window.stops = [...all].filter((one) => {
        if (one.type === "radio" && !one.checked) return false; // a group is one stop
        return one.tabIndex >= 0 && !one.disabled && one.checkVisibility();
    });
    window.stops[0].focus();
    return window.stops.map((one) => one.outerHTML.slice(0, 120));
}"""
FOCUSED = """() => {
    const at = window.stops.indexOf(document.activeElement);
    const ring = (node) => node && getComputedStyle(node).outlineStyle !== "none";
    const drawn = [document.activeElement, document.activeElement.nextElementSibling];
    drawn.push(document.activeElement.closest("label, .message"));
    return [at, drawn.some(ring)];
}"""


def test_every_page_is_walked_by_keyboard_alone(page: Page) -> None:
    def walked() -> Iterator[tuple[int, bool]]:
        for _ in page.evaluate(STOPS):
            page.keyboard.press("Tab")
            at, ring = page.evaluate(FOCUSED)
            yield at, ring

    def tabs(name: str) -> None:
        stops: list[str] = []
        found: list[tuple[int, bool]] = []
        while stops != (now := page.evaluate(STOPS)):  # what was asked for came while it was walked
            stops, found = now, list(walked())
        assert found[:-1] == [(i, True) for i in range(1, len(stops))], f"{name}: {stops}"
        assert found[-1][0] in (-1, 0), f"{name}: the focus is caught"

    list_words(page, "sangli", "hingoli")
    expect(page.locator(".stage")).to_be_focused()
    tabs("Record")
    page.locator(".queue [aria-current] button").focus()
    page.keyboard.press("ArrowDown")
    expect(page.locator(".queue li").last.get_by_role("button")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".stage .word")).to_have_text("hingoli")
    expect(page.locator(".stage")).to_be_focused()

    def visit(name: str) -> None:
        page.get_by_role("navigation").get_by_role("link", name=name).press("Enter")
        expect(page.get_by_role("main", name=name)).to_be_focused()
        expect(page.locator("main .card").first).to_be_visible()

    visit("Compose")
    page.keyboard.press("Tab")
    page.keyboard.type("hello, shreshail 20")
    page.get_by_role("button", name="shreeshail").press("Enter")
    expect(page.get_by_role("textbox", name="Message")).to_be_focused()
    expect(page.locator(".marks .said")).to_have_count(2)
    tabs("Compose")

    visit("Campaign")
    page.locator(".drop input[type=file]").set_input_files(ROOT / "samples" / "campaign.csv")
    page.get_by_label("The message is in the column").select_option("name")
    tabs("Campaign, a table")
    page.get_by_role("button", name="Check the table").press("Enter")
    expect(page.get_by_role("region", name="The campaign")).to_be_focused()
    expect(page.get_by_role("region", name="Most needed words")).to_be_visible()
    tabs("Campaign, checked")

    visit("Voices")
    page.get_by_text("Settings", exact=True).press("Enter")
    page.get_by_label("Search the clips").fill("rain")
    expect(page.get_by_role("button", name="Save the settings")).to_be_visible()
    tabs("Voices")
    visit("Pictures")
    tabs("Pictures")


DROP = """([name, type, base64]) => {
    const bytes = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
    const dataTransfer = new DataTransfer();
    dataTransfer.items.add(new File([bytes], name, { type }));
    const drop = new DragEvent("drop", { dataTransfer, bubbles: true, cancelable: true });
    document.querySelector(".drop").dispatchEvent(drop);
}"""


def test_a_picture_is_dropped_and_its_answer_seen_and_heard(page: Page, stack: Stack) -> None:
    crop = {"type": "object", "required": ["crop"], "properties": {"crop": {"const": "tomato"}}}
    prompt = Inbox(stack).prompt("crop-leaf", answer_schema=SCHEMA | crop, say={"template": "hello, {crop}"})
    show(page, "Pictures")
    page.get_by_label("Question").fill(prompt)
    page.get_by_label("Question").press("Enter")
    data = base64.b64encode((ROOT / "samples" / "images" / "leaf.png").read_bytes()).decode()
    page.evaluate(DROP, ["leaf.png", "image/png", data])
    answer = page.get_by_role("region", name="The answer")
    expect(answer.get_by_role("row").filter(has_text="tomato")).to_have_count(1)
    expect(answer.get_by_role("img", name="The picture that you sent")).to_be_visible()
    expect(answer.get_by_role("img", name="The spoken answer")).to_be_visible()
    expect(page.get_by_role("region", name="Pictures").locator("li").first).to_contain_text("answered")
    page.get_by_role("button", name="Listen").click()
    expect(page.get_by_role("button", name="Listen")).to_contain_text("♪")
    accessible(page)
    picture(page, "pictures")


def test_who_may_not_and_who_cannot_reads_why(page: Page, context: BrowserContext, stack: Stack) -> None:
    def signs(credentials: dict[str, str]) -> None:
        page.unroute_all()
        page.route("**/credentials", lambda route: route.fulfill(json=credentials))
        page.reload()
        expect(page.get_by_text("Add words")).to_be_visible()

    with people_of(stack) as people:
        known = people["listener"].credentials
        assert known
        signs({"accessKeyId": str(known.access_key), "secretAccessKey": str(known.secret_key)})
        import_clip(page, "wardha")
        expect(page.locator("header")).to_contain_text("You may listen, but not record")
        expect(page.locator("header")).to_contain_text("1 waiting to upload")
        show(page, "Campaign")
        expect(page.locator(".notice")).to_contain_text("role “editor”")
        page.clock.set_fixed_time(datetime.now(UTC) + timedelta(hours=5))
        show(page, "Compose")
        page.get_by_role("textbox", name="Message").fill("hello, shreeshail")
        expect(page.locator(".marks .said")).to_have_count(2)
    show(page, "Record")
    signs({"accessKeyId": "ASIAENDED", "secretAccessKey": "x", "sessionToken": "y"})
    expect(page.locator(".notice")).to_contain_text("or they have ended: sign in again")


def test_a_microphone_that_is_not_there_taken_away_or_not_allowed_says_what_to_do(
    browser: Browser, context: BrowserContext, address: str
) -> None:
    def recording(where: BrowserContext) -> Page:
        opened = where.new_page()
        opened.goto(address)
        list_words(opened, "wardha")
        opened.keyboard.press("Space")
        return opened

    taken = recording(context)
    expect(taken.get_by_text("● Recording")).to_be_visible()
    devtools = browser.new_browser_cdp_session()
    denied = {"permission": {"name": "microphone"}, "setting": "denied", "origin": address.partition("/#")[0]}
    for one in devtools.send("Target.getBrowserContexts")["browserContextIds"]:
        devtools.send("Browser.setPermission", {**denied, "browserContextId": one})
    expect(taken.get_by_text("The microphone was unplugged or taken away")).to_be_visible()
    expect(taken.get_by_role("img", name="The recording")).to_be_visible()
    for flags, words in (
        (["--use-fake-device-for-media-stream"], "The browser may not use the microphone: allow it"),
        ([], "There is no microphone: connect one"),
    ):
        with browser.browser_type.launch(executable_path=chromium(), args=["--no-sandbox", *flags]) as other:
            expect(recording(other.new_context()).get_by_text(words)).to_be_visible()


SCRIPTS = {
    "hindi": ("hi", ["छिड़काव", "कल सुबह"], "ltr"),
    "amharic": ("am", ["ከባድ ዝናብ", "ሽንኩርት"], "ltr"),
    "urdu": ("ur", ["تیز بارش", "پیاز"], "rtl"),
}


def test_words_stand_in_the_voices_own_script(page: Page, stack: Stack) -> None:
    bucket, put = stack.outputs["InputBucketName"], stack.client("s3").put_object
    for voice, (language, _, _) in SCRIPTS.items():
        put(Bucket=bucket, Key=f"{voice}/voice.toml", Body=f'language = "{language}"'.encode())
        put(Bucket=bucket, Key=f"{voice}/a.wav", Body=(SAMPLES / "in.wav").read_bytes())
    page.reload()
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    for voice, (language, words, direction) in SCRIPTS.items():
        choose(page, voice)
        expect(page.locator(".stage .word")).to_have_text("Nothing to record")
        list_words(page, *words)
        word = page.locator(".stage .word")
        expect(word).to_have_text(words[0])
        expect(word).to_have_attribute("lang", language)
        assert word.evaluate("(node) => getComputedStyle(node).direction") == direction
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], "nothing hangs over the edge"
        accessible(page)
        picture(page, language)


@pytest.mark.parametrize("served", ["address", "deployed"])
def test_the_page_loads_and_calls_nothing_else_and_without_the_token_says_what_to_do(
    context: BrowserContext, served: str, stack: Stack, request: pytest.FixtureRequest
) -> None:
    opened = context.new_page()
    asked: list[Request] = []
    opened.on("request", lambda request: asked.append(request))
    said: list[ConsoleMessage] = []
    opened.on("console", lambda message: said.append(message))
    opened.goto(request.getfixturevalue(served))
    expect(opened.get_by_text(re.compile(r"has [1-9]\d* clips"))).to_be_visible()
    assert {"{0.scheme}://{0.netloc}".format(urlsplit(request.url)) for request in asked} == {
        stack.studio,
        f"http://localhost:{stack.port}",
    }
    assert [message.text for message in said if message.type == "error"] == []
    assert "token" not in opened.url
    signed = [one.headers for one in asked if "authorization" in one.headers and "/_aws/" in one.url]
    assert all(("x-amz-security-token" in sent) is (served == "deployed") for sent in signed)
    assert not any(str(stack.credentials.access_key) in str(sent) for sent in signed if served == "deployed")
    opened.evaluate("localStorage.clear()")
    opened.reload()
    expect(opened.get_by_text("open the address that `make studio` printed").first).to_be_visible()
