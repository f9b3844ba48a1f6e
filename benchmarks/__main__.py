"""`python -m benchmarks [DATA.csv.gz] [--map ...]`: import, close and export one big deal.

Without DATA a file of the same shape is made: 240,000 rows, 12,000 orders, 3,600 SKUs, 38 points.
Each step runs in a process of its own on SQLite and, where it is installed, on PostgreSQL with
durable settings; wall time and peak memory are those of that process.
"""

from __future__ import annotations

import argparse
import pathlib
import tempfile

from benchmarks import backbone, postgres


def main() -> None:
    """Measure and print one table per database."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("data", nargs="?", type=pathlib.Path, help="an export to import instead")
    parser.add_argument("--map", default=backbone.OWN_COLUMNS, help="its columns, as deals import")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="groupbuy-bench-") as name:
        folder = pathlib.Path(name)
        data = arguments.data or backbone.make_data(folder / "orders.csv.gz")
        backbone.measure("SQLite", data, arguments.map, folder / "sqlite", "")
        if not postgres.installed():
            print("PostgreSQL is not installed here: not measured.")
            return
        with postgres.server(folder / "postgres") as url:
            backbone.measure("PostgreSQL", data, arguments.map, folder / "pg", url)


if __name__ == "__main__":
    main()
