"""What processes of their own count, the one that is asked adds up."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
COUNT = "from service_vendors import metrics; metrics.count_send('pigeon', 'Accepted', 2)"
TELL = """
from prometheus_client import generate_latest
from service_vendors import metrics
print(generate_latest(metrics.registry_with([])).decode())
"""


def run(code: str, folder: Path) -> str:
    environment = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(folder), "DEBUG": "on"}
    return subprocess.run(
        [sys.executable, "-c", code],
        check=True,
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=environment,
    ).stdout


def test_counts_of_several_processes_are_added_up(tmp_path: Path) -> None:
    run(COUNT, tmp_path)
    run(COUNT, tmp_path)
    told = run(TELL, tmp_path)
    assert 'service_vendors_sends_total{outcome="Accepted",service="pigeon"} 4.0' in told
