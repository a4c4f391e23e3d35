"""A SAM template, and its parts that are built: its functions, in either language, and its layers."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from samtranslator.yaml_helper import intrinsics_multi_constructor

FUNCTION, LAYER = "AWS::Serverless::Function", "AWS::Serverless::LayerVersion"


@dataclass(frozen=True)
class Part:
    """A function or a layer, its language (`python`, `typescript` or `makefile`), and its folder from the root."""

    name: str
    language: str
    folder: str
    layers: tuple[str, ...] = ()
    """The template's own layers that a function uses."""


class _Loader(yaml.CSafeLoader):  # type: ignore[misc]  # whose types are not told
    """SAM's reading of `!Ref` and the like, with libyaml: SAM's own loader takes seven times as long."""


_Loader.add_multi_constructor("!", intrinsics_multi_constructor)


def read(template: Path) -> dict[str, Any]:
    """A template as data, with functions in their long form, such as `{"Fn::Sub": …}`."""
    document: dict[str, Any] = yaml.load(template.read_text(), Loader=_Loader)  # noqa: S506  # a safe loader
    return document


def parts(root: Path) -> list[Part]:
    """The parts of the folder's `template.yaml`, by name; those whose code lies elsewhere (S3, inline) are left out."""
    template = read(root / "template.yaml")
    runtime = template.get("Globals", {}).get("Function", {}).get("Runtime", "")
    found = []
    for name, resource in sorted(template["Resources"].items()):
        properties, method = resource.get("Properties", {}), resource.get("Metadata", {}).get("BuildMethod", "")
        if resource["Type"] == FUNCTION and isinstance(folder := properties.get("CodeUri"), str):
            node = method == "esbuild" or str(properties.get("Runtime", runtime)).startswith("nodejs")
            layers = tuple(layer["Ref"] for layer in properties.get("Layers", ()) if "Ref" in layer)
            found.append(Part(name, "typescript" if node else "python", folder.strip("/"), layers))
        elif resource["Type"] == LAYER and isinstance(folder := properties.get("ContentUri"), str):
            found.append(Part(name, method or "python", folder.strip("/")))
    return found
