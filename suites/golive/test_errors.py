"""Errors: who may not, may not; what is not there, is not there."""

import pytest

from harness.checks.errors import Failing, Tenants
from harness.checks.paths import differences
from harness.plan.areas.writes import references
from harness.plan.inputs import UNKNOWN_ID

CREDENTIALS = frozenset({"INVALID_CREDENTIALS"})
DENIED = frozenset({401})
GONE = frozenset({404, 410})
REFUSED = frozenset({400, 401, 403, 404})
WRONG_TOKEN = "00000000-0000-4000-8000-000000000bad"


def _failing(case, answer, why, allowed, codes=frozenset()):
    return Failing(case.id, case.platform, case.resource, answer, why, allowed, codes)


def _some_path(drive):
    """A list that the connection's platform has."""
    for name, platform in ((name, drive.platform) for name in drive.contract.resources):
        resource = drive.contract.resource(name)
        if resource.supports("list", platform) and resource.is_paged:
            return resource.operations["list"].path
    return drive.inconclusive("the platform has no list")


@pytest.mark.case("errors.wrong_secret")
def test_a_wrong_secret_is_refused(judge, drive, case):
    """The right client id with a wrong secret is answered 401."""
    client_id = drive.session.world.target.credentials.client_id.reveal()
    for auth in ((client_id, "golive-wrong-secret"), (client_id, "")):
        answer = drive.send("GET", _some_path(drive), query={"limit": 1}, auth=auth)
        judge(_failing(case, answer, "with a wrong secret", DENIED, CREDENTIALS), "errors.auth")


@pytest.mark.case("errors.wrong_client")
def test_a_wrong_client_is_refused(judge, drive, case):
    """An unknown client id is answered 401, on the data and on the connections."""
    auth = ("golive-wrong-client", "golive-wrong-secret")
    answer = drive.send("GET", _some_path(drive), query={"limit": 1}, auth=auth)
    judge(_failing(case, answer, "of an unknown client", DENIED, CREDENTIALS), "errors.auth")
    answer = drive.send("GET", "/connections", token=None, auth=auth)
    judge(_failing(case, answer, "of an unknown client", DENIED, CREDENTIALS), "errors.auth")
    secret = drive.session.world.target.credentials.client_secret.reveal()
    answer = drive.send("GET", _some_path(drive), query={"limit": 1}, auth=("golive-wrong-client", secret))
    judge(_failing(case, answer, "of an unknown client with a right secret", DENIED, CREDENTIALS), "errors.auth")


@pytest.mark.case("errors.no_credentials")
def test_no_credentials_are_refused(judge, drive, case):
    """A request without Basic credentials is answered 401, on the data, the connections and the configuration."""
    answer = drive.send("GET", _some_path(drive), query={"limit": 1}, auth=None)
    judge(_failing(case, answer, "without credentials", DENIED), "errors.auth")
    for path in ("/connections", "/configs/webhooks"):
        answer = drive.send("GET", path, token=None, auth=None)
        judge(_failing(case, answer, "without credentials", DENIED), "errors.auth")
    for path in ("/connections/status", "/connections/access_token", "/events"):
        answer = drive.send("GET", path, auth=None)
        judge(_failing(case, answer, "without credentials", DENIED), "errors.auth")


@pytest.mark.case("errors.wrong_token")
def test_a_wrong_access_token_is_refused(judge, drive, case):
    """An unknown access token is answered 401."""
    answer = drive.send("GET", _some_path(drive), query={"limit": 1}, token=WRONG_TOKEN)
    judge(_failing(case, answer, "with an unknown access token", DENIED, CREDENTIALS), "errors.auth")


@pytest.mark.case("errors.no_token")
def test_a_missing_access_token_is_refused(judge, drive, case):
    """A request without an access token is refused."""
    answer = drive.send("GET", _some_path(drive), query={"limit": 1}, token=None)
    judge(_failing(case, answer, "without an access token", REFUSED), "errors.missing")


@pytest.mark.case("errors.no_version")
def test_a_missing_version_is_refused(judge, drive, case):
    """A request without X-Rutter-Version is refused."""
    answer = drive.send("GET", _some_path(drive), query={"limit": 1}, version=None)
    judge(_failing(case, answer, "without X-Rutter-Version", REFUSED), "errors.missing")


@pytest.mark.case("errors.wrong_version")
def test_an_unknown_version_is_refused(judge, drive, case):
    """A version that does not exist is refused."""
    answer = drive.send("GET", _some_path(drive), query={"limit": 1}, version="1999-12-31")
    judge(_failing(case, answer, "for an unknown version", REFUSED), "errors.missing")


