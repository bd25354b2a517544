"""Requests made from the contract: no answer is a server error, and answers keep to the contract."""

from zlib import crc32

import pytest

from harness.checks.contract import Generated

INTEGERS = frozenset({"integer"})


@pytest.mark.case("contract.right", "contract.wrong")
def test_generated_requests_are_answered(proof, judge, drive, case):
    """Right and wrong requests are answered without a server error, right ones in the shape of the contract."""
    from harness.searching.requests import requests_of

    operation = proof.described.operations[case.params["operation"]]
    made = requests_of(drive.contract, operation, wrong=case.kind == "contract.wrong", at=crc32(case.id.encode()))
    id = _some_id(proof, drive) if "{id}" in operation.path else None
    path = operation.path if id is None else operation.url_path(id=id)
    for request in made:
        fits = _fits(drive.contract, operation, request)
        if fits and operation.name in {"create", "update"}:
            continue  # it would make or change something that nobody asked for
        body = {} if request.body is None or operation.name in {"list", "get"} else {"json": request.body}
        answer = drive.send(operation.method, path, query=request.query, operation=operation.name, **body)
        _clean_up(proof, drive, answer, operation)
        subject = Generated(*proof.base, answer, f"{operation.method} {operation.path}", fits,
                            _problems(drive.contract, operation, answer))  # fmt: skip
        judge(subject, "contract.answer", "contract.refusal", "contract.acceptance")


def _some_id(proof, drive):
    """The id of an object: one of this run where the case writes, any other for reads."""
    if proof.case.params["operation"] == "update":
        return proof.workpiece()
    rows = [row["id"] for row in proof.snapshot().rows if isinstance(row.get("id"), str)]
    return rows[0] if rows else drive.inconclusive(f"no row of {proof.name} has an id")


def _fits(contract, operation, request):
    """Whether what is really sent fits the contract: made-up headers and tokens are not sent."""
    if operation.name in {"create", "update"}:
        return operation.request_schema is None or contract.validator(operation.request_schema).valid(request.body)
    for name, value in request.query:
        known = operation.parameters.get(name)
        if known is None:
            continue
        if known.enum is not None and value not in known.enum:
            return False
        if known.types == INTEGERS and not value.lstrip("-").isdigit():
            return False
    return True


def _problems(contract, operation, answer):
    """Where a 200 leaves the schema of its operation."""
    if answer.status != 200 or operation.response_schema is None:
        return ()
    found = contract.validator(operation.response_schema).problems(answer.body)
    return tuple((problem.path, problem.message) for problem in found)


def _clean_up(proof, drive, answer, operation):
    """What a wrong body made after all is put on the list of what is removed."""
    made = answer.body.get(proof.described.item_key or "") if answer.ok else None
    if operation.name == "create" and isinstance(made, dict) and isinstance(made.get("id"), str):
        drive.adopt(proof.name, made["id"])
