"""How many examples property tests try, and which.

- `ci`, the default: the same ones every time, on every machine. An example that was found elsewhere is an @example.
- `quick` (`make quick`): a fifth of those.
- `mutants` (`make mutants`): the same, without a search for the smallest one that fails.
- `fuzz` (`make fuzz`): others every time, and `FUZZ_EXAMPLES` of each.
"""

import os

from hypothesis import Phase, settings

USUAL = 50
"""Examples of a property in `ci`, where its test says nothing; `make fuzz` tries thousands."""
FULL = 100
"""What the numbers of `of_usual` are a share of."""
FUZZ_EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "2000"))
PROFILE = os.environ.get("HYPOTHESIS_PROFILE", "ci")


def load() -> None:
    """Let hypothesis use the profile that the environment names. How long an example takes says nothing here."""
    settings.register_profile("ci", deadline=None, max_examples=USUAL, derandomize=True)
    quick = [Phase.explicit, Phase.generate]
    settings.register_profile("quick", settings.get_profile("ci"), max_examples=USUAL // 5)
    settings.register_profile("mutants", settings.get_profile("ci"), phases=quick, report_multiple_bugs=False)
    settings.register_profile("fuzz", deadline=None, max_examples=FUZZ_EXAMPLES, print_blob=True)
    settings.load_profile(PROFILE)


def of_usual(examples: int) -> settings:
    """For tests whose examples take long or tell little: so many in `ci`, and the same share in the other profiles."""
    share = {"fuzz": FUZZ_EXAMPLES, "quick": USUAL // 5}.get(PROFILE, USUAL)
    return settings(max_examples=max(1, examples * share // FULL))
