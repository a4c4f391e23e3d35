"""Speed of the studio in real Chromium, against the embedded AWS: `.venv/bin/python -m tools.bench.studio`.

A mid-range phone is what Lighthouse takes for one: a processor four times slower than this machine's, 1.6 Mbit/s, and
150 ms for each way there and back. Each round is a new person: nothing is cached. Prints a table for docs/studio.md.

With `--takes 500` it also records some takes offline by the microphone, imports the others offline as files, which the
same code keeps, closes the tab, opens it again, and waits until all are uploaded.
"""

import argparse
import re
import shutil
import statistics
import subprocess
import sys
import time
import wave
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from stitcher.clips.decode import decode
from tools.local import studio
from tools.local.stack import ROOT, Stack, free_port, running

SAMPLES = ROOT / "samples" / "clips"
RATE = 48_000
SLOWER, LATENCY_MS, BYTES_PER_S = 4, 150, 1_600_000 // 8
PHONE = {"width": 412, "height": 860}
QUIET_MS = 1000
"""Interactive: the first control is drawn, and the main thread has no task over 50 ms for this long afterwards."""
MESSAGE = "Good morning farmers. The price of onion is 20 rupees per kilo today. Heavy rain is expected tomorrow."
WATCH = """
window.tasks = [];
new PerformanceObserver((list) => {
    for (const { startTime, duration } of list.getEntries()) window.tasks.push([startTime, startTime + duration]);
}).observe({ type: "longtask", buffered: true });
const look = () => {
    if (document.querySelector("main button, main summary")) setTimeout(() => (window.drawn = performance.now()));
    else requestAnimationFrame(look);
};
requestAnimationFrame(look);
"""


