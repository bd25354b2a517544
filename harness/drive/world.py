"""What all workers of a run share of the target: connections and why some platforms cannot be judged."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from harness.client import Credentials
from harness.core import Secret, Strength
from harness.drive.connection import Connection
from harness.drive.target import Target


@dataclass(frozen=True, slots=True)
class World:
    """`connections` by platform; `others` are further ones of the organisation, for tenant isolation. `problems` says
    by platform why its cases are inconclusive. `rate` is the budget as text, `off` for none. `malformed` says what is
    wrong with the list of connections when it is not as documented."""

    target: Target
    connections: Mapping[str, Connection]
    problems: Mapping[str, str]
    rate: str
    malformed: str | None = None

    def to_json(self) -> str:
        """For a worker's own channel. Holds secrets in clear: never for a file or a log."""
        target = self.target
        return json.dumps(
            {
                "target": {
                    "name": target.name,
                    "base_url": target.base_url,
                    "version": target.version,
                    "client_id": target.credentials.client_id.reveal(),
                    "client_secret": target.credentials.client_secret.reveal(),
                    "tokens": {key: value.reveal() for key, value in target.tokens.items()},
                    "strength": str(target.strength),
                    "rate": target.rate,
                },
                "connections": {
                    name: {**asdict(item), "access_token": item.access_token.reveal()}
                    for name, item in self.connections.items()
                },
                "problems": dict(self.problems),
                "rate": self.rate,
                "malformed": self.malformed,
            }
        )

    @classmethod
    def from_json(cls, text: str) -> "World":
        """The inverse of `to_json`."""
        data = json.loads(text)
        target = data["target"]
        return cls(
            target=Target(
                name=target["name"],
                base_url=target["base_url"],
                version=target["version"],
                credentials=Credentials(Secret(target["client_id"]), Secret(target["client_secret"])),
                tokens={key: Secret(value) for key, value in target["tokens"].items()},
                strength=Strength(target["strength"]),
                rate=target["rate"],
            ),
            connections={
                name: Connection(**{**item, "access_token": Secret(item["access_token"])})
                for name, item in data["connections"].items()
            },
            problems=data["problems"],
            rate=data["rate"],
            malformed=data.get("malformed"),
        )
