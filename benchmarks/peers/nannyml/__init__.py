"""NannyML, which needs pandas 2. It reports each use to its makers unless told not to."""

import os

os.environ["NML_DISABLE_USAGE_LOGGING"] = "1"
