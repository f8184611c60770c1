"""The command-line tool that came with the package: `edgemoe …` or `python -m edgemoe …`."""

import os
import sys
from pathlib import Path


def main() -> int:
    """Becomes the tool; returns only where there is none."""
    tool = Path(__file__).parent / "bin" / "edgemoe"
    if not tool.is_file():
        print(f"edgemoe: this installation has no command-line tool ({tool}); install the package again", file=sys.stderr)
        return 1
    os.execv(tool, [os.fspath(tool), *sys.argv[1:]])


if __name__ == "__main__":
    sys.exit(main())
