"""Money in decimals: exact sums, the right number of digits per currency, floats only at the very end."""

from collections.abc import Iterable
from decimal import Decimal
from functools import lru_cache
from typing import Any

ZERO = Decimal(0)
MINOR_UNITS = {"JPY": 0, "KRW": 0, "VND": 0, "KWD": 3, "BHD": 3, "JOD": 3}
"""ISO 4217 minor units that are not 2."""

CURRENCIES = ("USD", "USD", "EUR", "USD", "JPY", "USD", "KWD", "GBP", "USD", "BHD")


def digits(currency: str | None) -> int:
    """Digits behind the point of a currency."""
    return MINOR_UNITS.get(currency or "", 2)


def currency(number: int) -> str:
    """The currency of document `number`: half of them USD."""
    return CURRENCIES[number % len(CURRENCIES)]


@lru_cache(maxsize=4096)
def amount(number: int, code: str | None) -> Decimal:
    """A plausible amount, from one minor unit to 10^11."""
    places = digits(code)
    step = Decimal(1).scaleb(-places)
    if number % 41 == 7:
        return step
    if number % 53 == 11:
        return Decimal(98_765_432_109) + step * (number % 10**places if places else 0)
    return (Decimal((number * 7919 + 1237) % 4_999_999) / Decimal(100)).quantize(step)


@lru_cache(maxsize=4096)
def plain(row: int, code: str | None) -> int | float:
    """The amount of a row as a JSON number."""
    return number(amount(row, code))


@lru_cache(maxsize=4096)
def shown(row: int, code: str | None) -> str:
    """The amount of a row as a text."""
    return text(amount(row, code), digits(code))


def exact(value: Any) -> Decimal:
    """A JSON number or amount text as a decimal; None and what is no number count as zero, and so do the infinities and
    NaN, which decimals can spell."""
    kind = type(value)
    if kind is Decimal:
        return value  # type: ignore[no-any-return]  # mypy does not follow `kind is`
    if value is None or kind is bool:
        return ZERO
    try:
        found = Decimal(value if kind is int else str(value))
    except ArithmeticError:
        return ZERO
    return found if found.is_finite() else ZERO


def number(value: Decimal) -> int | float:
    """A decimal as the JSON number that prints the same."""
    return int(value) if value == value.to_integral_value() and abs(value) < 10**15 else float(value)


def text(value: Decimal, places: int = 2) -> str:
    """A decimal as the API writes amounts that are texts."""
    shown = -int(value.as_tuple().exponent)
    return f"{value:.{max(places, shown)}f}"


def total(values: Iterable[Any]) -> Decimal:
    """The exact sum."""
    found = ZERO
    for value in values:
        if value is not None and value != 0:
            found += exact(value)
    return found