def write_microphone(path: Path) -> None:
    """A file that Chromium plays into the microphone again and again: half a second of room, a word, room."""
    said = decode((SAMPLES / "tomato.wav").read_bytes())
    loud = np.flatnonzero(np.abs(said) > 0.02)
    heard = np.concatenate([np.zeros(RATE // 2), 0.5 * said[loud[0] : loud[-1]], np.zeros(RATE * 6 // 5)])
    heard += np.random.default_rng(1).normal(0, 0.0004, len(heard))
    write_wav(path, heard)


def write_wav(path: Path, samples: Any) -> None:
    """Mono samples between -1 and 1 as a 16-bit WAV file at 48 kHz."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes((32767 * samples).astype("<i2").tobytes())


@contextmanager
def chromium(microphone: Path) -> Iterator[Browser]:
    """Chromium of this machine, with a file as its microphone. Raises `LookupError` where there is none."""
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        raise LookupError("Chromium is not installed")
    flags = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream", "--no-sandbox"]
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            executable_path=program, args=[*flags, f"--use-file-for-fake-audio-capture={microphone}"]
        )
        yield launched
        launched.close()


def opening(browser: Browser, address: str) -> tuple[float, float]:
    """Milliseconds from the address to the first paint, and until the page is interactive, on the phone."""
    context = browser.new_context(viewport=PHONE, is_mobile=True)  # type: ignore[arg-type]
    opened = context.new_page()
    phone = context.new_cdp_session(opened)
    phone.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    speed = {"downloadThroughput": BYTES_PER_S, "uploadThroughput": BYTES_PER_S // 2}
    phone.send("Network.enable")
    phone.send("Network.emulateNetworkConditions", {"offline": False, "latency": LATENCY_MS, **speed})
    opened.add_init_script(WATCH)
    opened.goto(address, wait_until="commit")
    opened.locator("main summary").wait_for()
    opened.wait_for_timeout(2500 + QUIET_MS)
    painted: float = opened.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
    drawn: float = opened.evaluate("window.drawn")
    interactive = drawn
    for begin, end in sorted(opened.evaluate("window.tasks")):
        if begin < interactive + QUIET_MS:
            interactive = max(interactive, end)
    context.close()
    return painted, interactive


def keys(page: Page, rounds: int) -> list[float]:
    """Milliseconds from Space, which ends a recording, to its verdict, and on to the next word after Enter."""
    page.get_by_label("One word or phrase on each line").fill("\n".join(f"word {i}" for i in range(rounds + 1)))
    page.get_by_role("button", name="Add them").click()
    took = []
    for i in range(rounds):
        page.keyboard.press("Space")
        page.get_by_role("button", name="Stop").wait_for()
        took.append(page.evaluate(NEXT_WORD, f"word {i + 1}"))
    return took


NEXT_WORD = """async (next) => {
    const press = (key) => document.body.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
    const until = async (found) => {
        while (!found()) await new Promise((resolve) => requestAnimationFrame(resolve));
    };
    // Some speech, which the meter shows; the recording stops by itself 900 ms after it.
    const unlit = () => parseFloat(/[0-9.]+(?=%)/.exec(getComputedStyle(document.querySelector(".meter i")).clipPath));
    await until(() => unlit() < 50);
    await new Promise((resolve) => setTimeout(resolve, 250));
    const began = performance.now();
    press(" ");
    await until(() => document.querySelector(".stage .chip:not(.live-dot)"));
    press("Enter");
    await until(() => document.querySelector(".stage .word").textContent === next);
    return performance.now() - began;
}"""


def plans(page: Page, rounds: int) -> list[float]:
    """Milliseconds from the last key to the plan under the message."""
    page.get_by_role("navigation").get_by_role("link", name="Compose").click()
    field = page.get_by_role("textbox", name="Message")
    took = []
    for i in range(rounds + 1):
        field.fill("")
        field.press_sequentially(f"{MESSAGE} {i + 20} rupees", delay=20)
        page.locator(".marks .said").nth(5).wait_for()
        took.append(page.evaluate(LAST_KEY))
    return took[1:]  # the first one starts the functions


LAST_KEY = """() => {
    const key = performance.getEntriesByName("key").at(-1).startTime;
    return performance.getEntriesByName("plan-shown").find(({ startTime }) => startTime > key).startTime - key;
}"""


def offline(context: BrowserContext, address: str, stack: Stack, count: int, folder: Path) -> dict[str, float]:
    """Keep takes without a network, close the tab, and upload them; returns what was done, with seconds."""
    page = context.new_page()
    page.goto(address)
    recorded = min(3, count)
    page.get_by_label("One word or phrase on each line").fill("\n".join(f"said {i}" for i in range(recorded)))
    page.get_by_role("button", name="Add them").click()
    page.wait_for_timeout(3000)  # the other pages are there, too
    context.set_offline(True)
    for _ in range(recorded):
        page.keyboard.press("Space")
        page.locator(".stage .chip", has_text=re.compile("ends are|cut off")).wait_for()
        page.keyboard.press("Enter")
    files, rng = [], np.random.default_rng(2)
    for i in range(count - recorded):
        files.append(folder / f"imported {i}.wav")
        write_wav(files[-1], np.concatenate([np.zeros(9600), rng.normal(0, 0.1, RATE // 4), np.zeros(9600)]))
    page.get_by_role("navigation").get_by_role("link", name="Voices").click()
    page.locator(".drop input[type=file]").set_input_files(files)
    page.locator("header").get_by_text(f"{count} waiting to upload").wait_for(timeout=120_000)
    page.close()
    context.set_offline(False)
    again, began = context.new_page(), time.perf_counter()
    again.goto(address)
    waiting = again.locator("header").get_by_text("waiting to upload")
    waiting.wait_for()
    waiting.wait_for(state="detached", timeout=900_000)
    seconds = time.perf_counter() - began
    pages = stack.client("s3").get_paginator("list_objects_v2").paginate(Bucket=stack.outputs["InputBucketName"])
    keys_there = [item["Key"] for found in pages for item in found.get("Contents", ())]
    there = [key for key in keys_there if re.match(r"(said|imported)_", key.replace(" ", "_"))]
    return {"recorded": recorded, "imported": len(files), "in the bucket": len(there), "seconds": seconds}


def said(name: str, took: Sequence[float], limit: float) -> str:
    """A row of the table: the median and the slowest, and what was promised."""
    return f"| {name} | {statistics.median(took):.0f} ms | {max(took):.0f} ms | {limit:.0f} ms |"


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--takes", type=int, default=0)
    options = parser.parse_args()
    npm = shutil.which("npm") or "npm"
    subprocess.run([npm, "run", "--silent", "build", "--prefix", "studio"], cwd=ROOT, check=True)
    port = free_port()
    with TemporaryDirectory() as temporary, running(studio=f"http://127.0.0.1:{port}") as stack:
        folder = Path(temporary)
        write_microphone(folder / "microphone.wav")
        stack.put_clips(SAMPLES)
        stack.wait_for_catalogues()
        with (
            chromium(folder / "microphone.wav") as browser,
            studio.serving(studio.embedded(stack), port) as address,
        ):
            opened = [opening(browser, address) for _ in range(options.rounds + 1)][1:]
            print("| | median | slowest | promised |\n| --- | --- | --- | --- |")
            print(said("first paint, phone", [first for first, _ in opened], 1000))
            print(said("interactive, phone", [ready for _, ready in opened], 2000))
            context = browser.new_context()
            context.grant_permissions(["microphone"])
            page = context.new_page()
            page.goto(address)
            print(said("Space to the next word", keys(page, options.rounds), 300))
            print(said("last key to the plan", plans(page, options.rounds), 200), flush=True)
            context.close()
            if options.takes:
                context = browser.new_context()
                context.grant_permissions(["microphone"])
                print(offline(context, address, stack, options.takes, folder))
                context.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
