"""What is known of clips that were never prepared, for tests."""

from stitcher.clips.facts import Shape
from stitcher.clips.prepared import Report
from stitcher.formats.profiles import FORMS


def shapes_of(number: int, *warnings: str) -> list[Shape]:
    """A clip's shapes in all forms; another number is another clip."""
    report = Report(1_000 + number, -23.5 - number, 6.25, -60.1, -3.0, 0.5, warnings)
    return [Shape(4_800 + number, 1105 * place, 480, 4_000, 9_600 + place, report) for place, _ in enumerate(FORMS)]
