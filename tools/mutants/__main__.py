"""`make mutants`: samples of mutants, the share that the tests notice, and the others by name."""

import argparse
import random
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

from tools.given import Parser, positive, whole
from tools.mutants import python, template
from tools.mutants.mutant import Mutant
from tools.mutants.run import ROOT, Trial, run

HERE = Path(__file__).parent
KINDS = ("python", "template")
WANTED = 95
"""Percent of the mutants that have to be noticed."""

TESTS = {
    "src/stitcher/text": ("test_words", "test_message", "test_phrases", "test_plan", "test_spelling"),
    "src/stitcher/numbers": ("test_numbers", "test_spelling", "test_plan_speech", "test_plan"),
    "src/stitcher/planning": ("test_phrases", "test_plan", "test_plan_speech", "test_catalogue", "test_voice"),
    "src/stitcher/formats": ("test_mp3", "test_ogg", "test_riff", "test_splice", "test_render", "test_prepared"),
    "src/stitcher/joining": ("test_splice", "test_render", "test_plan"),
}
"""The unit tests of each package, the nearest first."""
OF_TEMPLATE = (
    *("aws", "unit/test_workflow.py", "unit/test_identify_workflow.py", "unit/test_timeouts.py"),
    *("unit/test_template.py", "unit/test_identify_template.py", "unit/test_deployment.py", "unit/test_protection.py"),
    *("unit/test_operations.py", "unit/test_operations_alarms.py", "unit/test_operations_watched.py"),
    *("unit/test_openapi.py", "unit/test_operations_cost.py", "integration/test_watched_metrics.py"),
    *("pipeline/foundation/test_boundary.py", "pipeline/foundation/test_cloudformation_role.py"),
)


def trials(kind: str) -> Iterator[Trial]:
    """Every mutant there is of a kind."""
    if kind == "python":
        for package, unit in TESTS.items():
            tests = tuple(f"tests/unit/{name}.py" for name in unit)
            for path in sorted((ROOT / package).rglob("*.py")):
                name = str(path.relative_to(ROOT))
                yield from (Trial(mutant, tests) for mutant in python.mutants(name, path.read_text()))
        return
    tests = tuple(f"tests/{name}" for name in OF_TEMPLATE if (ROOT / "tests" / name).exists())
    for path in sorted((ROOT / "statemachine").glob("*.asl.json")):
        name = str(path.relative_to(ROOT))
        yield from (Trial(mutant, tests) for mutant in template.of_workflow(name, path.read_text()))
    source = (ROOT / "template.yaml").read_text()
    yield from (Trial(mutant, tests) for mutant in template.of_template("template.yaml", source))


def equivalents() -> dict[tuple[str, str], str]:
    """Mutants that change nothing that anybody could notice, with the reason."""
    found = tomllib.loads((HERE / "equivalent.toml").read_text()).get("mutant", [])
    return {(one["path"], one["says"]): one["why"] for one in found}


def main() -> int:
    """Returns 1 where less than `WANTED` percent are noticed."""
    parser = Parser(prog="python -m tools.mutants", description=__doc__)
    parser.add_argument("kinds", nargs="*", default=KINDS, metavar="KIND", help=f"{' or '.join(KINDS)}; else both")
    parser.add_argument("--sample", type=whole(1), default=200, help="number of mutants of each kind")
    parser.add_argument("--seed", type=whole(0), default=1, help="seed of the sample")
    parser.add_argument("--minutes", type=positive, default=20, help="time for each kind; no mutant starts after it")
    parser.add_argument("--only", default="", help="only files with this text in their path")
    given = parser.parse_args()
    return max([_measured(kind, given) for kind in given.kinds])


def _measured(kind: str, given: argparse.Namespace) -> int:
    known = equivalents()
    every = [one for one in trials(kind) if one.mutant.key not in known and given.only in one.mutant.path]
    chosen = random.Random(given.seed).sample(every, min(given.sample, len(every)))  # noqa: S311 - which are tried
    survived, tried = list[Mutant](), 0
    for tried, (trial, noticed) in enumerate(run(chosen, given.minutes), 1):
        if not noticed:
            survived.append(trial.mutant)
        print(f"{tried:>4}/{len(chosen)}  {'noticed ' if noticed else 'SURVIVED'}  {trial.mutant}", file=sys.stderr)
    score = 100 * (tried - len(survived)) / tried if tried else 0.0
    lines = [
        f"{kind}: {tried - len(survived)} of {tried} mutants noticed, {score:.1f} % (wanted: {WANTED} %)",
        f"sample: seed {given.seed}, of {len(every)}; {len(known)} known to change nothing",
        *(f"survived: {mutant}" for mutant in sorted(survived, key=str)),
    ]
    print("\n".join(lines))
    if not given.only:
        (HERE / "results").mkdir(exist_ok=True)
        (HERE / "results" / f"{kind}.txt").write_text("\n".join(lines) + "\n")
    return int(score < WANTED)


if __name__ == "__main__":
    sys.exit(main())
