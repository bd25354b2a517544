"""Where webhooks go: the configured endpoints, registered here as the dashboard would. Source: facts section 7."""

from collections.abc import Mapping
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from harness.contract.loader import suggest
from harness.core import iso_utc
from harness.emulator.clock import EmulatorClock
from harness.emulator.configuration import Configuration
from harness.emulator.errors import invalid_request
from harness.emulator.identifiers import IdSource
from harness.emulator.settings import EmulatorSettings

Fields = dict[str, Any]


class Endpoints:
    """The webhook configurations that can be delivered to. The one of the start is shown by the API and never called:
    its address is an example."""

    def __init__(
        self, configuration: Configuration, settings: EmulatorSettings, clock: EmulatorClock, ids: IdSource
    ) -> None:
        self._configuration, self._settings, self._clock, self._ids = configuration, settings, clock, ids

    def hearing(self, code: str) -> list[Fields]:
        """The endpoints that get an event of this code."""
        return [item for item in self.all() if not item["disabled"] and self._allowed(item, code)]

    def all(self) -> list[Fields]:
        """The registered endpoints."""
        return [item for item in self._configuration.webhooks() if self._callable(item["url"])]

    def register(self, id: str | None, body: Mapping[str, Any]) -> Fields:
        """A new endpoint, or a changed one: `{url, allowed_types?, api_version?, disabled?}`; types None: all."""
        known = self._configuration.webhook(id) if id is not None else None
        moment = iso_utc(self._clock.now())
        config: Fields = dict(known or {
            "id": self._ids(), "api_version": self._configuration.api_version, "url": None, "disabled": False,
            "platform_data_config": None, "allow_list": None, "created_at": moment,
        })  # fmt: skip
        unknown = sorted(set(body) - {"url", "allowed_types", "api_version", "disabled"})
        if unknown:
            raise invalid_request(f"A webhook has no {unknown[0]}{suggest(unknown[0], ('url', 'allowed_types'))}")
        config |= {name: body[name] for name in ("url", "api_version", "disabled") if name in body}
        if "allowed_types" in body:
            types = body["allowed_types"]
            config["allow_list"] = None if types is None else {"allowedTypes": self._types(types)}
        self._check(config["url"])
        config["updated_at"] = moment
        return self._configuration.put_webhook(config)

    def remove(self, id: str) -> Fields:
        """Take an endpoint out."""
        return self._configuration.remove_webhook(id)

    def _types(self, types: Any) -> list[str]:
        known = self._configuration.event_types
        for name in types if isinstance(types, list) else [str(types)]:
            if name not in known:
                raise invalid_request(f'unknown event type "{name}"{suggest(str(name), known)}')
        return list(types)

    def _check(self, url: Any) -> None:
        if not isinstance(url, str) or urlsplit(url).scheme not in {"http", "https"} or not urlsplit(url).hostname:
            raise invalid_request("url is an http or https address.", field="url")
        if not self._callable(url):
            raise invalid_request(
                f"{urlsplit(url).hostname} is not a loopback address; webhooks go to this machine only. "
                "Start the emulator with --option webhook_hosts=any to allow others.",
                field="url",
            )

    def _callable(self, url: str) -> bool:
        if url == self._configuration.example_url:
            return False
        return self._settings.webhook_hosts == "any" or _loopback(urlsplit(url).hostname or "")

    def _allowed(self, config: Mapping[str, Any], code: str) -> bool:
        listed = config["allow_list"]
        return listed is None or code in listed["allowedTypes"] or code in self._settings.webhook_always_sent


def _loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
