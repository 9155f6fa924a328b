"""The unit tests of the checks need no Kafka, only the modules beside them and those of the integration tests."""

from __future__ import annotations

import sys
from pathlib import Path

for folder in ("integration", "chaos"):
    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / folder))
