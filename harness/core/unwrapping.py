"""Values that hide a secret: runs of letters in base64, base32 or hex, packed bytes, and one inside the other."""

import base64
import binascii
import bz2
import io
import lzma
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from urllib.parse import unquote_to_bytes

LONG = LONG_INSIDE = 12
"""Letters of a token from which on it may hide a secret, and of one within an encoded one."""

TOKEN = re.compile(r"[A-Za-z0-9+/_%-]{12,}={0,2}")
WRAPPED = re.compile(r"[A-Za-z0-9+/]{16,}(?:(?:\\?\r?\n|\\r\\n|\\n)[ \t]*[A-Za-z0-9+/]{16,})*"
                     r"(?:\\?\r?\n|\\r\\n|\\n)[ \t]*[A-Za-z0-9+/]+={0,2}")  # fmt: skip
"""Base64 in lines. Source: RFC 2045, section 6.8."""

SEAM = re.compile(r"\\?\r?\n[ \t]*|\\r\\n[ \t]*|\\n[ \t]*")

RUN = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/_%-")
_SPACED = bytes(byte if chr(byte) in RUN else 32 for byte in range(256))
UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
HEX = re.compile(r"[0-9a-fA-F]{12,}")
BASE32 = re.compile(r"[A-Z2-7]{16,}|[a-z2-7]{16,}")

SIGNS = bytes((9, 10, 13, *range(32, 127)))
ZIPPED, SEALED = b"PK\x03\x04", (b"\x28\xb5\x2f\xfd", b"7z\xbc\xaf\x27\x1c", b"\x04\x22\x4d\x18", b"Rar!\x1a\x07")
"""How a zip begins, and packed bytes that cannot be undone here: Zstandard (RFC 8878), 7z, LZ4, RAR."""

PACKED = re.compile(rb"\x1f\x8b\x08|\x78[\x01\x5e\x9c\xda]|BZh[1-9]1AY|\xfd7zXZ|\x28\xb5\x2f\xfd|PK\x03\x04")
PACKED_IN_BASE64 = re.compile("H4sI|eA|eF|eJ|eN|QlpoO|/Td6WFo|_Td6WFo|XQAA|UEsDB|KLUv")
"""How packed bytes begin in base64."""

LARGEST_UNPACKED = 8 * 1024 * 1024
"""Bytes of a compressed value that are looked at."""

MOST_PARTS = 12
"""Places within a token at which another one is taken to begin."""


def runs(body: bytes) -> set[bytes]:
    """Every longest run of letters, digits and `+/_%-` in a body: its keys and words, and where a secret can hide."""
    return set(body.translate(_SPACED).split())


def is_long_token(run: bytes, least: int = LONG) -> bool:
    """Whether an encoded secret can hide in a run: it is long, and no plain uuid."""
    return len(run) >= least and (len(run) != 36 or run.count(b"-") != 4)


def tokens(body: bytes, least: int = LONG) -> Iterator[str]:
    """The runs of a body where an encoded secret can hide."""
    return (run.decode("ascii") for run in body.translate(_SPACED).split() if is_long_token(run, least))


def is_zlib(content: bytes) -> bool:
    """Whether bytes begin as a zlib stream does. Source: RFC 1950, section 2.2."""
    return len(content) > 2 and content[0] & 0x8F == 8 and (content[0] << 8 | content[1]) % 31 == 0


def unpacked(body: bytes) -> bytes:
    """A body that is gzip or zlib although no header says so, undone; any other as it is."""
    if not body.startswith(b"\x1f\x8b") and not is_zlib(body):
        return body
    try:
        return zlib.decompressobj(wbits=47).decompress(body, LARGEST_UNPACKED)
    except zlib.error:
        return body


def hides(token: str, holds: Callable[[bytes], bool], depth: int = 3) -> bool:
    """Whether a run of letters, digits and `+/_%-` holds a secret in base64 (also off by some letters, as within a
    cursor), base32, hex, percent escapes or packed, one inside the other up to `depth` times; or packed bytes that
    nobody here can undo."""
    if UUID.fullmatch(token):
        return False
    for inner, is_met in (found for text in (token, *_parts(token)) for found in _decoded(text, text is not token)):
        if inner.startswith(SEALED):
            return True
        for content in _contents(inner):
            if is_met and content is inner:
                continue
            if holds(content):
                return True
            if depth > 1 and content is not inner and is_packed(content) and hides(content.hex(), holds, depth - 1):
                return True
            if depth > 1 and any(hides(inside, holds, depth - 1) for inside in tokens(content, LONG_INSIDE)):
                return True
    return False


