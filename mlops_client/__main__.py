"""`python -m mlops_client`."""

import sys

from mlops_client.cli.program import main

if __name__ == "__main__":
    sys.exit(main())
