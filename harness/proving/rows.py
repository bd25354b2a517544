"""From the results of trials to the rows of the matrix and to false alarms."""

from collections.abc import Iterable

from harness.emulator.defects import Defect
from harness.proving.orders import Found, TrialResult
from harness.report.proof_record import DefectRow, Detection, FalseAlarm, Outcome


def row_of(defect: Defect, result: TrialResult) -> DefectRow:
    """What became of a defect."""
    first: dict[str, Found] = {}
    for item in result.found:
        if item.right:
            first.setdefault(item.check, item)
    outcome = Outcome.CAUGHT if first else Outcome.MISSED if result.met else Outcome.UNREACHED
    return DefectRow(
        defect=defect.name,
        about=defect.about,
        resource=defect.resource,
        wanted=defect.trips,
        outcome=outcome,
        noticed=tuple(
            Detection(
                check=item.check,
                case=item.case,
                resource=item.resource,
                field=item.field,
                requests=item.requests,
                seconds=item.seconds,
            )
            for item in first.values()
        ),
        misplaced=tuple(dict.fromkeys(item.check for item in result.found if not item.right)),
        met=tuple(f"{resource}.{operation}" for resource, operation, _ in result.met),
        cases=len(result.cases),
        requests=sum(fact.requests for fact in result.cases),
        seconds=result.seconds,
    )


def alarms_of(results: Iterable[TrialResult]) -> Iterable[FalseAlarm]:
    """Whatever is found, or goes wrong, without a defect."""
    for result in results:
        for item in result.found:
            yield FalseAlarm(case=item.case, what=item.check, resource=item.resource, message=item.message)
        for fact in result.cases:
            if fact.outcome == "error":
                resource = fact.id.split("/")[3]
                yield FalseAlarm(case=fact.id, what="error", resource=resource, message=fact.reason or "no reason")
