"""``python -m govstats`` is the command ``govstats``."""

import sys

from govstats.cli import main

if __name__ == "__main__":
    sys.exit(main())