def packed_in(content: bytes) -> bytes:
    """The packed bytes in what is left of a text once its escapes are undone; none: nothing."""
    return content[found.start() :] if (found := PACKED.search(content)) is not None else b""


def is_text(content: bytes) -> bool:
    """Whether most of some bytes are signs of ASCII, or all are UTF-8."""
    if 4 * len(content.translate(None, SIGNS)) <= len(content):
        return True
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def is_packed(content: bytes) -> bool:
    """Whether bytes begin as packed ones do."""
    return content.startswith((b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"]\0\0", ZIPPED, *SEALED)) or is_zlib(content)


def _parts(token: str) -> list[str]:
    """The parts of a path or of a name with a value behind it, and what begins like packed bytes in base64, which
    itself holds slashes and dashes."""
    found = {part for mark in "/_-" if mark in token for part in token.split(mark)}
    found |= {token[match.start() :] for match in PACKED_IN_BASE64.finditer(token)}
    for mark in re.finditer("[/_-]", token):
        found.add(token[mark.end() :])
        if len(found) > MOST_PARTS:
            break
    return [part for part in found if LONG <= len(part) < len(token)]


def _decoded(token: str, is_part: bool) -> Iterator[tuple[bytes, bool]]:
    """What a token says in each encoding, and whether that stands in the token of which it is a part as well: there,
    what begins off by some letters is met, but not what is packed."""
    if "%" in token:
        yield unquote_to_bytes(token), False
    for digits in HEX.findall(token):  # letters beside it may be hex digits as well
        yield bytes.fromhex(digits[: len(digits) // 2 * 2]), False
        yield bytes.fromhex(digits[1 : 1 + (len(digits) - 1) // 2 * 2]), False
    for letters in BASE32.findall(token):
        whole = len(letters) // 8 * 8
        yield base64.b32decode(letters[:whole].upper() + _rest32(letters[whole:])), False
    plain = token.replace("%3D", "").replace("%3d", "").replace("=", "").replace("-", "+").replace("_", "/")
    if "%" not in plain:
        for place in range(4):
            letters = plain[place:]
            letters = letters[: len(letters) - (len(letters) % 4 == 1)]
            yield binascii.a2b_base64(f"{letters}=="), is_part and place > 0


def _rest32(letters: str) -> str:
    whole = letters.upper()[: {1: 0, 3: 2, 6: 5}.get(len(letters), len(letters))]
    return whole + "=" * (-len(whole) % 8)


def _contents(inner: bytes) -> Iterator[bytes]:
    """The bytes themselves, or what they say unpacked; a raw deflate stream, which nothing marks as one (RFC 1951; SAML
    sends such), besides."""
    if inner.startswith((b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"]\0\0", ZIPPED)) or is_zlib(inner):
        yield from _unpacked(inner)
    yield inner
    if b"\0" in inner:
        yield inner.replace(b"\0", b"")  # UTF-16
    if inner and inner[0] & 6 != 6:
        stream = zlib.decompressobj(wbits=-zlib.MAX_WBITS)
        try:
            said = stream.decompress(inner, LARGEST_UNPACKED)
        except zlib.error:
            return
        if said and (stream.eof or len(said) > len(inner) // 2):
            yield said


def _unpacked(content: bytes) -> Iterator[bytes]:
    try:
        if content.startswith(b"BZh"):
            yield bz2.BZ2Decompressor().decompress(content, LARGEST_UNPACKED)
        elif content.startswith((b"\xfd7zXZ", b"]\0\0")):
            yield lzma.LZMADecompressor().decompress(content, LARGEST_UNPACKED)
        elif content.startswith(ZIPPED):
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                for item in archive.infolist():
                    yield item.filename.encode()
                    with archive.open(item) as file:
                        yield file.read(LARGEST_UNPACKED)
        else:
            yield unpacked(content)
    except (OSError, EOFError, ValueError, RuntimeError, NotImplementedError, lzma.LZMAError, zipfile.BadZipFile,
            zlib.error, binascii.Error):  # fmt: skip
        return  # it only began like it
