"""How a careful integrator talks to the API: auth, pages, jobs, idempotency, retries, one shared rate budget."""

from harness.client.api import ApiClient, Call, Credentials
from harness.client.budget import NoBudget, RateBudget, SharedBudget, parse_rate
from harness.client.jobs import JobEnd, follow_job, job_reference
from harness.client.pages import PageWalk, walk_pages
from harness.client.retries import RetryPolicy

__all__ = [
    "ApiClient",
    "Call",
    "Credentials",
    "JobEnd",
    "NoBudget",
    "PageWalk",
    "RateBudget",
    "RetryPolicy",
    "SharedBudget",
    "follow_job",
    "job_reference",
    "parse_rate",
    "walk_pages",
]
