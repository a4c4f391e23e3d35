"""`python -m operations`: what is made of the objectives."""

import argparse

from operations.template import TEMPLATE, written


def main() -> None:
    """Run one of the commands."""
    parser = argparse.ArgumentParser(prog="python -m operations", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("template", help="write alarms of error budgets and dashboards into template.yaml")
    commands.add_parser("pictures", help="draw the dashboards from sample data into docs/images/")
    command = parser.parse_args().command
    if command == "template":
        TEMPLATE.write_text(written(TEMPLATE.read_text()))
        return
    from operations.pictures import draw  # matplotlib is only in the environment of `make bench`

    draw()


if __name__ == "__main__":
    main()
