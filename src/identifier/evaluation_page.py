"""An evaluation as a page: numbers, tables of what is confused with what, and the pictures with disagreements."""

import base64
from collections.abc import Mapping, Sequence
from html import escape

from identifier.evaluating import Measured, Shown

MOST = 200
"""Pictures on the page."""
STYLE = (
    "body{font:16px/1.4 sans-serif;margin:2em;max-width:70em}table{border-collapse:collapse;margin:1em 0}"
    "td,th{border:1px solid #bbb;padding:.3em .6em;text-align:left}td.n{text-align:right}"
    "td.r{background:#dff0d8}td.w{background:#f8d7da}img{max-width:256px;max-height:256px}"
)


def page(measured: Sequence[Measured]) -> str:
    """The page as HTML, complete in one file."""
    parts = [
        "<!doctype html><html lang=en><meta charset=utf-8><title>Evaluation</title>",
        f"<style>{STYLE}</style><h1>Evaluation of {escape(', '.join(one.name for one in measured))}</h1>",
        _numbers(measured),
        *(_confusion(one) for one in measured),
        _disagreements(measured),
    ]
    return "".join(parts) + "</html>\n"


def _numbers(measured: Sequence[Measured]) -> str:
    rows = []
    for one in measured:
        low, high = one.all_right.interval
        cost = "not known" if one.cost_usd is None else f"{one.cost_usd:.4f}"
        rows.append(
            f"<tr><td>{escape(one.name)}<td>{escape(one.prompt.model)}"
            f"<td class=n>{one.all_right.right} of {one.all_right.of}"
            f"<td class=n>{one.all_right.value:.1%}<td class=n>{low:.1%} to {high:.1%}<td class=n>{one.unanswered}"
            f"<td class=n>{cost}<td class=n>{one.seconds(0.5):.2f}<td class=n>{one.seconds(0.95):.2f}"
        )
    head = (
        "<tr><th>prompt<th>model<th>right<th>accuracy<th>95 % interval<th>no answer<th>US dollars"
        "<th>seconds, half<th>seconds, 95 of 100"
    )
    return f"<table>{head}{''.join(rows)}</table>"


def _confusion(one: Measured) -> str:
    parts = []
    for name, pairs in one.confused.items():
        given = sorted({pair[1] for pair in pairs})
        rows = []
        for right in sorted({pair[0] for pair in pairs}):
            cells = [(pairs[right, value], right.casefold() == value.casefold()) for value in given]
            rows.append(
                f"<tr><th>{escape(right)}"
                + "".join(f"<td class='n {'r' if good else 'w'}'>{count}" if count else "<td>" for count, good in cells)
            )
        head = "".join(f"<th>{escape(value)}" for value in given)
        share = one.fields[name]
        title = f"{one.name}: {name}, {share.right} of {share.of} right; rows are right, columns are answered"
        parts.append(f"<h2>{escape(title)}</h2><table><tr><th>{head}{''.join(rows)}</table>")
    return "".join(parts)


def _disagreements(measured: Sequence[Measured]) -> str:
    rows = []
    for several in zip(*(one.shown for one in measured), strict=True):
        right = several[0].picture.right
        answers = [{name: one.given(name) for name in right} for one in several]
        if all(all(answer[name].casefold() == value.casefold() for name, value in right.items()) for answer in answers):
            continue
        rows.append((several, right, answers))
    shown = [
        f"<tr><td>{_picture(several[0])}<br>{escape(several[0].picture.file.name)}<td>{_values(right, right)}"
        + "".join(f"<td>{_values(answer, right)}{_reason(one)}" for one, answer in zip(several, answers, strict=True))
        for several, right, answers in rows[:MOST]
    ]
    head = "<tr><th>picture<th>right" + "".join(f"<th>{escape(one.name)}" for one in measured)
    more = f"<p>{len(rows) - MOST} more are not shown.</p>" if len(rows) > MOST else ""
    return f"<h2>{len(rows)} pictures that are not right everywhere</h2><table>{head}{''.join(shown)}</table>{more}"


def _values(answer: Mapping[str, str], right: Mapping[str, str]) -> str:
    return "<br>".join(
        f"{'' if value.casefold() == right[name].casefold() else '✗ '}{escape(name)}: {escape(value)}"
        for name, value in answer.items()
    )


def _reason(one: Shown) -> str:
    return f"<br>({escape(one.reason)})" if one.reason else ""


def _picture(one: Shown) -> str:
    if one.small is None:
        return "(not shown)"
    return f'<img alt="" src="data:image/jpeg;base64,{base64.b64encode(one.small).decode()}">'
