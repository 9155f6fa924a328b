"""The Kafka that the simulation runs on behaves like this one: the same script of client steps gives the same observations.

Where they differ, the simulated one is wrong.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from cluster import ROOT, Cluster, unique


def play(*arguments: str) -> list[str]:
    """What the script observed, a line a step."""
    examples = Path(os.environ.get("SEMEL_EXAMPLES") or ROOT / "build" / "release" / "examples").resolve()
    program = examples.parent / "tests" / "simulation" / "conformance" / "conformance"
    done = subprocess.run([str(program), *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=900, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_the_simulated_kafka_behaves_like_the_real_one(cluster: Cluster) -> None:
    real = play("real", cluster.bootstrap, unique("conformance") + ".")
    simulated = play("simulated")
    different = [f"real:      {one}\nsimulated: {other}" for one, other in zip(real, simulated) if one != other]
    assert not different, "\n".join(different)
    assert len(real) == len(simulated)
    assert len(real) > 300
