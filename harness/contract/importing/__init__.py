"""From a provider's raw OpenAPI file to a contract file: read, repaired, indexed."""

from harness.contract.importing.imported import Imported, import_contract

__all__ = ["Imported", "import_contract"]
