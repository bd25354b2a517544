"""Personal data under pseudonyms: the same value is the same pseudonym everywhere, so that references still match."""

import re
from collections.abc import Callable
from typing import Any

EMAIL = "email"
PHONE = "phone"
TEXT = "person"
PERSONAL_KEYS = {
    "email": EMAIL, "email_address": EMAIL, "customer_email": EMAIL, "contact_email": EMAIL,
    "phone": PHONE, "phone_number": PHONE, "mobile": PHONE, "fax": PHONE, "number_phone": PHONE,
    "first_name": TEXT, "last_name": TEXT, "middle_name": TEXT, "contact_name": TEXT, "full_name": TEXT,
    "address1": TEXT, "address2": TEXT, "address3": TEXT, "postal_code": TEXT, "zip": TEXT,
    "street": TEXT, "line1": TEXT, "line2": TEXT,
    "tax_identifier": TEXT, "tax_number": TEXT, "social_security_number": TEXT, "ssn": TEXT, "date_of_birth": TEXT,
    "tax_id": TEXT, "vat_number": TEXT, "routing_number": TEXT, "account_number": TEXT, "swift_code": TEXT,
    "iban": TEXT, "bank_account_number": TEXT, "internal_bank_account_number": TEXT,
}  # fmt: skip
"""Keys of [S24] whose value says who a person is. Names that the API sorts and filters by (vendor_name,
customer_name, document_number) are left: a pseudonym would change the order of lists and the answers to filters."""

MADE = re.compile(r"person-[0-9a-f]{10}@example\.invalid|\+1 555 [0-9]{7}|person [0-9a-f]{10}")
"""How pseudonyms look."""

CONTAINED = re.compile(r'~"([^"]{8,})"')
"""What a filter wants contained."""

LEAST = 6
"""Shorter values are replaced under their own key only, not inside other texts."""


class Pseudonyms:
    """The pseudonyms of one run, made of keyed fingerprints. What golive itself sent is no personal data."""

    def __init__(self, fingerprint: Callable[[str], str]) -> None:
        self._fingerprint = fingerprint
        self._known: dict[str, str] = {}
        self._made: dict[str, str] = {}
        self._spared: set[str] = set()
        self._whole: set[str] = set()
        self._given: dict[str, str] = {}
        self._pattern: re.Pattern[str] | None = None

    def spare(self, sent: Any) -> None:
        """Leave every personal value of a request's body as it is from now on, unless it came from an answer."""
        if isinstance(sent, dict):
            for key, value in sent.items():
                if isinstance(value, str) and key in PERSONAL_KEYS and value not in self._known:
                    self._spared.add(value)
                    if any(known in value for known in self._known):
                        self._keep_whole({value})
                self.spare(value)
        elif isinstance(sent, list):
            for item in sent:
                self.spare(item)

    def value(self, key: str, value: str) -> str:
        """The pseudonym of a value under a key; the value itself when it is none of a person."""
        kind = PERSONAL_KEYS.get(key.lower())
        if kind is None or not value or value in self._spared or value in self._made:
            return value
        found = self._known.get(value)
        if found is None:
            found = self._known[value] = _pseudonym(kind, self._fingerprint(value))
            self._made[found] = value
            self._keep_whole({item for item in self._spared if value in item})
        return found

    def _keep_whole(self, spared: set[str]) -> None:
        """What golive sent may begin like the name of somebody: it stays what it is."""
        self._whole |= spared
        self._pattern = None

    def text(self, text: str) -> str:
        """`text` with every value that has a pseudonym replaced by it."""
        if text in self._given:
            return self._given[text]  # so that a replay, which knows nobody, asks the same
        if self._pattern is None:
            long = [item for item in {*self._known, *self._whole} if len(item) >= LEAST]
            self._pattern = re.compile("|".join(map(re.escape, sorted(long, key=len, reverse=True))) or r"(?!)")
        return self._pattern.sub(lambda match: self._known.get(match.group(), match.group()), text)

    def undone(self, text: str) -> str:
        """`text` with the values that the pseudonyms in it stand for: the target is asked with them."""
        meant = MADE.sub(lambda match: self._made.get(match.group(), match.group()), text)
        meant = CONTAINED.sub(self._whose, meant)
        if meant != text:
            self._given[meant] = text
        return meant

    def _whose(self, match: re.Match[str]) -> str:
        """A filter may ask for a part of a pseudonym: what it means is the person whose pseudonym that is part of."""
        part = match[1].lower()
        owners = [value for made, value in self._made.items() if part in made]
        return f'~"{owners[0]}"' if len(owners) == 1 else match.group()


def _pseudonym(kind: str, fingerprint: str) -> str:
    if kind == EMAIL:
        return f"person-{fingerprint}@example.invalid"
    if kind == PHONE:
        return f"+1 555 {int(fingerprint, 16) % 10_000_000:07d}"
    return f"person {fingerprint}"
