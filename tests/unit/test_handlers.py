"""What the functions share: settings that name what is missing, and packages that stay small."""

import ast
from dataclasses import dataclass

import pytest

from handlers.settings import BadSettings, read
from tests.paths import ROOT
from tests.template import TEMPLATE

FOLDERS = sorted(path.parent for path in (ROOT / "functions").glob("*/app.py"))


@dataclass(frozen=True)
class Settings:
    bucket: str
    seconds: int
    share: float
    loud: bool


RIGHT = {"BUCKET": "b", "SECONDS": "9", "SHARE": "0.5", "LOUD": "false"}


def test_settings_are_typed() -> None:
    assert read(Settings, RIGHT) == Settings("b", 9, 0.5, loud=False)


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"BUCKET": ""}, "BUCKET is not set"),
        ({"BUCKET": None, "SECONDS": None}, "BUCKET is not set; SECONDS is not set"),
        ({"SECONDS": "1.5"}, "SECONDS is '1.5', not a whole number"),
        ({"SHARE": "half", "LOUD": "yes"}, "SHARE is 'half', not a number; LOUD is 'yes', not true or false"),
    ],
)
def test_everything_that_is_not_right_is_named(changed: dict[str, str | None], sentence: str) -> None:
    environment = {name: value for name, value in (RIGHT | changed).items() if value is not None}
    with pytest.raises(BadSettings) as refused:
        read(Settings, environment)
    assert str(refused.value) == sentence


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_function_is_deployed_with_every_setting_that_it_reads(folder: object) -> None:
    path = ROOT / "functions" / getattr(folder, "name", "")
    assert (path / "handlers").resolve() == ROOT / "src" / "handlers"
    name = "".join(part.title() for part in path.name.split("_"))
    given = {
        *TEMPLATE["Globals"]["Function"]["Environment"]["Variables"],
        *TEMPLATE["Resources"][f"{name}Function"]["Properties"].get("Environment", {}).get("Variables", {}),
    }
    tree = ast.parse((path / "app.py").read_text())
    wanted = {
        field.target.id.upper()
        for node in tree.body
        if isinstance(node, ast.ClassDef) and node.name == "Settings"
        for field in node.body
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
    }
    assert wanted <= given


def test_no_function_reads_its_environment_another_way() -> None:
    for path in (ROOT / "functions").glob("*/app.py"):
        assert "os.environ" not in path.read_text(), path


def test_the_domain_knows_no_lambda() -> None:
    for path in [*(ROOT / "src" / "stitcher").rglob("*.py"), *(ROOT / "src" / "identifier").rglob("*.py")]:
        text = path.read_text()
        assert "aws_lambda_powertools" not in text, path
        assert "import handlers" not in text, path
        assert "from handlers" not in text, path


def test_the_commands_libraries_are_in_no_functions_package() -> None:
    for path in (ROOT / "functions").glob("*/requirements.txt"):
        assert not {"click", "rich"} & {line.partition("==")[0] for line in path.read_text().splitlines()}, path
