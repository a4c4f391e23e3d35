"""How a command says that it cannot go on: in one line. Needs nothing but Python: names tell what AWS said."""

import sys
from collections.abc import Callable
from typing import Any
from urllib.error import URLError

CREDENTIALS = (
    "ConfigParseError",
    "CredentialRetrievalError",
    "LoginError",
    "PartialCredentialsError",
    "ProfileNotFound",
    "SSOError",
    "TokenRetrievalError",
)
"""Exceptions of botocore, with those that are made of them."""
REFUSED = (
    "AccessDenied",
    "AccessDeniedException",
    "AuthFailure",
    "ExpiredToken",
    "ExpiredTokenException",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "RequestExpired",
    "SignatureDoesNotMatch",
    "UnauthorizedOperation",
    "UnrecognizedClientException",
)
"""Codes with which AWS's services refuse a caller ("Common Errors" of their API references)."""


class Failure(Exception):
    """A command cannot go on; the message says why and what to do."""


def in_words(command: Callable[[], int | None]) -> int:
    """Run a command; returns the exit code. A failure that people can mend is one line; any other is raised."""
    try:
        return command() or 0
    except Exception as error:
        if not (sentence := _sentence(error)):
            raise
        print(f"error: {sentence}", file=sys.stderr)
        return 1


def _sentence(error: Exception) -> str:
    """What is said of an error; empty where it is a fault of the program."""
    if isinstance(error, Failure) or type(error) in (LookupError, RuntimeError):
        return str(error)
    if isinstance(error, URLError):
        return f"the service is not reached: {error.reason}"
    kinds = [kind.__name__ for kind in type(error).__mro__ if kind.__module__ == "botocore.exceptions"]
    if "NoCredentialsError" in kinds:
        return "there are no AWS credentials: set AWS_PROFILE, say"
    if "NoRegionError" in kinds:
        return "no AWS region is set: set AWS_REGION"
    if any(kind in CREDENTIALS for kind in kinds):
        return f"the AWS credentials cannot be read: {error} (AWS_PROFILE names them)"
    if "HTTPClientError" in kinds or "ConnectionError" in kinds:
        return f"AWS is not reached: {error}"
    if "ClientError" in kinds:
        answer: Any = error
        if answer.response.get("Error", {}).get("Code") in REFUSED:
            return f"AWS refuses these credentials: {error}"
    return ""
