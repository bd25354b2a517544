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

LEAST = 6
"""Shorter values are replaced under their own key only, not inside other texts."""


class Pseudonyms:
    """The pseudonyms of one run, made of keyed fingerprints. What golive itself sent is no personal data."""

    def __init__(self, fingerprint: Callable[[str], str]) -> None:
        self._fingerprint = fingerprint
        self._known: dict[str, str] = {}
        self._made: set[str] = set()
        self._spared: set[str] = set()
        self._pattern: re.Pattern[str] | None = None

    def spare(self, sent: Any) -> None:
        """Leave every personal value of a request's body as it is from now on, unless it came from an answer."""
        if isinstance(sent, dict):
            for key, value in sent.items():
                if isinstance(value, str) and key in PERSONAL_KEYS and value not in self._known:
                    self._spared.add(value)
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
            self._made.add(found)
            long = sorted((item for item in self._known if len(item) >= LEAST), key=len, reverse=True)
            self._pattern = re.compile("|".join(map(re.escape, long))) if long else None
        return found

    def text(self, text: str) -> str:
        """`text` with every value that has a pseudonym replaced by it."""
        if self._pattern is None:
            return text
        return self._pattern.sub(lambda match: self._known[match.group()], text)


def _pseudonym(kind: str, fingerprint: str) -> str:
    if kind == EMAIL:
        return f"person-{fingerprint}@example.invalid"
    if kind == PHONE:
        return f"+1 555 {int(fingerprint, 16) % 10_000_000:07d}"
    return f"person {fingerprint}"