@pytest.mark.case("errors.unknown_path")
def test_an_unknown_path_is_refused(judge, drive, case):
    """A path that is not in the contract is answered 404."""
    answer = drive.send("GET", "/accounting/golive_no_such_thing")
    judge(_failing(case, answer, "to an unknown path", frozenset({404})), "errors.not_found")


@pytest.mark.case("errors.broken_json")
def test_a_broken_body_is_refused(judge, drive, case):
    """A body that is not JSON is answered 400."""
    for platform, name in drive.session.requirements:
        resource = drive.contract.resource(name)
        if platform == drive.platform and resource.supports("create", platform):
            path = resource.operations["create"].path
            answer = drive.send("POST", path, content=b'{"broken": ', resource=resource.name, operation="create")
            judge(_failing(case, answer, "with a broken body", frozenset({400})), "errors.malformed")
            return
    drive.inconclusive("the platform takes no write")


@pytest.mark.case("errors.unsupported")
def test_what_the_platform_lacks_is_not_found(judge, drive, case):
    """A list that the platform does not support is answered 404."""
    resource = drive.contract.resource(case.params["resource"])
    answer = drive.send("GET", resource.operations["list"].path, query={"limit": 1}, resource=resource.name,
                        operation="list")  # fmt: skip
    why = f"for {resource.name} on {case.platform}, which does not support it,"
    judge(_failing(case, answer, why, frozenset({404})), "errors.unsupported")


@pytest.mark.case("errors.list_access")
def test_a_list_needs_token_and_credentials(proof, judge, drive, case):
    """Each list, and each single object, is refused without credentials and with an unknown token."""
    path = proof.described.operations["list"].path
    answer = drive.send("GET", path, auth=None, operation="list")
    judge(_failing(case, answer, "without credentials", DENIED), "errors.auth")
    answer = drive.send("GET", path, token=WRONG_TOKEN, operation="list")
    judge(_failing(case, answer, "with an unknown access token", DENIED, CREDENTIALS), "errors.auth")
    single = proof.described.operations.get("get")
    if single is not None and proof.described.supports("get", case.platform):
        id = next((row["id"] for row in proof.snapshot().rows if isinstance(row.get("id"), str)), UNKNOWN_ID)
        answer = drive.send("GET", single.url_path(id=id), auth=None, operation="get")
        judge(_failing(case, answer, "without credentials", DENIED), "errors.auth")
        answer = drive.send("GET", single.url_path(id=id), token=WRONG_TOKEN, operation="get")
        judge(_failing(case, answer, "with an unknown access token", DENIED, CREDENTIALS), "errors.auth")


@pytest.mark.case("errors.unknown_id")
def test_an_unknown_id_is_not_found(proof, judge, drive, case):
    """An id that no object has is answered 410 or 404; a DELETE of it says not_found, one of a product only whether it
    succeeds."""
    operation = case.detail
    if operation == "delete":
        write = drive.delete(proof.name, UNKNOWN_ID)
        if write.indeterminate:
            write = drive.delete(proof.name, UNKNOWN_ID)
        body = write.body if isinstance(write.body, dict) else {}
        commerce = proof.described.domain == "commerce"
        fine = write.status == 200 and body.get("code") == "not_found"
        # What the API says of a missing product is UNKNOWN: its answer has `success` and no code. [S24]
        fine = fine or (
            commerce and (write.status in GONE or (write.status == 200 and isinstance(body.get("success"), bool)))
        )
        answer, allowed = write.evidence, frozenset({write.status}) if fine else GONE
    elif operation == "update":
        write = drive.update(proof.name, UNKNOWN_ID, drive.fill(dict(proof.requirement.changes)))
        answer, allowed = write.evidence, GONE | {450}
        if write.job is not None and write.status in allowed:
            allowed |= {200}  # the answer that a job told of is the refusal
    else:
        answer = drive.get(proof.name, UNKNOWN_ID)
        allowed = GONE
    judge(_failing(case, answer, f"to {operation} an unknown id", allowed), "errors.not_found")


