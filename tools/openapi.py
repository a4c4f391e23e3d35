"""The API's description, made from the models: `make openapi`."""

import ast
import inspect
import json
import sys
import textwrap
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import TypeAdapter

from identifier import api as pictures
from stitcher import limits
from stitcher.api.answers import (
    ClipAnswer,
    ClipChanged,
    ClipEntry,
    ClipSegment,
    ClipsPage,
    ClipVersion,
    PauseSegment,
    PlanAnswer,
    Problem,
    SettingsAnswer,
    Unusable,
    UploadAnswer,
    VoiceEntry,
    VoicesPage,
)
from stitcher.api.campaigns import (
    LARGEST_PAGE as LARGEST_CAMPAIGNS,
)
from stitcher.api.campaigns import (
    PAGE as PAGE_OF_CAMPAIGNS,
)
from stitcher.api.campaigns import (
    CampaignAnswer,
    CampaignRequest,
    CampaignsPage,
    TableUpload,
)
from stitcher.api.form import StitchRequest
from stitcher.api.listing import LARGEST_PAGE, PAGE
from stitcher.api.recording import RestoreRequest, SettingsRequest, UploadRequest
from stitcher.api.requests import Answer
from stitcher.formats.platforms import FORMATS
from stitcher.planning.catalogue import VOICE_CHARACTERS

Json = dict[str, Any]
ROOT = Path(__file__).parents[1]

ABSENT: tuple[type, ...] = (
    *(StitchRequest, pictures.PictureRequest, Problem, Unusable),
    *(UploadRequest, RestoreRequest, SettingsRequest, CampaignRequest),
)
"""Models whose optional fields are left out, not null."""
SENT: tuple[type, ...] = (
    *(Answer, PlanAnswer, ClipSegment, PauseSegment),
    *(VoicesPage, VoiceEntry, ClipsPage, ClipEntry),
    *(
        pictures.PictureUpload,
        pictures.PictureForm,
        pictures.PictureAnswer,
        pictures.PicturesPage,
        pictures.PictureEntry,
    ),
    *(UploadAnswer, ClipAnswer, ClipVersion, ClipChanged, SettingsAnswer),
    *(CampaignAnswer, CampaignsPage, TableUpload),
)
"""Models whose fields are all there, always."""

VOICE = r"[\p{L}\p{M}\p{N}_-]*[\p{L}\p{M}\p{N}][\p{L}\p{M}\p{N}_-]*"
"""A voice's name (ECMA 262 with the flag `u`, as JSON Schema asks for)."""
MOST_PARTS = (limits.SEGMENTS + 1) // 2
"""Of a request with pauses: with clips between them, they are the segments of a message."""

PROBLEMS = {
    400: "The request is not valid: `detail` says why",
    403: "Not signed, wrongly signed, not allowed, or no such path",
    404: "There is no such voice (`detail` names the one that was meant), clip, campaign or picture",
    409: "The campaign runs already",
    413: "The message is too long",
    415: "The body is not JSON",
    422: "Words without a clip (`missing`), files that cannot be used (`unusable`), or a prompt that does not exist",
    429: "Too many requests: try again later",
    500: "The service failed: try again",
    504: "The message took too long to make: try again",
}
# What the models check in code, or leave to the planner.
REQUEST_MORE: Json = {
    "message": {"description": "What to say, as text", "minLength": 1, "maxLength": limits.MESSAGE_CHARACTERS},
    "message_parts": {
        "description": "What to say, as a list of clips: file names or phrases. With `gap_ms: 0` there may be twice "
        "as many",
        "minItems": 1,
        "maxItems": MOST_PARTS,
        "items": {"type": "string", "minLength": 1, "maxLength": limits.PART_CHARACTERS},
    },
    "voice": {
        "description": "A folder of clips; the default voice where it is empty",
        "pattern": f"^({VOICE})?$",
        "maxLength": VOICE_CHARACTERS,
    },
    "format": {"description": "How the audio is encoded, or the platform that plays it", "enum": list(FORMATS)},
    "gap_ms": {},
    "missing": {"pattern": f"^(error|skip|silence|fallback:(-|{VOICE}))$"},
    "read_numbers": {},
}


