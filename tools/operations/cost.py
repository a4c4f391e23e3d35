"""What messages and pictures cost: the template's settings, measured durations, and a dated table of list prices.

make cost HITS=1000000 MADE=100000 IMAGES=10000 STAGE=prod
"""

import contextlib
import json
import math
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from samtranslator.yaml_helper import yaml_parse

from identifier.prices import cost_usd, picture_tokens
from tools.operations.monitoring import MONITORING

ROOT = Path(__file__).parents[2]
PRICES: dict[str, Any] = tomllib.loads((Path(__file__).parent / "prices.toml").read_text())
"""Of `region`; its table `regions` has those of other regions, as far as they are known."""
SOLD = {
    "api_gateway": "API Gateway",
    "express": "Express workflows",
    "standard": "Standard workflows",
    "lambda": "Lambda",
    "s3": "S3",
    "transfer": "transfer",
    "logs": "logs",
    "metrics": "alarms and metrics",
    "waf": "the firewall",
}
"""The tables of prices, as people call what is sold."""
HOURS, DAYS = 730, 30
"""Of a month."""
KNOWN_PICTURES = {"small": 3, "large": 3}
"""That the canary asks about once a day, by model."""
MEASURED: dict[str, Any] = json.loads((ROOT / "tools" / "bench" / "results" / "load.json").read_text())
"""By function: median duration in ms of a warm call, and bytes of log a call; written by `make load SAVE=1`."""

# Assumed, because an emulator cannot tell: S3's answers on AWS (it says 100 to 200 ms at worst for small objects; most
# take a fraction), the model's time, and an average message.
S3_MS, MODEL_MS = 25, 3000
AUDIO_BYTES = 24_000  # 3 s of MP3 at 64 kbit/s
CLIPS = 10
EDGE = (1568, 1176)  # px, the default long edge at 4:3
PROMPT_TOKENS, ANSWER_TOKENS = 900, 80
MODELS = {"small": "apac.amazon.nova-lite-v1:0", "large": "apac.amazon.nova-pro-v1:0"}

LEVERS = {
    "API Gateway": "an HTTP API costs a third, but has no resource policy, no WAF and no request validation",
    "Lambda": "Architecture=arm64 is a fifth cheaper",
    "Express workflow": "nothing to save: it is billed by 100 ms and 64 MB, and takes the least of both",
    "S3": "most of it is writing new messages: a longer CacheDays makes fewer of them twice",
    "transfer": "opus is 40 kbit/s where mp3 is 64; a cache (CloudFront) in front has 1 TB a month free",
    "logs": "LogLevel WARNING in the mapping; metrics are in the same lines and would go with them",
    "firewall": 'Guarded: "false" where only known accounts or addresses may call',
    "the model": "a smaller model or a shorter longest_edge in the prompt, or batch inference for backfills at half",
    "Standard workflow": "a prompt that says nothing aloud takes four transitions fewer",
}


@dataclass(frozen=True, slots=True)
class Line:
    """What one call spends on one thing, in US dollars."""

    what: str
    usd: float


class Template:
    """The settings of a stage that cost something."""

    def __init__(self, stage: str, template: dict[str, Any] | None = None) -> None:
        self._template = template or yaml_parse((ROOT / "template.yaml").read_text())
        self._monitoring = yaml_parse(MONITORING.read_text())["Resources"].values()
        self._row = self._template["Mappings"]["Environments"][stage]
        self._region = tomllib.loads((ROOT / "samconfig.toml").read_text())[stage]["deploy"]["parameters"]["region"]

    @property
    def region(self) -> str:
        """Where the stage is deployed."""
        return str(self._region)

    def memory_gb(self, function: str) -> float:
        """Of a function by its logical id without "Function"."""
        megabytes = self._template["Resources"][f"{function}Function"]["Properties"]["MemorySize"]
        return float(megabytes) / 1024

    @property
    def parameters(self) -> dict[str, Any]:
        """The template's parameters."""
        found: dict[str, Any] = self._template["Parameters"]
        return found

    @property
    def guarded(self) -> bool:
        """Whether there is a firewall."""
        return bool(self._row["Guarded"] == "true")

    def alarms(self) -> tuple[int, int]:
        """Metrics that alarms look at, and composite alarms."""
        watched = self._row["Watched"] == "true"
        service = self._template["Resources"].values()
        there = [one for one in service if one.get("Condition") in {None, *["Watched"] * watched}]
        there += self._monitoring if watched else []
        simple = [each["Properties"] for each in there if each["Type"] == "AWS::CloudWatch::Alarm"]
        metrics = sum(sum("MetricStat" in metric for metric in each.get("Metrics", ())) or 1 for each in simple)
        return metrics, sum(each["Type"] == "AWS::CloudWatch::CompositeAlarm" for each in there)

    def rules(self) -> int:
        """Rules of the firewall."""
        return len(self._template["Resources"]["Firewall"]["Properties"]["Rules"])


