"""What functions know of voices and their clips, remembered for the life of the function."""

from functools import cache

from handlers.buckets import output, recordings
from stitcher.clips.catalogues import Catalogues, KeptShapes
from stitcher.clips.facts import Shapes


@cache
def catalogues() -> Catalogues:
    """The voices' catalogues."""
    return Catalogues(recordings(), output())


@cache
def shapes() -> KeptShapes:
    """The shapes of prepared clips."""
    return KeptShapes(catalogues(), Shapes(output()))
