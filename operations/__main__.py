"""`python -m operations`: what is made of the objectives."""

import argparse


def main() -> None:
    """Run one of the commands."""
    parser = argparse.ArgumentParser(prog="python -m operations", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("template", help="write alarms of error budgets and dashboards into template.yaml")
    commands.add_parser("pictures", help="draw the dashboards from sample data into docs/images/")
    commands.add_parser("record", help="record minutes of a fault on the embedded AWS into tests/recordings/")
    # Each needs packages of its own environment.
    match parser.parse_args().command:
        case "template":
            from operations.template import TEMPLATE, written

            TEMPLATE.write_text(written(TEMPLATE.read_text()))
        case "pictures":
            from operations.pictures import draw

            draw()
        case "record":
            from operations.record import record

            record()


if __name__ == "__main__":
    main()
