# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m lab.tools [NAME …]`: have the lab's tools and print where they are."""

from __future__ import annotations

import argparse
import sys

from lab.tools.errors import ToolError
from lab.tools.toolbox import TOOL_NAMES, ensure, table


def main(arguments: list[str] | None = None) -> int:
    """Return 0, or 1 after one sentence on standard error when a tool cannot be had."""
    parser = argparse.ArgumentParser(prog="python -m lab.tools", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(TOOL_NAMES)}")
    options = parser.parse_args(arguments)
    try:
        print(table(ensure(options.names or None)))
    except ToolError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
