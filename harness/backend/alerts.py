"""Alert rules for Prometheus, over the metrics that the backend serves."""

from importlib.resources import files


def rules() -> str:
    """The rules as YAML, to be copied into a rules file of Prometheus."""
    return files("harness.backend").joinpath("alerts.yaml").read_text(encoding="utf-8")
