"""Edits that a person makes in the platform's own software: nothing else can, on a live target."""

import pytest

from harness.checks.backend_data import Fresh

TEXTS = ("vendor_name", "customer_name", "contact_name", "name", "title", "memo", "document_number", "description")
LOOKS, SHORTEST, LONGEST = 100, 0.2, 10.0
"""How often the API is looked at while a person has time, and the seconds between two looks, within bounds."""


@pytest.mark.case("edits.shown")
def test_an_edit_in_the_platforms_software_shows(judge, proof, drive, case, person):
    """A text that a person changes in the platform's software is changed in the API's answers after a while."""
    allowed = case.params["seconds"]
    if not allowed:
        drive.inconclusive(
            "only a person can edit in the platform's software, and nobody was asked to: with --await-edits 90min "
            "golive says what to change, and waits until the API shows it"
        )
    rows = proof.snapshot(refresh=True).rows
    found = ((row, name) for row in rows for name in TEXTS if isinstance(row.get(name), str) and row[name].strip())
    row, name = next(found, (None, None))
    if row is None:
        drive.inconclusive(f"no row of {case.resource} has a text that a person could change: {', '.join(TEXTS)}")
    clock = drive.session.clock
    person(f'in the software of {case.platform}, change the {name.replace("_", " ")} "{row[name]}" of one of the '
           f"{case.resource} (id there: {row.get('platform_id') or 'not told'}). The API has {allowed / 60:g} minutes "
           "to show it")  # fmt: skip
    begun = clock.monotonic()
    while (passed := clock.monotonic() - begun) < allowed:
        seen, answer = proof.read(row["id"])
        if seen is not None and seen.get(name) != row[name]:
            person(f"{case.platform} shows it after {passed:.0f} s. Thank you")
            judge(Fresh(case.id, case.platform, case.resource, (passed,), allowed, (answer.id,)), "backend.fresh")
            return
        clock.sleep(min(LONGEST, max(SHORTEST, allowed / LOOKS)))
    drive.inconclusive(
        f"the API shows no change of {case.resource} within {allowed:g} s: either nobody made it, or it takes longer. "
        "Give --await-edits more than the sync frequency"
    )
