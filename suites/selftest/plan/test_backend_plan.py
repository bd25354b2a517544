"""plans/backend.yaml: what it may say, and what is told of a wrong one."""

import pytest

from harness.contract import load_contract
from harness.errors import PlanError
from harness.plan.areas.backend import KINDS, of_backend
from harness.plan.backend import load_backend


def test_the_shipped_plan_is_that_of_the_reference():
    """It loads, offers everything, and gives one case of each kind with the backend's name in its id."""
    plan = load_backend(load_contract())
    assert plan.is_reference
    unset = [name for name in type(plan).model_fields if not getattr(plan, name)]
    assert unset == ["url", "world", "files"]
    assert [case.id for case in of_backend(plan)] == [
        f"backend/{kind.replace('.', '/')}/QUICKBOOKS/api/reference" for kind in KINDS
    ]
    assert {case.group for case in of_backend(plan)} == {"backend"}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("backend: mine\n", ':1: backend "mine" needs url'),
        ("backend: reference\nwebhook: /hooks\n", ':2: unknown key "webhook". Did you mean "webhooks"?'),
        ("backend: reference\nplatform: QUICKBOKS\n", 'unknown platform "QUICKBOKS". Did you mean "QUICKBOOKS"?'),
        ("backend: reference\nhealth: /health\n", ":2: health"),
        ("backend: reference\ndata:\n  request: GET /data\n  resources: {vendor: v}\n",
         ':4: unknown resource "vendor". Did you mean "vendors"?'),
    ],
)  # fmt: skip
def test_a_wrong_plan_is_told_with_its_line(tmp_path, text, told):
    """Every problem has a line and the nearest right word."""
    path = tmp_path / "backend.yaml"
    path.write_text(text)
    with pytest.raises(PlanError) as caught:
        load_backend(load_contract(), path)
    assert told in str(caught.value)
