"""Whether the suite of a backend can fail: `python suites/backend/prove.py [DEFECT ...]` (8 minutes).

Each wrong behaviour of the reference backend is switched on, and the cases that meet it are run: every check that it
names has to find it. Exits with 0 when all of them do, 1 when not.
"""

import json
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from harness.backend.defects import Defect, all_defects


def findings(defect: Defect) -> tuple[set[str], set[str]]:
    """(Checks that found something, cases that could not be judged) with one defect."""
    with TemporaryDirectory(prefix="golive-prove-") as folder:
        words = [part for kind in defect.cases for part in ("--select", kind)]
        command = [sys.executable, "-m", "harness.cli", "run", *words, "--defect", defect.name, "--workers", "1"]
        subprocess.run([*command, "--out", folder], capture_output=True, check=False)  # noqa: S603 - our own interpreter
        report = json.loads((Path(folder) / "report.json").read_text(encoding="utf-8"))
    found = {item["check"] for item in report["findings"] if item["severity"] == "blocker"}
    return found, {item["id"] for item in report["cases"] if item["outcome"] == "error"}


def main(names: list[str]) -> int:
    """Prove the defects of these names, or all."""
    missed = 0
    for name in names or all_defects():
        defect = all_defects()[name]
        found, errors = findings(defect)
        caught = set(defect.trips) <= found and not errors
        missed += not caught
        print(f"{'PASS' if caught else 'FAIL'} {name}: {defect.about}; wanted {', '.join(defect.trips)}; "
              f"found {', '.join(sorted(found)) or 'nothing'}{f'; errors in {sorted(errors)}' if errors else ''}",
              flush=True)  # fmt: skip
    print(f"{len(names or all_defects()) - missed} of {len(names or all_defects())} noticed")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
