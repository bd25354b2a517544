"""The page in a real browser; left out where none is installed."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from harness.core import CaseOutcome
from harness.report import write_report
from harness.report.files import HTML_FILE

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
NARROW = 500
"""Pixels; Chromium's headless window is not narrower."""

MEASURE = (
    "<script>document.title = JSON.stringify({wide: document.documentElement.scrollWidth, "
    "asked: performance.getEntriesByType('resource').length, "
    "h1: document.querySelector('h1').getBoundingClientRect().top, "
    "})</script></body>"
)


@pytest.mark.skipif(CHROMIUM is None, reason="needs chromium")
def test_the_page_fits_a_narrow_window_and_asks_for_nothing(run: Any, tmp_path: Path) -> None:
    """In a real browser the verdict is on the first screen, nothing is wider than the window, nothing is fetched."""
    long = "x" * 400
    for number in range(3):
        case = f"fields/types/QUICKBOOKS/bills/{long}{number}"
        shown = run.exchange(
            case, query=f"?filter={long}&access_token=access-sandbox-1234", answer={"bills": [{long: long}]}
        )
        finding = run.finding(case, field=f"{long}{number}", message=long, seen=long, evidence=(shown.id,))
        run.case(case, CaseOutcome.FINDINGS, [finding], evidence=(shown.id,))
    run.case(f"money/numbers/QUICKBOOKS/bills/{long}", CaseOutcome.ERROR, reason=long)
    directory = run.done(command=f"golive run {long}")
    write_report(directory)
    text = (directory / HTML_FILE).read_text(encoding="utf-8")
    page = tmp_path / "measured.html"
    opened = text.replace("<details", "<details open")
    page.write_text(re.sub(r"<meta http-equiv=.*?>", "", opened).replace("</body>", MEASURE), encoding="utf-8")
    options = ["--headless", "--no-sandbox", "--disable-gpu", f"--window-size={NARROW},900", "--dump-dom"]
    done = subprocess.run(  # noqa: S603 - a browser on our own file
        [str(CHROMIUM), *options, f"--user-data-dir={tmp_path / 'profile'}", page.as_uri()],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    measured = re.search(r"<title>(\{.*?\})</title>", done.stdout)
    assert measured, done.stderr[-2000:]
    facts = json.loads(measured[1])
    assert facts["wide"] <= NARROW
    assert facts["asked"] == 0
    assert facts["h1"] < 300
