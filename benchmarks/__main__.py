"""``python -m benchmarks [CASE ...] [--runs N] [--json FILE]``."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import django

from benchmarks import report
from benchmarks.servers import Servers

LEAST_RUNS = 3


def main() -> None:
    """Measure, print a table, write it down as JSON."""
    options = _options()
    # Whoever ends this ends what it started, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("Ended before everything was measured."))
    with Servers(options.large_table) as servers:
        os.environ.update(servers.environment)
        django.setup()
        # These need the settings, which need the servers' addresses.
        from django.core.management import call_command  # noqa: PLC0415

        from benchmarks.cases import CASES  # noqa: PLC0415
        from benchmarks.ceilings import CEILINGS  # noqa: PLC0415

        if unknown := set(options.cases) - {case.name for case in CASES}:
            sys.exit(f"There is no case {unknown.pop()!r}: {' '.join(c.name for c in CASES)}")
        call_command("migrate", verbosity=0)
        chosen = [case for case in CASES if not options.cases or case.name in options.cases]
        needed = {case.ceiling for case in chosen}
        results = report.Results(runs=max(options.runs, LEAST_RUNS))
        for ceiling in CEILINGS:
            if ceiling.name in needed:
                results.ceilings[ceiling] = _measured(ceiling.title, ceiling.run, servers, results)
        for case in chosen:
            results.cases[case] = _measured(case.title, case.run, servers, results)
    print(results.table())
    if options.json:
        options.json.write_text(results.as_json())


def _measured(
    title: str, run: Callable[[Servers], float], servers: Servers, results: report.Results
) -> list[float]:
    figures = []
    for _ in range(results.runs):
        figures.append(run(servers))
        print(f"{title}: {report.in_words(figures[-1])}", file=sys.stderr, flush=True)
    return figures


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Measure the engine beside the machine's own ceilings.",
        epilog="Example: python -m benchmarks sent webhook --json today.json",
    )
    parser.add_argument("cases", nargs="*", metavar="CASE", help="What to measure (everything).")
    parser.add_argument(
        "--runs", type=int, default=LEAST_RUNS, help=f"How often, {LEAST_RUNS} at least."
    )
    parser.add_argument(
        "--large-table",
        type=int,
        default=10_000_000,
        metavar="ROWS",
        help="Messages in the large table of the case `table` (10,000,000: some ten minutes).",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="Write every figure down here.")
    return parser.parse_args()


if __name__ == "__main__":
    main()
