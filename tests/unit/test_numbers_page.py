"""Every example of docs/numbers.md is true."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from stitcher.errors import MissingWords
from stitcher.planning.catalogue import Catalogue
from stitcher.planning.plan import plan_message
from stitcher.planning.settings import VoiceSettings
from stitcher.storage import Stored
from stitcher.text.words import words

PAGE = (Path(__file__).parents[2] / "docs" / "numbers.md").read_text(encoding="utf-8")


def examples(last: str) -> Iterator[tuple[str, str, str]]:
    """The rows of the tables with this last column."""
    for table in re.findall(rf"\| language \| written \| {last} \|\n\|[-| ]+\n((?:\|.*\n)+)", PAGE):
        for line in table.splitlines():
            language, written, told = (cell.strip() for cell in line.strip("|").split("|"))
            yield language, written, told


def voice(language: str, *names: str) -> Catalogue:
    stored = [Stored(f"{name}.wav", name, 1) for name in names]
    return Catalogue.of("", stored, VoiceSettings(language=language))


@pytest.mark.parametrize(("language", "written", "said"), list(examples("said")))
def test_what_the_page_says_is_said(language: str, written: str, said: str) -> None:
    plan = plan_message(written, voice(language, *words(said)))
    assert [clip.phrase for clip in plan.clips] == words(said)


@pytest.mark.parametrize(("language", "written", "reason"), list(examples("refused because")))
def test_what_the_page_refuses_is_refused_whatever_clips_there_are(language: str, written: str, reason: str) -> None:
    clips = [*words(written), *map(str, range(101)), "to", "minus", "point", "half"]
    with pytest.raises(MissingWords, match="the number '") as refused:
        plan_message(written, voice(language, *clips))
    assert reason
    assert all(any(map(str.isnumeric, spot)) for spot in refused.value.missing)


def test_the_page_has_its_tables() -> None:
    assert len(list(examples("said"))) > 30
    assert len(list(examples("refused because"))) > 10
