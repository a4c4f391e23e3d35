"""Eyes for the stand-in that know the canary's pictures, or that give every picture one answer."""

import hashlib
from pathlib import Path
from typing import Any

from tools.local.sight.answers import nothing_known

from identifier.canary import known_pictures
from identifier.picture import prepare_picture
from identifier.prompt import read_prompt
from tests.paths import ROOT

FOLDER: Path = ROOT / "functions" / "check_answers" / "pictures"
KNOWN = known_pictures(FOLDER)


class KnowingEyes:
    """Answers the known pictures of a prompt right. With `always`, it gives this answer whatever it sees."""

    def __init__(self, prompt: str, always: dict[str, Any] | None = None) -> None:
        edge = read_prompt((ROOT / "prompts" / prompt / "2.json").read_bytes()).longest_edge
        self.right = {hashlib.sha256(prepare_picture(one.data, edge).data).digest(): one.right for one in KNOWN[prompt]}
        self.always = always

    def look(self, picture: bytes, schema: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        right = self.always or self.right[hashlib.sha256(picture).digest()]
        return "eyes of a test", nothing_known(schema, "") | dict(right) | {"confidence": "high"}
