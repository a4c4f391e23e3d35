"""The parts of a SAM template that are built: its functions, in either language, and its layers."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from samtranslator.yaml_helper import yaml_parse

FUNCTION, LAYER = "AWS::Serverless::Function", "AWS::Serverless::LayerVersion"


@dataclass(frozen=True)
class Part:
    """A function or a layer, its language (`python`, `typescript` or `makefile`), and its folder from the root."""

    name: str
    language: str
    folder: str
    layers: tuple[str, ...] = ()
    """The template's own layers that a function uses."""


def parts(root: Path) -> list[Part]:
    """The parts of the folder's `template.yaml`, by name; those whose code lies elsewhere (S3, inline) are left out."""
    template: dict[str, Any] = yaml_parse((root / "template.yaml").read_text())
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
