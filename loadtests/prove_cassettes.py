"""What `make prove-cassettes` proves: 1, 2, 4 and 8 workers record byte for byte the same, and a replay agrees.

Exit 1 when they do not. The scope is small and still has reads, writes, jobs, retries and deletes.
"""

import subprocess
import sys
import tempfile
from hashlib import sha256
from pathlib import Path

PLAN = Path(__file__).resolve().parents[1] / "plans" / "bank_feeds.yaml"
WORKERS = (1, 2, 4, 8)
RESOURCES = (
    *("vendors", "items", "classes", "tax_rates", "bank_transfers", "payment_terms", "currencies", "company_info"),
    *("accounts", "bank_deposits"),
)
SCOPES = {
    "resources": ["--platform", "QUICKBOOKS", *(part for name in RESOURCES for part in ("--resource", name))],
    "a plan, with what belongs to no resource": [str(PLAN), "--platform", "SAGE_INTACCT"],
}


def golive(*arguments: str, folder: Path) -> str:
    """What the command prints; ends the proof when it does not say GO."""
    done = subprocess.run(
        [sys.executable, "-m", "harness.cli", *arguments], cwd=folder, capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(f"golive {' '.join(arguments)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


def digest(folder: Path) -> str:
    """One digest of names and bytes of all files."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    parts = [f"{path.relative_to(folder)} {sha256(path.read_bytes()).hexdigest()}" for path in files]
    return sha256("\n".join(parts).encode()).hexdigest()


def main() -> int:
    """Record with each number of workers, compare, replay the last."""
    return max(proven(name, scope) for name, scope in SCOPES.items())


def proven(what: str, scope: list[str]) -> int:
    """The same for a scope."""
    print(f"{what}:")
    digests = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for workers in WORKERS:
            golive("record", *scope, "--workers", str(workers), "--into", f"c{workers}", "--out", "then", folder=folder)
            digests[workers] = digest(folder / f"c{workers}")
            print(f"{workers} workers: {digests[workers]}", flush=True)
        told = golive("replay", f"c{WORKERS[-1]}", "--out", "now", folder=folder)
    print(next(line for line in told.splitlines() if "recorded run" in line))
    same = len(set(digests.values())) == 1
    print("the same bytes" if same else "THE BYTES DIFFER")
    return 0 if same and "The same as the recorded run" in told else 1


if __name__ == "__main__":
    sys.exit(main())