def _lambda(template: Template, function: str, extra_ms: float = 0) -> float:
    """One warm call: request and GB-seconds, rounded up to a millisecond."""
    milliseconds = math.ceil(MEASURED["functions"][function]["ms"] + extra_ms)
    price = PRICES["lambda"]
    return float(price["request"] + milliseconds / 1000 * template.memory_gb(function) * price["gb_second"])


def express(milliseconds: float) -> float:
    """One execution of an Express workflow of this duration."""
    price = PRICES["express"]
    return float(price["request"] + math.ceil(milliseconds / 100) / 10 * 64 / 1024 * price["gb_second"])


def _logs(*functions: str) -> float:
    return float(sum(MEASURED["functions"][name]["log_bytes"] for name in functions) / 1e9 * PRICES["logs"]["gb"])


def _front(template: Template) -> list[Line]:
    firewall = [Line("firewall", PRICES["waf"]["request"])] if template.guarded else []
    return [Line("API Gateway", PRICES["api_gateway"]["request"]), *firewall]


def _download() -> list[Line]:
    s3 = PRICES["s3"]["read"]
    return [Line("transfer", AUDIO_BYTES / 1e9 * PRICES["transfer"]["gb"]), Line("S3", s3)]


def hit(template: Template) -> list[Line]:
    """A message from the cache, downloaded once."""
    milliseconds = MEASURED["functions"]["CacheLookup"]["ms"] + 2 * S3_MS
    return [
        *_front(template),
        Line("Express workflow", express(milliseconds)),
        Line("Lambda", _lambda(template, "CacheLookup", 2 * S3_MS)),
        Line("S3", 2 * PRICES["s3"]["read"]),  # the voice's catalogue; the message
        Line("logs", _logs("CacheLookup")),
        *_download(),
    ]


def made(template: Template) -> list[Line]:
    """A message of ten prepared clips, none of them in Stitch's memory, downloaded once."""
    waits = {"CacheLookup": 2 * S3_MS, "Stitch": 2 * S3_MS, "Publish": S3_MS}  # clips are read side by side
    milliseconds = sum(MEASURED["functions"][name]["ms"] + wait for name, wait in waits.items())
    s3 = PRICES["s3"]
    return [
        *_front(template),
        Line("Express workflow", express(milliseconds)),
        Line("Lambda", sum(_lambda(template, name, wait) for name, wait in waits.items())),
        Line("S3", 2 * s3["write"] + (2 + CLIPS) * s3["read"]),  # stage, copy; the catalogue, look, clips
        Line("logs", _logs(*waits)),
        *_download(),
    ]


def image(template: Template, size: str) -> list[Line]:
    """A picture that is answered and said aloud with a message from the cache."""
    spoken = [line for line in hit(template) if line.what in ("Express workflow", "Lambda", "S3", "logs")]
    s3 = PRICES["s3"]
    return [
        *_answered(template, size),
        Line("Standard workflow", 4 * PRICES["standard"]["transition"]),
        Line("S3", 2 * s3["write"]),  # audio, note
        *spoken,
    ]


def _answered(template: Template, size: str) -> list[Line]:
    """A picture that is answered, with nothing said."""
    model, s3 = MODELS[size], PRICES["s3"]
    tokens = cost_usd(model, picture_tokens(model, *EDGE) + PROMPT_TOKENS, ANSWER_TOKENS) or math.nan
    return [
        Line("the model", tokens),
        Line("Lambda", _lambda(template, "IdentifyImage", MODEL_MS + 4 * S3_MS)),
        Line("Standard workflow", 4 * PRICES["standard"]["transition"]),
        Line("S3", 3 * s3["write"] + 3 * s3["read"]),  # the upload, claim, result; picture, prompt, result
        Line("logs", _logs("IdentifyImage")),
    ]


def standing(template: Template) -> list[Line]:
    """What a month costs with no call at all."""
    metrics, composites = template.alarms()
    price, waf = PRICES["metrics"], PRICES["waf"]
    lines = [Line("alarms", metrics * price["alarm_metric_month"] + composites * price["composite_month"])]
    if template.parameters["PictureCanary"]["Default"] == "true":
        known = {size: sum(line.usd for line in _answered(template, size)) for size in KNOWN_PICTURES}
        lines.append(Line("canary", DAYS * sum(count * known[size] for size, count in KNOWN_PICTURES.items())))
    if template.guarded:
        lines.append(Line("firewall", waf["acl_month"] + template.rules() * waf["rule_month"]))
    return lines


