"""Where an emulator answers."""

from harness.emulator.settings import EmulatorSettings

BASE_PATH = "/versioned"


def base_url(settings: EmulatorSettings) -> str:
    """The base URL of an emulator whose port is known."""
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"http://{host}:{settings.port}{BASE_PATH}"
