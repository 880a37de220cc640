"""How long does ``import govstats`` take, beside the packages it stands on?

    python benchmarks/importing.py [--rounds N]

Each import has a process of its own; the rivals take turns, and medians are compared.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time


def main() -> None:
    """Measure, and print the medians and their ratios."""
    parser = argparse.ArgumentParser(description="Time import govstats against import pandas and an empty program.")
    parser.add_argument("--rounds", type=int, default=7)
    programs = {"import govstats": "import govstats", "import pandas": "import pandas", "(empty program)": ""}

    seconds: dict[str, list[float]] = {name: [] for name in programs}
    for _ in range(parser.parse_args().rounds):
        for name, program in programs.items():
            started = time.perf_counter()
            subprocess.run([sys.executable, "-c", program], check=True)
            seconds[name].append(time.perf_counter() - started)
    medians = {name: statistics.median(values) for name, values in seconds.items()}
    ours = medians["import govstats"]
    for name, median in medians.items():
        print(f"{name:26s}{1000 * median:8.0f} ms   govstats takes {ours / median:5.2f} times as long")


if __name__ == "__main__":
    main()