def prices_of(region: str) -> tuple[dict[str, Any], str]:
    """The prices of a region, and a sentence that says which are known of another one only ("" where none is)."""
    base = {name: value for name, value in PRICES.items() if name != "regions"}
    if region == PRICES["region"]:
        return base, ""
    own = PRICES["regions"].get(region, {})
    lacks = [words for name, words in SOLD.items() if name not in own]
    of = "" if len(lacks) == len(SOLD) else f" for {', '.join(lacks[:-1])} and {lacks[-1]}" if lacks[1:] else lacks[0]
    sentence = (
        f"The stage is in {region}, and the table has no prices of it{of}: these are of {PRICES['region']}, "
        f"{PRICES['as_of']}. Add them to tools/operations/prices.toml, [regions.{region}]."
    )
    return base | own | ({"region": region} if own else {}), sentence if lacks else ""


def our_metrics(hits: int, new: int, images: int) -> list[Line]:
    """Metrics of ours: one costs a whole month's price only if it is sent in every hour; without calls it is free.

    Calls are taken as spread over the month at random: of its hours, a share of 1 - exp(-calls / hours) has one.
    """
    said = hits + new + images
    calls = {
        "stitch": new,
        "publish": new,
        "fetch_clips": new,
        "prepare_clip": new,
        "identify_image": images,
        "check_answers": 0,  # it sends once a day: cents
    }
    usd = 0.0
    for path in sorted((ROOT / "functions").glob("*/app.py")):
        text = path.read_text()
        for shared in re.findall(r"^from handlers\.(\w+) import", text, re.MULTILINE):
            text += (ROOT / "src" / "handlers" / f"{shared}.py").read_text() if shared != "rest" else ""
        names = {*re.findall(r'_metric\(f?"(\w+)', text), *re.findall(r'= Rest\("(\w+)"\)', text)}
        hours = HOURS * -math.expm1(-calls.get(path.parent.name, said) / HOURS)
        usd += len(names) * hours / HOURS * PRICES["metrics"]["metric_month"]
    return [Line("our metrics", usd)]


def together(lines: list[Line]) -> list[Line]:
    """One line for each thing, the dearest first."""
    sums: dict[str, float] = {}
    for line in lines:
        sums[line.what] = sums.get(line.what, 0) + line.usd
    return sorted((Line(what, usd) for what, usd in sums.items()), key=lambda line: -line.usd)


def report(stage: str, hits: int, new: int, images: int) -> str:
    """The table that `make cost` prints, for a stage and calls a month."""

    template = Template(stage)
    prices, lacks = prices_of(template.region)
    with _prices(prices):
        return _report(template, stage, (hits, new, images), lacks)


@contextlib.contextmanager
def _prices(prices: dict[str, Any]) -> Iterator[None]:
    """The prices of one region, for as long as the context lasts."""
    before = dict(PRICES)
    PRICES.update(prices)
    try:
        yield
    finally:
        PRICES.clear()
        PRICES.update(before)


def _report(template: Template, stage: str, calls: tuple[int, int, int], lacks: str) -> str:
    from tools.operations import campaign_cost  # which is made of the parts above

    hits, new, images = calls
    kinds = {
        "messages from the cache": (hit(template), hits),
        "messages made": (made(template), new),
        "pictures, small model": (image(template, "small"), images),
        "pictures, large model": (image(template, "large"), 0),
    }
    dates = f"{PRICES['region']}, {PRICES['as_of']}; durations measured {MEASURED['date']}"
    out = [
        f"List prices of {dates} (docs/operations.md).",
        *([lacks] if lacks else []),
        "",
        f"{'US dollars for 1,000':26}{'all':>10}  of it",
    ]
    monthly: list[Line] = []
    for kind, (lines, count) in kinds.items():
        parts = together(lines)
        total = sum(line.usd for line in parts)
        shares = ", ".join(f"{line.what} {1000 * line.usd:.4f}" for line in parts[:4])
        out.append(f"{kind:26}{1000 * total:10.4f}  {shares} …")
        monthly += [Line(line.what, count * line.usd) for line in parts]
    out += ["", *campaign_cost.table(template)]
    fixed = standing(template)
    volume = f"{hits:,} messages from the cache, {new:,} made, {images:,} pictures (small model)"
    out += ["", f"A month in {stage} with {volume}:"]
    every = together([*monthly, *fixed, *our_metrics(hits, new, images)])
    out += [f"  {line.what:24}{line.usd:10.2f}" for line in every if line.usd >= 0.005]
    out.append(f"  {'all':24}{sum(line.usd for line in every):10.2f}")
    *first, last = (line.what for line in fixed)
    standing_words = f"{', '.join(first)} and {last}"
    dearest = next((line for line in together(monthly) if line.usd and line.what in LEVERS), None)
    out.append(f"Of it {sum(line.usd for line in fixed):.2f} is there without any call: {standing_words}.")
    if dearest:
        out.append(f"Of what calls cost, {dearest.what} is the most. The cheapest lever: {LEVERS[dearest.what]}.")
    return "\n".join(out)
