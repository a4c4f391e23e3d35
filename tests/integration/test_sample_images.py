"""The sample pictures can be made again, and each is one that can be identified."""

from pathlib import Path

from samples.make_images import make_images

from identifier.picture import prepare_picture
from tests.paths import IMAGES


def test_the_samples_are_made_the_same_every_time(tmp_path: Path) -> None:
    made, again = make_images(tmp_path / "one"), make_images(tmp_path / "other")
    assert [path.read_bytes() for path in made] == [path.read_bytes() for path in again]
    assert [path.name for path in made] == sorted(path.name for path in IMAGES.iterdir() if path.name != "cat.jpg")


def test_each_sample_can_be_shown_to_a_model() -> None:
    formats = {path.name: prepare_picture(path.read_bytes()).format for path in IMAGES.iterdir()}
    assert formats == {"cat.jpg": "jpeg", "cow.jpg": "jpeg", "leaf.png": "jpeg", "form.webp": "jpeg", "form.pdf": "pdf"}
