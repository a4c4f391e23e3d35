"""The embedded AWS's root account: new credentials at every start, which only this user can read.

They are in a file in the form that AWS's own tools read (`AWS_SHARED_CREDENTIALS_FILE`).
"""

import configparser
import os
import secrets
from pathlib import Path

from botocore.credentials import Credentials

NAME = "credentials"
"""Of the file in the emulator's folder."""


def renewed(folder: Path) -> Credentials:
    """New credentials, in the folder's file instead of the last ones; the folder is closed to other users."""
    folder.chmod(0o700)
    made = Credentials(f"AKIA{secrets.token_hex(8).upper()}", secrets.token_urlsafe(30))
    file = configparser.ConfigParser(interpolation=None)
    file["default"] = {"aws_access_key_id": made.access_key, "aws_secret_access_key": made.secret_key}
    (folder / NAME).unlink(missing_ok=True)  # a file keeps the rights that it was made with
    with os.fdopen(os.open(folder / NAME, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        file.write(out)
    return made


def read(folder: Path) -> Credentials:
    """The credentials of the emulator that runs in the folder. Raises `LookupError` where there are none."""
    file = configparser.ConfigParser(interpolation=None)
    if not file.read(folder / NAME):
        raise LookupError(f"no embedded AWS was started in {folder}")
    return Credentials(file["default"]["aws_access_key_id"], file["default"]["aws_secret_access_key"])


def variables(credentials: Credentials) -> dict[str, str]:
    """The credentials as AWS's tools read them from the environment."""
    return {"AWS_ACCESS_KEY_ID": credentials.access_key, "AWS_SECRET_ACCESS_KEY": credentials.secret_key}
