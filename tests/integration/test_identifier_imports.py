"""What is loaded where: decoders only where pictures are decoded, and nothing of pictures where messages are made."""

import subprocess
import sys

import pytest

HEAVY = {"PIL", "pypdfium2", "pypdfium2_raw", "jsonschema"}


def modules(module: str) -> set[str]:
    code = f"import sys, {module}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def loaded(module: str) -> set[str]:
    return {name.partition(".")[0] for name in modules(module)}


MESSAGES = "planning.plan", "joining.stitch", "clips.prepare", "api.requests", "api.listing"


@pytest.mark.parametrize("module", [", ".join(f"stitcher.{module}" for module in MESSAGES)])
def test_messages_are_made_without_anything_of_pictures(module: str) -> None:
    assert not loaded(module) & (HEAVY | {"identifier"})


def test_the_worker_of_pictures_has_no_decoder_and_of_messages_their_storage_only() -> None:
    worker = modules("identifier.model, identifier.prompt_store, identifier.claim, identifier.picture, identifier.say")
    assert {name.partition(".")[0] for name in worker} & HEAVY == {"jsonschema"}
    of_messages = {name for name in worker if name.partition(".")[0] == "stitcher"}
    assert of_messages == {"stitcher", "stitcher.storage"}, "S3 is one thing for both"


def test_the_decoder_loads_pdfium_for_pdfs_only() -> None:
    assert loaded("identifier.decode") & (HEAVY | {"boto3", "pydantic"}) == {"PIL"}