def document() -> Json:
    """The whole description."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Audio Stitcher",
            "version": "1",
            "description": "Recorded words and phrases in, one evenly loud spoken message out.",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [
            {
                "url": "https://{api}.execute-api.{region}.amazonaws.com/{stage}",
                "description": "The stack's output ApiUrl",
                "variables": {
                    "api": {"default": "api"},
                    "region": {"default": "ap-south-1"},
                    "stage": {"default": "dev", "enum": ["local", "dev", "test", "stage", "prod"]},
                },
            }
        ],
        "security": [{"sigv4": []}],
        "paths": _paths(),
        "components": {
            "schemas": _schemas(),
            "responses": {
                f"Problem{status}": {
                    "description": description,
                    "content": {"application/problem+json": {"schema": _ref(Problem)}},
                }
                for status, description in PROBLEMS.items()
            },
            "securitySchemes": {
                "sigv4": {
                    "type": "apiKey",
                    "name": "Authorization",
                    "in": "header",
                    "description": "AWS Signature Version 4 for the service execute-api",
                    "x-amazon-apigateway-authtype": "awsSigv4",
                }
            },
        },
    }


def _paths() -> Json:
    samples = {path.stem: json.loads(path.read_text()) for path in sorted((ROOT / "events" / "api").glob("*.json"))}
    media: Json = {"schema": _ref(StitchRequest), "examples": {name: {"value": body} for name, body in samples.items()}}
    body = {"required": True, "content": {"application/json": media}}
    accept = {
        "name": "Accept",
        "in": "header",
        "schema": {"type": "string"},
        "description": "`audio/*` or a type of it: the answer is a redirect to the audio",
    }
    found = {
        "description": "For who accepts audio: where it is",
        "headers": {"Location": {"schema": {"type": "string", "format": "uri"}}},
        "content": {"application/json": {"schema": _ref(Answer)}},
    }
    voice = {
        "name": "voice",
        "in": "path",
        "required": True,
        "schema": {"type": "string", "minLength": 1, "maxLength": VOICE_CHARACTERS, "pattern": f"^(-|{VOICE})$"},
        "description": "A voice's name; `-` is the default voice",
    }
    refused, listed = _problems(400, 403, 404, 413, 415, 422, 429, 500), _problems(400, 403, 429, 500, 504)
    stitch = {
        "operationId": "stitch",
        "summary": "Say a message",
        "parameters": [accept],
        "requestBody": body,
        "responses": _answers(Answer, "The message as audio, new or from the cache")
        | {"303": found}
        | refused
        | _problems(504),
    }
    plan = {
        "operationId": "plan",
        "summary": "Plan a message without making it",
        "requestBody": body,
        "responses": _answers(PlanAnswer, "How the message would be said") | refused | _problems(504),
    }
    voices = {
        "operationId": "voices",
        "summary": "List the voices",
        "parameters": _paging("`next` of the page before: a voice, `-` for the default one"),
        "responses": _answers(VoicesPage, "The default voice, and the folders that hold a clip") | listed,
    }
    clips = {
        "operationId": "clips",
        "summary": "List a voice's clips",
        "parameters": [voice, *_paging("`next` of the page before: a clip's key")],
        "responses": _answers(ClipsPage, "Its clips, and what preparing them found") | listed | _problems(404),
    }
    return {
        "/stitch": {"post": stitch},
        "/plans": {"post": plan},
        "/voices": {"get": voices},
        "/voices/{voice}/clips": {"get": clips, "post": _upload(voice)},
        "/voices/{voice}/clips/{name}": _clip(voice),
        "/voices/{voice}/settings": _settings(voice),
        **_campaigns(),
        **_picture_paths(),
    }


def _campaigns() -> Json:
    """The paths of campaigns."""
    identity = {
        "name": "id",
        "in": "path",
        "required": True,
        "schema": {"type": "string", "pattern": "^[0-9a-f]{20}$"},
        "description": "The campaign's id",
    }
    refused, unknown = _problems(400, 403, 429, 500, 504), _problems(403, 404, 429, 500, 504)
    paging = _paging("`next` of the page before: a campaign's id", LARGEST_CAMPAIGNS, PAGE_OF_CAMPAIGNS)
    return {
        "/campaigns": {
            "get": {
                "operationId": "campaigns",
                "summary": "List the campaigns",
                "parameters": paging,
                "responses": _answers(CampaignsPage, "The campaigns by id") | refused,
            },
            "post": {
                "operationId": "createCampaign",
                "summary": "Get a form that uploads a table of messages",
                "requestBody": _body(CampaignRequest),
                "responses": _answers(CampaignAnswer, "The campaign, and the form for its table")
                | refused
                | _problems(404, 409, 415),
            },
        },
        "/campaigns/{id}": {
            "get": {
                "operationId": "campaign",
                "summary": "Look at a campaign: its state, its counts, its links",
                "parameters": [identity],
                "responses": _answers(CampaignAnswer, "The campaign and its last run") | unknown,
            }
        },
        **{
            f"/campaigns/{{id}}/{verb}": {
                "post": {
                    "operationId": f"{verb}Campaign",
                    "summary": summary,
                    "parameters": [identity],
                    "responses": _answers(CampaignAnswer, "It has begun") | unknown | _problems(409),
                }
            }
            for verb, summary in {
                "check": "Plan all rows and make no audio",
                "run": "Make the audio of all rows, and the manifest",
            }.items()
        },
    }


def _upload(voice: Json) -> Json:
    return {
        "operationId": "uploadClip",
        "summary": "Get a form that uploads one recording",
        "parameters": [voice],
        "requestBody": _body(UploadRequest),
        "responses": _answers(UploadAnswer, "The form") | _problems(400, 403, 415, 429, 500, 504),
    }


def _clip(voice: Json) -> Json:
    """The methods of one clip."""
    name = {
        "name": "name",
        "in": "path",
        "required": True,
        "schema": {"type": "string"},
        "description": "The clip's file name: the last part of its key",
    }
    refused = _problems(400, 403, 404, 429, 500, 504)
    return {
        "get": {
            "operationId": "clip",
            "summary": "Look at a clip: its report, a link to listen, its versions",
            "parameters": [voice, name],
            "responses": _answers(ClipAnswer, "The clip, also a deleted one") | refused,
        },
        "put": {
            "operationId": "restoreClip",
            "summary": "Make an old version the clip again",
            "parameters": [voice, name],
            "requestBody": _body(RestoreRequest),
            "responses": _answers(ClipChanged, "It is the clip, and is prepared anew") | refused | _problems(415),
        },
        "delete": {
            "operationId": "deleteClip",
            "summary": "Delete a clip; its versions stay",
            "parameters": [voice, name],
            "responses": _answers(ClipChanged, "It is deleted, and the version restores it") | refused,
        },
    }


def _settings(voice: Json) -> Json:
    """The methods of a voice's settings."""
    refused = _problems(400, 403, 429, 500, 504)
    return {
        "get": {
            "operationId": "settings",
            "summary": "Read a voice's settings",
            "parameters": [voice],
            "responses": _answers(SettingsAnswer, "Its `voice.toml`, and what that says") | refused,
        },
        "put": {
            "operationId": "changeSettings",
            "summary": "Write a voice's settings",
            "parameters": [voice],
            "requestBody": _body(SettingsRequest),
            "responses": _answers(SettingsAnswer, "They are written") | refused | _problems(415, 422),
        },
    }


