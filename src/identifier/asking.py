"""Asks of one picture: a model that loses its way is asked another way, a wrong form is corrected once.

The workflow waits and tries again where time helps. Here are the tries where time does not help.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from identifier.errors import Muddled, Outcome, Rejected, Unusable
from identifier.model import Reply, ask
from identifier.picture import Picture
from identifier.prices import cost_usd
from identifier.prompt import Prompt

if TYPE_CHECKING:
    from mypy_boto3_bedrock_runtime import BedrockRuntimeClient

MOST_ASKS = 3
"""Of one picture in one run of the function, which has time for these."""
OTHER_TEMPERATURE = 0.5
CORRECTED = ("schema", "no_answer", "malformed")
"""Reasons that the model can mend when it sees its answer again."""
ANOTHER_WAY = ("malformed_tool_use", "malformed_model_output")


@dataclass(frozen=True, slots=True)
class Models:
    """The models of an environment: a prompt names `small` or `large`, or a model's id."""

    small: str
    large: str

    def named(self, name: str) -> str:
        """The model's id."""
        return {"small": self.small, "large": self.large}.get(name, name)

    @property
    def all(self) -> tuple[str, str]:
        """The ids that the environment may ask."""
        return self.small, self.large


@dataclass(frozen=True, slots=True)
class Asked:
    """What came of asking about a picture: an answer or the reason for none, and what all asks took together.

    `cost_usd` is None if a model has no price.
    """

    outcome: Reply | Outcome
    model: str
    asks: int
    input_tokens: int
    output_tokens: int
    latency_ms: int
    cost_usd: float | None


@dataclass(slots=True)
class _Spent:
    asks: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    latency_ms: int = 0
    cost_usd: float | None = 0.0

    def add(self, model: str, used: Reply | Rejected) -> None:
        cost = cost_usd(model, used.input_tokens, used.output_tokens)
        self.input_tokens += used.input_tokens
        self.output_tokens += used.output_tokens
        self.latency_ms += used.latency_ms
        self.cost_usd = None if cost is None or self.cost_usd is None else round(self.cost_usd + cost, 8)


Ask = Callable[[Prompt, Picture], Asked]


def asker(client: Callable[[], "BedrockRuntimeClient"], models: Models) -> Ask:
    """A function that asks a prompt's model about a picture; raises `Busy`, `Throttled` and `Refused` as `ask`."""
    return lambda prompt, picture: asked(client(), models, prompt, picture)


def asked(client: "BedrockRuntimeClient", models: Models, prompt: Prompt, picture: Picture) -> Asked:
    """Ask, three times at most. Raises `Busy`, `Throttled` and `Refused` as `ask`."""
    spent, wrong = _Spent(), None
    outcome: Reply | Outcome = Rejected("malformed_tool_use", "the model lost its way in the tool's form each time")
    ways = _ways(prompt, models)
    way = next(ways)
    while spent.asks < MOST_ASKS:
        spent.asks += 1
        model = way.model
        try:
            reply = ask(client, way, picture, wrong)
        except Muddled:
            wrong, way = None, next(ways, way)
            continue
        except Unusable:  # the day's last call is taken
            if spent.asks == 1:
                raise
            spent.asks -= 1
            break
        except Rejected as refusal:
            spent.add(model, refusal)
            outcome = refusal
            if refusal.reason in ANOTHER_WAY:
                wrong, way = None, next(ways, way)
            elif refusal.reason in CORRECTED and wrong is None and refusal.said and refusal.said.get("content"):
                wrong = refusal
            else:
                break
        else:
            spent.add(reply.answered_by or model, reply)
            outcome, model = reply, reply.answered_by or model
            break
    return Asked(outcome, model, spent.asks, spent.input_tokens, spent.output_tokens, spent.latency_ms, spent.cost_usd)


def _ways(prompt: Prompt, models: Models) -> Iterator[Prompt]:
    """The prompt as it is; with other sampling, if the model takes a temperature; to the large model."""
    own = prompt.model_copy(update={"model": models.named(prompt.model)})
    yield own
    if own.temperature is not None:
        temperature = 0.0 if own.temperature >= OTHER_TEMPERATURE else OTHER_TEMPERATURE
        yield own.model_copy(update={"temperature": temperature, "options": _freed(own.options)})
    if models.large and own.model != models.large:
        same_maker = _maker(own.model) == _maker(models.large)
        yield own.model_copy(update={"model": models.large, "options": own.options if same_maker else {}})


def _freed(options: dict[str, Any]) -> dict[str, Any]:
    """The options without `topK: 1`, which lets the temperature change nothing."""
    settings = {name: value for name, value in options.get("inferenceConfig", {}).items() if name != "topK"}
    rest = {name: value for name, value in options.items() if name not in ("inferenceConfig", "top_k")}
    return rest | ({"inferenceConfig": settings} if settings else {})


def _maker(model: str) -> str:
    return model.partition(":")[0].split(".")[-2]
