"""Plays a telephony provider to the embedded AWS: a signed webhook, its document, and the audio that it names.

The signatures are made after the providers' documentation, and not with the libraries that the webhook checks them
with.
"""

import base64
import hashlib
import hmac
import secrets
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, unquote, urlencode

from tools.client import Response, fetch
from tools.local.stack import PROVIDERS, Stack

CALL = {"CallSid": "CA00000000000000000000000000000000", "From": "+910000000000", "To": "+910000000001"}
"""Of a call, as providers describe it."""


def set_up(stack: Stack) -> dict[str, str]:
    """Store a new secret for each provider; returns them by provider. A function takes a minute to see a change."""
    made = {name: secrets.token_hex(16) for name in PROVIDERS}
    store: Any = stack.client("ssm")
    for name, secret in made.items():
        store.put_parameter(Name=f"/stitcher/local/calls/{name}", Value=secret, Type="SecureString", Overwrite=True)
    return made


def address(stack: Stack, provider: str, query: Mapping[str, str]) -> str:
    """Where the provider is told to call: the parameters are in alphabetical order."""
    written = urlencode(sorted(query.items()), quote_via=quote, safe="!'()*~")
    return f"{stack.outputs['CallsApiUrl']}/calls/{provider}" + (f"?{written}" if written else "")


def signature(provider: str, url: str, form: Mapping[str, str], secret: str) -> dict[str, str]:
    """The headers that a provider signs a request with."""
    fields = "".join(f"{name}{form[name]}" for name in sorted(form))
    if provider == "twilio":
        return {"X-Twilio-Signature": _hmac(secret, url + fields, hashlib.sha1)}
    place, _, query = url.partition("?")
    named = "&".join(sorted(unquote(one) for one in query.split("&")))
    mark = "?" if query or form else ""
    dot = "." if query and form else ""
    nonce = secrets.token_hex(10)
    signed = _hmac(secret, f"{place}{mark}{named}{dot}{fields}.{nonce}", hashlib.sha256)
    return {"X-Plivo-Signature-V3": signed, "X-Plivo-Signature-V3-Nonce": nonce}


def call(
    stack: Stack, url: str, form: Mapping[str, str], headers: Mapping[str, str], body: bytes | None = None
) -> Response:
    """Send a webhook; `body` in place of the form's."""
    sent = {"Content-Type": "application/x-www-form-urlencoded", **headers}
    return fetch(stack.here(url), data=urlencode(form).encode() if body is None else body, headers=sent)


def link_of(document: bytes) -> str | None:
    """The audio that a provider's document plays; None where it plays none."""
    played = ET.fromstring(document).find("Play")  # noqa: S314 - made by the service
    return None if played is None else played.text


def _hmac(secret: str, text: str, algorithm: Any) -> str:
    return base64.b64encode(hmac.digest(secret.encode(), text.encode(), algorithm)).decode()
