"""`python -m cpm_metrics`: the command line."""

import sys

from cpm_metrics.cli import main

if __name__ == "__main__":
    sys.exit(main())