def _body(model: type) -> Json:
    return {"required": True, "content": {"application/json": {"schema": _ref(model)}}}


def _picture_paths() -> Json:
    example = {"name": "cow.jpg", "size": 217_304, "prompt": "animal", "expected": {"animal": "cattle"}}
    media = {"schema": _ref(pictures.PictureRequest), "examples": {"cow": {"value": example}}}
    expect = {
        "operationId": "expect_picture",
        "summary": "Prepare the upload of a picture to identify",
        "requestBody": {"required": True, "content": {"application/json": media}},
        "responses": _answers(pictures.PictureUpload, "A form that uploads the picture; it is identified then", 201)
        | _problems(400, 403, 415, 422, 429, 500, 504),
    }
    prompt = {
        "name": "prompt",
        "in": "query",
        "schema": {"type": "string"},
        "description": "Only pictures of this prompt; `_`: those that belong to no prompt",
    }
    after, limit = _paging("`next` of the page before, or any picture's id: only later ones")
    limit = limit | {"schema": limit["schema"] | {"maximum": pictures.LARGEST_PAGE, "default": pictures.PAGE}}
    several = {
        "operationId": "pictures",
        "summary": "List pictures and their answers, oldest first; those of one prompt, or prompt by prompt",
        "parameters": [prompt, after, limit],
        "responses": _answers(pictures.PicturesPage, "Some pictures") | _problems(400, 403, 429, 500, 504),
    }
    picture_id = {
        "name": "id",
        "in": "path",
        "required": True,
        "schema": {"type": "string"},
        "description": "The picture's id",
    }
    one = {
        "operationId": "picture",
        "summary": "Get a picture's state, its answer, and the address of the spoken answer",
        "parameters": [picture_id],
        "responses": _answers(pictures.PictureAnswer, "One picture") | _problems(400, 403, 404, 429, 500, 504),
    }
    return {"/pictures": {"post": expect, "get": several}, "/pictures/{id}": {"get": one}}


