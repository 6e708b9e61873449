"""``python -m tracker3d``."""

import sys

from tracker3d.cli import main

sys.exit(main())
