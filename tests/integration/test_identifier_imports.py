"""What is loaded where: decoders only where pictures are decoded, and nothing of pictures where messages are made."""

import subprocess
import sys

import pytest

HEAVY = {"PIL", "pypdfium2", "pypdfium2_raw", "jsonschema"}


def loaded(module: str) -> set[str]:
    code = f"import sys, {module}; print(*{{name.partition('.')[0] for name in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


MESSAGES = "planning.plan", "joining.stitch", "clips.prepare", "api.requests", "api.listing"


@pytest.mark.parametrize("module", [", ".join(f"stitcher.{module}" for module in MESSAGES)])
def test_messages_are_made_without_anything_of_pictures(module: str) -> None:
    assert not loaded(module) & (HEAVY | {"identifier"})


def test_the_worker_of_pictures_has_no_decoder_and_nothing_of_messages() -> None:
    worker = loaded("identifier.model, identifier.prompt_store, identifier.claim, identifier.picture, identifier.say")
    assert worker & HEAVY == {"jsonschema"}
    assert "stitcher" not in worker


def test_the_decoder_loads_pdfium_for_pdfs_only() -> None:
    assert loaded("identifier.decode") & (HEAVY | {"boto3", "pydantic"}) == {"PIL"}
