"""Do the lowest and the newest versions of the dependencies that pyproject.toml allows pass the tests?

    python benchmarks/versions.py lowest
    python benchmarks/versions.py newest tests/test_export.py

Makes an environment of its own in a temporary folder, and runs some tests in it. Needs the network, and some minutes.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
#: Their tests touch every library whose versions matter.
TESTS = [
    f"tests/test_{name}.py" for name in "documents sheet word pdf recognition reconciliation export fetching figures".split()
]
#: A panel, with what is needed to read and to write all formats; a site and a course need newer tools than these.
EXTRAS = ("ocr", "word", "excel", "panel", "export", "fetch", "notebooks")
#: What tests themselves need, as new as it may be.
FOR_TESTS = ("pytest", "pytest-xdist", "fpdf2", "openpyxl", "pikepdf", "pdfplumber", "polars", "psutil", "frictionless")


def main() -> int:
    """Make the environment and run the tests; return what they return."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("which", choices=["lowest", "newest"])
    parser.add_argument("tests", nargs="*", default=TESTS)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        python = [str(Path(folder, "bin", "python")), "-m"]
        subprocess.run([*python, "pip", "install", "--quiet", "uv"], check=True)
        uv = [*python, "uv", "pip", "install", "--quiet", "--python", python[0]]
        resolution = "lowest-direct" if options.which == "lowest" else "highest"
        subprocess.run([*uv, "--resolution", resolution, f"{ROOT}[{','.join(EXTRAS)}]"], check=True)
        subprocess.run([*uv, *FOR_TESTS], check=True)
        frozen = subprocess.run([*python, "pip", "freeze"], check=True, capture_output=True, encoding="utf-8").stdout
        print(" ".join(frozen.split()))
        # what one library will no longer do for another is told to those who keep them
        call = [*python, "pytest", "-q", "--no-showlocals", "-W", "ignore::DeprecationWarning", *options.tests]
        return subprocess.run(call, cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
