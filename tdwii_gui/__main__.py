"""`python -m tdwii_gui` is the `tdwii` command."""

import sys

from tdwii_gui.app.cli import main

if __name__ == "__main__":
    sys.exit(main())
