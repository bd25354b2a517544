"""What the cases about a backend share."""

import pytest

from harness.checks.backend_data import Mirrored, unlike


@pytest.fixture
def mirrored(judge, case, rig):
    """`mirrored(id, check, after, patience, resource)`: judge that the backend's list becomes that of the API."""

    def hold(id, check, after, patience, resource="vendors"):
        fields = rig.compared(resource)
        (api, backend), passed = rig.until(
            lambda: (rig.ledger(id, resource), rig.backend.rows(id, resource)),
            lambda rows: not unlike(*rows, fields), rig.patience(patience),
        )  # fmt: skip
        judge(Mirrored(case.id, case.platform, None, resource, api, backend, fields, after, passed, rig.cite()), check)

    return hold
