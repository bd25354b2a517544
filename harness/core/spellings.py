"""How a secret may be spelled: the texts that say it, and the letters that remain of each encoding of it."""

import base64
import binascii
import html
import json
import quopri
import re
import zlib
from collections.abc import Iterator
from urllib.parse import quote, quote_plus

KEEP = frozenset(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
DROP = bytes(byte for byte in range(256) if byte not in KEEP)

LEAST_MIXED, LEAST_PLAIN = 6, 8
"""Letters from which on a spelling is looked for apart from what stands between them: when it mixes digits with letters
beyond hex, and when it does not: dates and ids are full of digits."""

LEAST_CASED, LEAST_ENCODED = 7, 8
"""The same for encodings that distinguish capitals (of 6 bytes somewhere in base64, 7 letters are theirs), and for
others."""

FOREIGN = "\u00ad\u200b-\u200f\u2060\ufeff"
LIGHT = re.compile(rf"(?:[\s\0\"'+,;\\.&_|:<>=/(){FOREIGN}-]|\u00e2\x80[\x8b-\x8f]|\u00c2\xad)+")
"""What is left out of a secret that has few letters and digits: its other signs count."""

_B32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
BASE32 = (_B32, "0123456789ABCDEFGHIJKLMNOPQRSTUV", "0123456789ABCDEFGHJKMNPQRSTVWXYZ")
"""Alphabets: RFC 4648, sections 6 and 7; Crockford's."""

_B85 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~"
_Z85 = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#"
BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
BASES = (BASE58, DIGITS, DIGITS[:10] + DIGITS[36:] + DIGITS[10:36], DIGITS[:36])


def bare(text: str) -> bytes:
    """The letters and digits of a text, of ASCII: whatever separates, wraps, groups or quotes is gone."""
    return text.encode("ascii", "ignore").translate(None, DROP)


def light(text: str) -> str:
    """A text in small letters without what separates, wraps and quotes; the rest stays."""
    return LIGHT.sub("", text).lower()


def forms(value: str) -> set[str]:
    """The texts that say `value` by themselves: plain, escaped in URLs, JSON and HTML, base64, base32, hex."""
    said = value.encode(errors="surrogatepass")
    encoded, safe = base64.b64encode(said).decode(), base64.urlsafe_b64encode(said).decode()
    escaped = json.dumps(value)[1:-1]
    once = quote(said, safe="")
    found = {value, once, quote(once, safe=""), quote_plus(said), quote(said), html.escape(value)}
    found |= {re.sub(r"%[0-9A-F]{2}", lambda match: match.group().lower(), text) for text in list(found)}
    found |= {escaped, escaped.replace("/", "\\/"), json.dumps(value, ensure_ascii=False)[1:-1]}
    found.add(json.dumps(escaped)[1:-1])
    for text in (encoded, safe):
        found |= {text, text.rstrip("="), quote(text, safe="")}
    numbered = [(f"\\u{ord(letter):04x}", f"&#{ord(letter)};", f"&#x{ord(letter):x};") for letter in value]
    found |= {"".join(letters) for letters in zip(*numbered, strict=True)}
    found |= {base64.b64encode(text.encode()).decode().rstrip("=") for text in (encoded, safe, said.hex())}
    for numbers in (said, [ord(letter) for letter in value]):  # as some languages show bytes and letters
        found |= {", ".join(map(str, numbers)), ",".join(map(str, numbers))}
    found |= {value.replace('"', '""'), value.replace("'", "''"), value.replace("'", "'\\''")}  # CSV, SQL, a shell
    found.add(quopri.encodestring(said, quotetabs=True).decode().replace("=\n", ""))
    for text in (said.hex(), said.hex(":"), said.hex(" "), said.hex("-")):
        found |= {text, text.upper()}
    found |= {base64.b32encode(said).decode(), *_base85(said), *_uuencoded(said), _utf7(value), _punycode(value)}
    return {text for text in found if len(text) >= min(LEAST_MIXED, len(value))}


def plain_letters(value: str) -> bytes | None:
    """What `bare` leaves of a secret; None when that is too little to tell it by."""
    letters = bare(value)
    is_mixed = re.search(b"[0-9]", letters) is not None and re.search(b"[g-zG-Z]", letters) is not None
    least = max(LEAST_MIXED if is_mixed else LEAST_PLAIN, (len(value) + 1) // 2)
    return letters if len(letters) >= least else None


def encoded_letters(value: str) -> tuple[set[bytes], set[bytes]]:
    """What `bare` leaves of a secret in encodings, wherever it stands in what is encoded: of those that distinguish
    capitals, and of others in small letters."""
    cased: set[str] = set()
    other: set[str] = set()
    for said in _bytes_of(value):
        cased |= {*_base64(said), *_base64(_deflated(said))}
        other |= {said.hex(), *_base32(said)}
    for said in {value.encode(errors="surrogatepass"), *_latin(value)}:
        cased |= {*_base85(said), *(_in_base(said, alphabet) for alphabet in BASES[:3])}
        cased |= {
            base64.b85encode(said[-place % 4 :][: (len(said) - -place % 4) // 4 * 4]).decode() for place in range(4)
        }
        cased |= {_z85(said[-place % 4 :][: (len(said) - -place % 4) // 4 * 4]) for place in range(4)}
        cased |= {
            base64.a85encode(said[-place % 4 :][: (len(said) - -place % 4) // 4 * 4]).decode() for place in range(4)
        }
        other |= {
            _in_base(said, BASES[3]),
            "0x".join(f"{byte:02x}" for byte in said),
            "".join(f"{byte:08b}" for byte in said),
        }
        other |= {"".join(map(str, said)), "".join(f"{byte:03d}" for byte in said)}
        other.add("".join(str(256 - byte if byte > 127 else byte) for byte in said))
    other |= {"".join(str(ord(letter)) for letter in value), _punycode(value)}
    return (
        {letters for text in cased if len(letters := bare(text)) >= LEAST_CASED},
        {letters for text in other if len(letters := bare(text).lower()) >= LEAST_ENCODED},
    )


def _bytes_of(value: str) -> set[bytes]:
    found = {
        value.encode(name, "surrogatepass") for name in ("utf-8", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be")
    }
    return found | _latin(value)


def _latin(value: str) -> set[bytes]:
    try:
        return {value.encode("latin-1")}
    except UnicodeEncodeError:
        return set()


def _deflated(said: bytes) -> bytes:
    stream = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return stream.compress(said) + stream.flush()


def _base64(said: bytes) -> Iterator[str]:
    """The letters that are its own at each of the three places where it may begin."""
    for place in range(3):
        whole = base64.b64encode(bytes(place) + said).decode()
        yield whole[-(-8 * place // 6) : 8 * (place + len(said)) // 6]


def _base32(said: bytes) -> Iterator[str]:
    for place in range(5):
        whole = base64.b32encode(bytes(place) + said).decode()
        inner = whole[-(-8 * place // 5) : 8 * (place + len(said)) // 5]
        for alphabet in BASE32:
            yield inner.translate(str.maketrans(_B32, alphabet))


def _base85(said: bytes) -> set[str]:
    return {base64.b85encode(said).decode(), base64.a85encode(said).decode(), _z85(said),
            _z85(said + bytes(-len(said) % 4))}  # fmt: skip


def _z85(said: bytes) -> str:
    return base64.b85encode(said).decode().translate(str.maketrans(_B85, _Z85))


def _in_base(said: bytes, alphabet: str) -> str:
    number, digits = int.from_bytes(said, "big"), []
    while number:
        number, digit = divmod(number, len(alphabet))
        digits.append(alphabet[digit])
    return "".join(reversed(digits))


def _uuencoded(said: bytes) -> set[str]:
    lines = [binascii.b2a_uu(said[start : start + 45]).decode().rstrip("\n")[1:] for start in range(0, len(said), 45)]
    return {line for line in lines if len(line) >= LEAST_ENCODED}


def _utf7(value: str) -> str:
    try:
        return value.encode("utf-7").decode()
    except UnicodeEncodeError:  # half of a surrogate pair
        return value


def _punycode(value: str) -> str:
    try:
        return value.encode("punycode").decode()
    except UnicodeError:
        return value
