"""Draws the dashboards of `infra/monitoring.yaml`, from sample data, as CloudWatch would lay them out.

    make dashboard-images

Fonts and colours are not CloudWatch's. Graphs, their places, their times and their units are.
"""

import importlib
import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from tools.operations.arithmetic import Recording, states
from tools.operations.monitoring import MONITORING
from tools.operations.sample import MINUTES, sample
from tools.operations.screen import Json, Line, shown

ROOT = Path(__file__).parents[2]
TITLES = {
    "UsersDashboard": "What users get: the last day",
    "BudgetsDashboard": "Error budgets: the last 28 days",
    "MachineDashboard": "What the machine does: the last 3 hours",
}
SPANS = {"-P1D": 24 * 60, "-P28D": MINUTES, "-PT3H": 180}
"""Minutes."""
INK, FRAME, QUIET, RED = "#33414e", "#d5dbdb", "#2ca02c", "#d62728"
COLUMN, ROW, HEAD = 0.8, 0.52, 0.45
"""Inches: a column, a row, and the line above it all."""


class Loader(yaml.SafeLoader):  # type: ignore[misc]  # yaml has no types
    """YAML with the short forms of CloudFormation's functions."""


Loader.add_multi_constructor("!", lambda loader, tag, node: {_function(tag): _argument(loader, node)})


def _function(tag: str) -> str:
    return tag if tag in ("Ref", "Condition") else f"Fn::{tag}"


def _argument(loader: Loader, node: yaml.Node) -> Any:
    match node:
        case yaml.ScalarNode(value=str(value)):
            return value.split(".") if node.tag == "!GetAtt" else value
        case yaml.SequenceNode():
            return loader.construct_sequence(node, deep=True)
    return loader.construct_mapping(node, deep=True)


@cache
def template() -> dict[str, Any]:
    """The resources of the service and of its monitoring."""
    files = (ROOT / "template.yaml", MONITORING)
    loaded = [yaml.load(file.read_text(), Loader)["Resources"] for file in files]  # noqa: S506  # a SafeLoader, see above
    return {name: resource for resources in loaded for name, resource in resources.items()}


def draw(folder: Path = ROOT / "docs" / "images") -> None:
    """Write `dashboard-users.png`, `…-budgets.png` and `…-machine.png`."""
    recording = sample()
    alarms = {name: one for name, one in template().items() if one["Type"].startswith("AWS::CloudWatch::")}
    on = {name: bool(state[-1]) for name, state in states(alarms, recording).items()}
    for name, title in TITLES.items():
        body = json.loads(template()[name]["Properties"]["DashboardBody"]["Fn::Sub"])
        figure = _dashboard(body, title, recording, on)
        figure.savefig(folder / f"dashboard-{name.removesuffix('Dashboard').lower()}.png", dpi=100)


def _dashboard(body: Json, title: str, recording: Recording, on: dict[str, bool]) -> Any:
    # By name, because only the bench's own environment has it.
    plot: Any = importlib.import_module("matplotlib.pyplot")
    plot.rcParams.update({"font.size": 8, "axes.titlesize": 9, "text.color": INK, "axes.edgecolor": FRAME})
    rows = max(widget["y"] + widget["height"] for widget in body["widgets"])
    width, height = 24 * COLUMN, rows * ROW + HEAD
    figure = plot.figure(figsize=(width, height), facecolor="#f2f3f3")
    middle = 1 - HEAD / 2 / height
    figure.text(0.01, middle, title, fontsize=14, weight="bold", va="center")
    figure.text(0.99, middle, "sample data, not measured", fontsize=14, va="center", ha="right", color=RED)
    for widget in body["widgets"]:
        place = (
            widget["x"] / 24,
            1 - (HEAD + (widget["y"] + widget["height"]) * ROW) / height,
            widget["width"] / 24,
            widget["height"] * ROW / height,
        )
        _widget(figure, place, widget, recording, SPANS[body["start"]], on)
    return figure


def _widget(
    figure: Any, place: tuple[float, ...], widget: Json, recording: Recording, span: int, on: dict[str, bool]
) -> None:
    x, y, width, height = place
    patches: Any = importlib.import_module("matplotlib.patches")
    card = (x + 0.002, y + 0.004), width - 0.004, height - 0.008
    look = {"facecolor": "white", "edgecolor": FRAME, "zorder": -1}
    figure.add_artist(patches.Rectangle(*card, transform=figure.transFigure, **look))
    properties = widget["properties"]
    figure.text(x + 0.007, y + height - 0.03, properties["title"], fontsize=9.5, weight="bold")
    inner = (x + 0.007, y + 0.012, width - 0.014, height - 0.052)
    if widget["type"] == "alarm":
        _alarms(figure, inner, [re.sub(r"\W|Arn", "", one) for one in properties["alarms"]], on)
        return
    whole = properties.get("setPeriodToTimeRange")
    minutes = span if whole else properties["period"] // 60
    ends = np.array([MINUTES]) if whole else np.arange(MINUTES - span + minutes, MINUTES + 1, minutes)
    lines = shown(properties, recording, ends, minutes)
    match properties["view"]:
        case "singleValue":
            _numbers(figure, inner, lines)
        case "gauge":
            _gauge(figure, inner, lines[0])
        case _:
            _graph(figure, place, properties, lines, (ends - MINUTES) / 60, span)


