"""A question in Bedrock's `Converse` to a vision server with OpenAI's chat completions, and its answer back.

llama.cpp, Ollama, vLLM and others are such. It must take pictures and tools; the first model that it lists is asked.
"""

import json
import urllib.error
import urllib.request
from typing import Any

Json = dict[str, Any]
SECONDS = 55
"""Less than the function waits."""

STOPS = {"length": "max_tokens", "content_filter": "content_filtered"}


def converse(server: str, request: Json) -> tuple[int, str, Json]:
    """(HTTP status, name of Bedrock's error or "", body); the server's refusals become Bedrock's."""
    base = server.rstrip("/").removesuffix("/v1") + "/v1"
    try:
        question = to_chat(request)
    except ValueError as error:
        return 400, "ValidationException", {"message": str(error)}
    try:
        question["model"] = _call(f"{base}/models")["data"][0]["id"]
        return 200, "", from_chat(_call(f"{base}/chat/completions", question), question["model"])
    except urllib.error.HTTPError as error:
        with error:
            detail = error.read().decode(errors="replace")[:500]
        if error.code == 429:
            return 429, "ThrottlingException", {"message": detail}
        if error.code >= 500:
            return 503, "ServiceUnavailableException", {"message": detail}
        return 400, "ValidationException", {"message": f"the model server answered {error.code}: {detail}"}
    except OSError as error:
        return 503, "ServiceUnavailableException", {"message": f"the model server is out of reach: {error}"}
    except (LookupError, ValueError) as error:
        return 424, "ModelErrorException", {"message": f"the model server's answer is none: {error!r}"}


def _call(url: str, body: Json | None = None) -> Json:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=SECONDS) as reply:
        answer: Json = json.load(reply)
    return answer


def to_chat(request: Json) -> Json:
    """The body of `POST /v1/chat/completions`, without its model. Raises ValueError for a document: it has no place."""
    messages: list[Json] = [{"role": "system", "content": "".join(part["text"] for part in request.get("system", ()))}]
    for message in request["messages"]:
        messages.append({"role": message["role"], "content": [_part(block) for block in message["content"]]})
    tools = [entry["toolSpec"] for entry in request["toolConfig"]["tools"]]
    settings = request.get("inferenceConfig", {})
    return {
        "messages": messages,
        "tools": [
            {
                "type": "function",
                "function": {
                    "name": tool["name"],
                    "description": tool.get("description", ""),
                    "parameters": tool["inputSchema"]["json"],
                },
            }
            for tool in tools
        ],
        "tool_choice": {"type": "function", "function": {"name": tools[0]["name"]}},
        "max_tokens": settings.get("maxTokens", 1024),
        "temperature": settings.get("temperature", 0),
    }


def _part(block: Json) -> Json:
    if "text" in block:
        return {"type": "text", "text": block["text"]}
    if "image" not in block:
        raise ValueError("a model server takes pictures only, no documents")
    image = block["image"]
    url = f"data:image/{image['format']};base64,{image['source']['bytes']}"
    return {"type": "image_url", "image_url": {"url": url}}


def from_chat(answer: Json, model: str) -> Json:
    """Converse's answer, with the name of the model that gave it."""
    choice = answer["choices"][0]
    calls = choice["message"].get("tool_calls") or ()
    stop = STOPS.get(choice.get("finish_reason", ""), "tool_use" if calls else "end_turn")
    content: list[Json] = []
    if text := choice["message"].get("content"):
        content.append({"text": text})
    for call in calls:
        try:
            given = json.loads(call["function"]["arguments"])
        except ValueError:
            stop = "malformed_tool_use" if stop == "tool_use" else stop
            continue
        use = {"toolUseId": call.get("id", "0"), "name": call["function"]["name"], "input": given}
        content.append({"toolUse": use})
    usage = answer.get("usage", {})
    asked, said = usage.get("prompt_tokens", 0), usage.get("completion_tokens", 0)
    return {
        "output": {"message": {"role": "assistant", "content": content or [{"text": ""}]}},
        "stopReason": stop,
        "usage": {"inputTokens": asked, "outputTokens": said, "totalTokens": asked + said},
        "metrics": {"latencyMs": 0},
        "additionalModelResponseFields": {"answered_by": model},
    }
