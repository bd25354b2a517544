"""The contract: every resource, operation, field, type and enum of one API version, as facts."""

from harness.contract.fields import Field
from harness.contract.loader import Contract, load_contract
from harness.contract.resource import Operation, Parameter, Resource, Support
from harness.contract.validators import SchemaProblem, Validator

__all__ = [
    "Contract",
    "Field",
    "Operation",
    "Parameter",
    "Resource",
    "SchemaProblem",
    "Support",
    "Validator",
    "load_contract",
]