def _answers(answer: type, description: str, status: int = 200) -> Json:
    return {str(status): {"description": description, "content": {"application/json": {"schema": _ref(answer)}}}}


def _problems(*statuses: int) -> Json:
    return {str(status): {"$ref": f"#/components/responses/Problem{status}"} for status in statuses}


def _paging(after: str, largest: int = LARGEST_PAGE, usual: int = PAGE) -> list[Json]:
    limit = {"type": "integer", "minimum": 1, "maximum": largest, "default": usual}
    return [
        {
            "name": "after",
            "in": "query",
            "schema": {"type": "string"},
            "description": after,
        },
        {"name": "limit", "in": "query", "schema": limit, "description": "How many at most"},
    ]


def _ref(model: type) -> Json:
    return {"$ref": f"#/components/schemas/{model.__name__}"}


def _schemas() -> Json:
    modes: list[tuple[type, Literal["validation", "serialization"]]] = [
        *((model, "validation") for model in ABSENT),
        *((model, "serialization") for model in SENT),
    ]
    _, definitions = TypeAdapter.json_schemas(
        [(model.__name__, mode, TypeAdapter(model)) for model, mode in modes],
        ref_template="#/components/schemas/{model}",
    )
    schemas: Json = {}
    for model, _ in modes:
        schema = _untitled(definitions["$defs"][model.__name__])
        for field, said in _docstrings(model).items():
            schema["properties"][field] = schema["properties"][field] | {"description": said}
        if model in SENT:  # those with a default, too
            schema["required"] = list(schema["properties"])
        else:
            schema["properties"] = {name: _not_null(field) for name, field in schema["properties"].items()}
        schemas[model.__name__] = schema
    asked = schemas["CampaignRequest"]["properties"]
    asked["format"] = asked["format"] | {"enum": list(FORMATS)}
    asked["missing"] = asked["missing"] | REQUEST_MORE["missing"]
    request = schemas["StitchRequest"]
    request["properties"] = {name: field | REQUEST_MORE[name] for name, field in request["properties"].items()}
    request["oneOf"] = [{"required": ["message"]}, {"required": ["message_parts"]}]
    return schemas


def _untitled(schema: Json) -> Json:
    """Without the titles that pydantic makes of names."""
    kept = {key: value for key, value in schema.items() if key != "title"}
    if "properties" in kept:
        kept["properties"] = {name: _untitled(field) for name, field in kept["properties"].items()}
    return kept


def _not_null(field: Json) -> Json:
    kinds = [kind for kind in field.get("anyOf", ()) if kind != {"type": "null"}]
    if len(kinds) != 1:
        return field
    (kind,) = kinds
    return {**kind, **{key: value for key, value in field.items() if key not in ("anyOf", "default")}}


def _docstrings(model: type) -> dict[str, str]:
    """The texts under a model's fields."""
    (source,) = ast.parse(textwrap.dedent(inspect.getsource(model))).body
    assert isinstance(source, ast.ClassDef)  # noqa: S101 - for the type checker
    found = {}
    for field, text in zip(source.body, source.body[1:], strict=False):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and isinstance(text, ast.Expr):
            said = ast.literal_eval(text.value)
            found[field.target.id] = " ".join(inspect.cleandoc(said).split())
    return found


class _Dumper(yaml.SafeDumper):  # type: ignore[misc] # PyYAML has no types
    def ignore_aliases(self, _data: Any) -> bool:
        return True


def text() -> str:
    """docs/openapi.yaml."""
    head = "# Made by `make openapi` (tools/openapi.py) from the models in src/stitcher; do not edit.\n"
    made: str = yaml.dump(document(), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110)
    return head + made


if __name__ == "__main__":
    sys.stdout.write(text())