def _alarms(figure: Any, place: tuple[float, ...], alarms: list[str], on: dict[str, bool]) -> None:
    x, y, width, height = place
    patches: Any = importlib.import_module("matplotlib.patches")
    columns = 6 if len(alarms) > 10 else 5
    rows = -(-len(alarms) // columns)
    for number, name in enumerate(alarms):
        across, down = width / columns, height / rows
        corner = x + number % columns * across, y + height - (number // columns + 1) * down
        box = patches.Rectangle(
            (corner[0] + 0.002, corner[1] + 0.003), across - 0.004, down - 0.006,
            transform=figure.transFigure, facecolor=RED if on.get(name) else QUIET, edgecolor="none", alpha=0.85,
        )  # fmt: skip
        figure.add_artist(box)
        state = "in alarm" if on.get(name) else "OK"
        figure.text(
            corner[0] + across / 2, corner[1] + down / 2, f"{name}: {state}",
            color="white", ha="center", va="center", weight="bold",
        )  # fmt: skip


def _numbers(figure: Any, place: tuple[float, ...], lines: list[Line]) -> None:
    x, y, width, height = place
    for number, line in enumerate(lines):
        left = x + number * width / len(lines)
        value = float(np.nan_to_num(line.values[0]))
        said = f"{value:,.0f}" if value >= 100 else f"{value:,.2f}".removesuffix(".00")
        figure.text(left, y + 0.45 * height, said, fontsize=17, color=line.options.get("color", INK))
        figure.text(left, y + 0.12 * height, line.label)


def _gauge(figure: Any, place: tuple[float, ...], line: Line) -> None:
    axes = figure.add_axes((place[0], place[1] + 0.02, place[2], place[3] - 0.04), projection="polar")
    value = float(np.nan_to_num(line.values[0]))
    part = np.clip(value, 0, 100) / 100
    axes.set(theta_zero_location="W", theta_direction=-1, thetamin=0, thetamax=180, ylim=(0, 1), xticks=[], yticks=[])
    axes.barh(0.85, np.pi, height=0.3, color=FRAME)
    axes.barh(0.85, np.pi * part, height=0.3, color=QUIET if part > 0.25 else RED)
    axes.spines.clear()
    figure.text(place[0] + place[2] / 2, place[1] + 0.06, f"{value:.0f} {line.label}", ha="center", fontsize=9.5)


def _graph(figure: Any, place: tuple[float, ...], properties: Json, lines: list[Line], hours: Any, span: int) -> None:
    x, y, width, height = place
    tall = figure.get_size_inches()[1]
    keys = -(-len(lines) // 4)
    below = (0.42 + 0.14 * keys) / tall
    axes = figure.add_axes((x + 0.032, y + below, width - 0.058, height - below - 0.36 / tall))
    right = axes.twinx() if any(line.options.get("yAxis") == "right" for line in lines) else None
    if properties["stacked"]:
        colors = [line.options.get("color") for line in lines]
        axes.stackplot(
            hours, [np.nan_to_num(line.values) for line in lines], labels=[line.label for line in lines],
            colors=colors if all(colors) else None, step="post", alpha=0.85,
        )  # fmt: skip
    else:
        for number, line in enumerate(lines):
            side = right if right and line.options.get("yAxis") == "right" else axes
            color = line.options.get("color", f"C{number}")
            side.plot(hours, line.values, ".-", label=line.label, color=color, linewidth=1.1, markersize=2)
    for mark in properties.get("annotations", {}).get("horizontal", []):
        axes.axhline(mark["value"], color=RED, linewidth=0.8, linestyle="--")
        axes.text(hours[0], mark["value"], f" {mark['label']}", color=RED, va="bottom", fontsize=7)
    if right:
        right.set_ylim(bottom=0)
    for one in filter(None, (axes, right)):
        one.spines[["top"]].set_visible(False)
        one.tick_params(colors=INK, length=2)
    _, top = axes.get_ylim()
    axes.set_ylim(0, top * 1.12 or 1)
    ticks = np.linspace(-span / 60, 0, 5)
    ago = [f"{-tick / 24:g} d" if span > 2 * 24 * 60 else f"{-tick:g} h" for tick in ticks]
    axes.set_xticks(ticks, [*ago[:-1], "now"])
    axes.set_xlim(ticks[0], 0)
    axes.set_ylabel(properties["yAxis"]["left"].get("label", ""), fontsize=7.5, labelpad=2)
    figure.legend(
        handles=[*axes.get_legend_handles_labels()[0], *(right.get_legend_handles_labels()[0] if right else [])],
        loc="lower left", bbox_to_anchor=(x + 0.004, y + 0.004), ncols=4, frameon=False, fontsize=7, handlelength=1,
        columnspacing=0.9,
    )  # fmt: skip
