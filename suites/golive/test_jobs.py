"""Jobs: writes that answer later end with the answer that a synchronous call would have had."""

import pytest

from harness.checks.errors import Failing
from harness.checks.idempotency import Repeats
from harness.checks.jobs import Job, Made
from harness.plan.inputs import UNKNOWN_ID

ALL = ("jobs.shape", "jobs.end", "jobs.request")


@pytest.mark.case("jobs.create")
def test_an_asynchronous_create_ends_in_its_object(proof, judge, drive, case):
    """An asynchronous create answers with a job, whose end holds the object that can then be read; sent again under its
    key it ends in the same object; the list has it once."""
    counted = proof.described.supports("list", case.platform)
    if counted:
        proof.known()
    key = drive.uuid()
    body = drive.minimal_input()
    write = drive.create(proof.name, body, key=key, response_mode="async")
    judge(_told(proof, write, "POST", key, body), *ALL)
    if write.job is None or not write.ok:
        proof.note(write)
        return
    proof.written(write, "create", body)
    bare = drive.send("GET", f"/jobs/{write.job.body['id']}", token=None, auth=None)
    judge(Failing(*proof.base, bare, "for a job without credentials", frozenset({401}), frozenset()), "errors.auth")
    again = drive.create(proof.name, body, key=key, response_mode="async")
    pair = (write, again)
    judge(Repeats(*proof.base, tuple(one.evidence for one in pair), tuple(one.status for one in pair),
                  tuple(one.id for one in pair), (), 0, (), tuple(one.entity for one in pair)),
          "idempotency.replay")  # fmt: skip
    if counted:
        made, seen = proof.appeared(body)
        judge(Made(*proof.base, made, len(write.entities), (write.evidence.id, again.evidence.id, *seen[-1:])),
              "jobs.once")  # fmt: skip
    proof.note(write)
    if write.id is not None and proof.described.supports("get", case.platform):
        for part, entity in zip(proof.sent_parts(body), write.entities, strict=False):
            proof.held(part, entity["id"])


def _told(proof, write, method, key, sent):
    """A job that must succeed. What was sent is compared as the redactor shows it, which is how the job is seen."""
    wrapper = proof.described.create_key if method == "POST" else proof.described.update_key
    shown = write.evidence.request_json
    inner = shown.get(wrapper) if isinstance(shown, dict) and wrapper else None
    told = inner if isinstance(inner, dict) and set(inner) == set(sent) else None
    return Job(*proof.base, write.evidence, write.job, method, key, succeeds=True, sent=told, wrapper=wrapper)


@pytest.mark.case("jobs.failure")
def test_an_asynchronous_failure_is_told_in_the_job(proof, judge, drive, case):
    """A write that the platform refuses fails inside its job, with the error that a synchronous call would have had."""
    key = drive.uuid()
    body = proof.broken_reference(case.params["path"])
    write = drive.create(proof.name, body, key=key, response_mode="async")
    if write.job is None and write.status is not None and 400 <= write.status < 500:
        judge(Failing(*proof.base, write.evidence, "with an unknown reference", frozenset({write.status}), frozenset()),
              "errors.malformed")  # fmt: skip
        return
    judge(Job(*proof.base, write.evidence, write.job, "POST", key, succeeds=False), *ALL)


@pytest.mark.case("jobs.update")
def test_an_asynchronous_update_ends_in_its_object(proof, judge, drive, case):
    """When the job of an asynchronous update has ended, it holds the changed object, and that is what is read; what was
    not sent is as it was."""
    id = proof.workpiece()
    before = proof.before(id)
    key = drive.uuid()
    changes = drive.fill(dict(proof.requirement.changes))
    changing = [name for name in case.params["others"] if proof.missing({name: changes[name]}, before)]
    sent = {name: changes[name] for name in (*case.params["needed"], *changing[:1])} if changing else changes
    write = drive.update(proof.name, id, sent, key=key, response_mode="async")
    judge(_told(proof, write, "PATCH", key, sent), *ALL)
    proof.settled(write, id, before, sent)


@pytest.mark.case("jobs.delete")
def test_an_asynchronous_delete_ends_with_the_object_gone(proof, judge, drive):
    """After the job of an asynchronous delete the object is gone."""
    write, _ = proof.create()
    removal = drive.delete(proof.name, write.id, response_mode="async")
    judge(Job(*proof.base, removal.evidence, removal.job, "DELETE", None, succeeds=True), *ALL)
    answer = drive.get(proof.name, write.id)
    judge(Failing(*proof.base, answer, "for a deleted object", frozenset({404, 410}), frozenset()), "errors.not_found")


@pytest.mark.case("jobs.unknown")
def test_an_unknown_job_is_not_found(judge, drive, case):
    """A job that does not exist is answered 410 or 404; a job needs the organisation's credentials."""
    answer = drive.job(UNKNOWN_ID)
    judge(Failing(case.id, case.platform, None, answer, "for an unknown job", frozenset({404, 410}), frozenset()),
          "errors.not_found")  # fmt: skip
    answer = drive.send("GET", f"/jobs/{UNKNOWN_ID}", token=None, auth=None)
    judge(Failing(case.id, case.platform, None, answer, "for a job without credentials", frozenset({401}), frozenset()),
          "errors.auth")  # fmt: skip
