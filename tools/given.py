"""What is given to make: a mistake is one sentence that names the variable. Needs nothing but Python.

python tools/given.py AUDIOS IMAGE      # fails unless these variables name what is there
"""

import argparse
import math
import os
import re
import sys
from collections.abc import Callable, Collection
from difflib import get_close_matches
from pathlib import Path
from typing import NoReturn

VARIABLES = {"url": "API_URL"}
"""Variables of make that have another name than their option."""
OF_AN_OPTION = re.compile(r"argument --([\w-]+)(?:/\S+)?: (.*)", re.DOTALL)


class Parser(argparse.ArgumentParser):
    """A parser that says which variable of make is wrong. Commands that are added to it do so, too."""

    def error(self, message: str) -> NoReturn:
        """End with code 2 and one sentence: people call make, so how the program is called says nothing to them."""
        found = OF_AN_OPTION.fullmatch(message)
        self.exit(2, f"error: {f'{variable(found[1])} {found[2]}' if found else message}\n")


def variable(option: str) -> str:
    """The variable of make for an option's name (without its --)."""
    return VARIABLES.get(option, option.upper().replace("-", "_"))


def whole(least: int, most: int | None = None) -> Callable[[str], int]:
    """Reads a whole number of these bounds."""
    wanted = f"a whole number of {least} or more" if most is None else f"a whole number from {least} to {most}"

    def read(text: str) -> int:
        if not re.fullmatch(r"-?[0-9]{1,18}", filled(text)) or not least <= int(text) <= (most or math.inf):
            raise argparse.ArgumentTypeError(f"is {text!r}: it must be {wanted}, in digits alone")
        return int(text)

    return read


def positive(text: str) -> float:
    """Reads a finite number above 0."""
    try:
        number = float(filled(text))
    except ValueError:
        number = math.nan
    if not 0 < number < math.inf:
        raise argparse.ArgumentTypeError(f"is {text!r}: it must be a number above 0")
    return number


def one_of(known: Collection[str]) -> Callable[[str], str]:
    """Reads one of these words; of another, the nearest is said."""

    def read(text: str) -> str:
        if filled(text) in known:
            return text
        near = get_close_matches(text.lower(), known, n=1)
        meant = f"did you mean {near[0]}? " if near else ""
        raise argparse.ArgumentTypeError(f"is {text!r}: {meant}it must be one of {', '.join(known)}")

    return read


def release(text: str) -> str:
    """Reads a release's name."""
    if not re.fullmatch(r"[0-9a-f]{12}", filled(text)):
        raise argparse.ArgumentTypeError(f"is {text!r}: a release's name has 12 digits of 0-9 and a-f")
    return text


def filled(text: str) -> str:
    """Reads any text but none."""
    if not text:
        raise argparse.ArgumentTypeError("is empty: give it a value")
    return text


def file(text: str) -> Path:
    """Reads the path of a file that is there."""
    if not Path(filled(text)).is_file():
        raise argparse.ArgumentTypeError(f"is {text!r}: there is no such file")
    return Path(text)


def folder(text: str) -> Path:
    """Reads the path of a folder that is there. No path would be the current folder."""
    if not Path(filled(text)).is_dir():
        raise argparse.ArgumentTypeError(f"is {text!r}: there is no such folder")
    return Path(text)


PATHS = {"AUDIOS": folder, "IMAGE": file, "MESSAGES": file}


def main(names: Collection[str]) -> int:
    """Look at the paths in these variables of the environment; returns the exit code."""
    for name in names:
        try:
            PATHS[name](os.environ.get(name, ""))
        except argparse.ArgumentTypeError as error:
            print(f"error: {name} {error}", file=sys.stderr)
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