@pytest.mark.case("errors.isolation")
def test_another_tenant_cannot_read(proof, judge, drive):
    """An object cannot be read with another connection's token, and is not in that connection's list."""
    other = drive.other_connection()
    if other is None:
        drive.inconclusive("the organisation has one connection: isolation needs two")
    rows = [row for row in proof.snapshot().rows if isinstance(row.get("id"), str)]
    own = frozenset(row["id"] for row in rows)
    if not rows:
        drive.inconclusive(f"no row of {proof.name} has an id")
    for row in (rows[0], rows[-1]):
        answer = other.get(proof.name, row["id"])
        subject = Failing(*proof.base, answer, "with another connection's access token", GONE, frozenset(),
                          frozenset({row["id"]}))  # fmt: skip
        judge(subject, "errors.isolation")
    if not proof.described.supports("list", other.platform):
        return
    page = other.page(proof.name, **({"limit": 100} if proof.described.is_paged else {}))
    listed = page.body.get(proof.described.list_key or proof.name) if page.ok else []
    leaked = frozenset(str(row.get("id")) for row in listed if isinstance(row, dict)) & own
    subject = Failing(*proof.base, page, "for another connection's list", frozenset({page.status}), frozenset(), leaked)
    judge(subject, "errors.isolation")


@pytest.mark.case("errors.write_access")
def test_a_write_needs_token_and_credentials(proof, judge, drive, case):
    """A create is refused without credentials and with an unknown token."""
    write = proof.refusal(drive.minimal_input(), auth=None)
    judge(_failing(case, write.evidence, "to create without credentials", DENIED), "errors.auth")
    write = proof.refusal(drive.minimal_input(), token=WRONG_TOKEN)
    why = "to create with an unknown access token"
    judge(_failing(case, write.evidence, why, DENIED, CREDENTIALS), "errors.auth")


@pytest.mark.case("errors.write_isolation")
def test_another_tenant_cannot_write(proof, judge, drive, case):
    """An object that this run made cannot be changed or deleted with another connection's token, with an unknown one or
    without credentials, and is not in that connection's list. That connection's objects cannot refer to this one's."""
    other = drive.other_connection()
    if other is None:
        drive.inconclusive("the organisation has one connection: isolation needs two")
    id = proof.workpiece()
    before, _ = proof.read(id)
    writes = []
    if proof.requirement.changes:
        writes.append(other.update(proof.name, id, drive.fill(dict(proof.requirement.changes))))
    if proof.requirement.delete:
        writes.append(other.try_delete(proof.name, id))
    _denied(proof, judge, drive, case, id)
    if references(proof.requirement, proof.described) and proof.described.supports("create", other.platform):
        write = other.try_create(proof.name, drive.minimal_input())
        judge(Tenants(*proof.base, write.status, write.body, (), write.evidence_ids), "errors.foreign_reference")
    after, answer = proof.read(id)
    if after is None:
        drive.session.workpieces.pop((drive.platform, proof.name), None)
    moved = tuple(path for path, _, _ in differences(before or {}, after or {}))
    for write in writes:
        subject = Tenants(*proof.base, write.status, write.body, moved, (write.evidence.id, answer.id))
        judge(subject, "errors.write_isolation")
    if proof.described.supports("list", other.platform):
        page = other.page(proof.name, **({"limit": 100} if proof.described.is_paged else {}))
        listed = page.body.get(proof.described.list_key or proof.name) if page.ok else []
        rows = [row for row in listed if isinstance(row, dict)] if isinstance(listed, list) else []
        subject = Failing(*proof.base, page, "for another connection's list", frozenset({page.status}), frozenset(),
                          _leaked(drive, id, rows))  # fmt: skip
        judge(subject, "errors.isolation")


def _denied(proof, judge, drive, case, id):
    """Judge that an object of this run is neither changed nor deleted for somebody unknown."""
    changes = proof.requirement.changes
    bodies = {"update": {proof.described.update_key: drive.fill(dict(changes))} if changes else None,
              "delete": {} if proof.requirement.delete else None}  # fmt: skip
    for name, body in bodies.items():
        if body is not None:
            asked = proof.described.operations[name]
            for access, why in (({"token": WRONG_TOKEN}, "with an unknown access token"),
                                ({"auth": None}, "without credentials")):  # fmt: skip
                answer = drive.send(asked.method, asked.url_path(id=id), json=body, operation=name, **access)
                judge(_failing(case, answer, f"to {name} {why}", DENIED), "errors.auth")


def _leaked(drive, id, rows):
    """What another connection's rows hold of this one's: the object, or a text that this run gave to no other."""
    uniques = drive.session.uniques.get(drive.platform, set())
    texts = {value for row in rows for value in row.values() if isinstance(value, str)}
    return frozenset({row["id"] for row in rows if row.get("id") == id} | (texts & uniques))
