"""Bytes to text, whatever the label says: an allow-list of charsets, and a way out for all others.

Python's codec look-up is no help with mail: it knows `punycode` and `unicode_escape`, which no mail may ask
for, and misses names that mails use. Labels follow the WHATWG Encoding Standard §4.2, so that latin-1 is
read as the Windows code page which its senders meant.
"""

MAX_TEXT = 1_000_000
"""The most characters of text that one part gives."""

_BYTES_A_CHARACTER = 4

_CODECS = {
    "utf-8": "utf-8 utf8 utf8mb4 unicode-1-1-utf-8 utf-8-sig cp65001",
    "cp1252": "us-ascii ascii iso-8859-1 iso8859-1 iso_8859-1 latin-1 latin1 l1 windows-1252 cp1252 x-cp1252 "
    "ansi_x3.4-1968 iso-ir-100 cp819 8bit 7bit binary",
    "iso8859-2": "iso-8859-2 iso8859-2 latin2 l2",
    "iso8859-3": "iso-8859-3 iso8859-3 latin3",
    "iso8859-4": "iso-8859-4 iso8859-4 latin4",
    "iso8859-5": "iso-8859-5 iso8859-5 cyrillic",
    "iso8859-6": "iso-8859-6 iso8859-6 iso-8859-6-e iso-8859-6-i arabic",
    "iso8859-7": "iso-8859-7 iso8859-7 greek",
    "iso8859-8": "iso-8859-8 iso8859-8 iso-8859-8-e iso-8859-8-i hebrew visual logical",
    "cp1254": "iso-8859-9 iso8859-9 latin5 windows-1254 cp1254",
    "iso8859-10": "iso-8859-10 iso8859-10 latin6",
    "cp874": "iso-8859-11 iso8859-11 tis-620 windows-874 cp874 x-windows-874",
    "iso8859-13": "iso-8859-13 iso8859-13",
    "iso8859-14": "iso-8859-14 iso8859-14",
    "iso8859-15": "iso-8859-15 iso8859-15 iso_8859-15 latin9 latin-9",
    "iso8859-16": "iso-8859-16 iso8859-16",
    "cp1250": "windows-1250 cp1250 x-cp1250",
    "cp1251": "windows-1251 cp1251 x-cp1251 cp-1251",
    "cp1253": "windows-1253 cp1253 x-cp1253",
    "cp1255": "windows-1255 cp1255 x-cp1255",
    "cp1256": "windows-1256 cp1256 x-cp1256",
    "cp1257": "windows-1257 cp1257 x-cp1257",
    "cp1258": "windows-1258 cp1258 x-cp1258",
    "cp437": "cp437 ibm437",
    "cp850": "cp850 ibm850",
    "cp852": "cp852 ibm852",
    "cp866": "cp866 ibm866",
    "koi8-r": "koi8-r koi8r koi8 koi",
    "koi8-u": "koi8-u koi8-ru",
    "mac-roman": "macintosh mac x-mac-roman mac-roman",
    "mac-cyrillic": "x-mac-cyrillic x-mac-ukrainian",
    "gb18030": "gb2312 gbk gb18030 x-gbk chinese gb_2312-80 cp936 windows-936 euc-cn csgb2312",
    "hz": "hz-gb-2312 hz",
    "big5hkscs": "big5 big5-hkscs big5hkscs cn-big5 x-x-big5 cp950",
    "cp932": "shift_jis shift-jis sjis x-sjis ms_kanji windows-31j cp932 ms932",
    "euc_jp": "euc-jp eucjp x-euc-jp",
    "iso2022_jp_2": "iso-2022-jp iso-2022-jp-1 iso-2022-jp-2 csiso2022jp iso-2022-jp-ms",
    "cp949": "euc-kr euckr ks_c_5601-1987 ks_c_5601-1989 ksc5601 korean windows-949 cp949 cseuckr",
    "iso2022_kr": "iso-2022-kr csiso2022kr",
    "utf-16": "utf-16 ucs-2 unicode",
    "utf-16-le": "utf-16le",
    "utf-16-be": "utf-16be",
    "utf-32": "utf-32",
    "utf-7": "utf-7 unicode-1-1-utf-7",
}
_BY_LABEL = {label: codec for codec, labels in _CODECS.items() for label in labels.split()}
_LIKE_ASCII = frozenset(
    codec
    for codec in _CODECS
    if codec not in {"utf-7", "hz"} and not codec.startswith(("utf-16", "utf-32", "iso2022"))
)
_GUESSED = frozenset({"utf-8", "cp1252"})


def is_known(label: str) -> bool:
    """Whether the label names a charset that we decode; an absent label counts as one."""
    return not label or _clean(label) in _BY_LABEL


def decode(data: bytes, label: str = "") -> str:
    """At most a million characters, lines ended by LF, without NUL and lone surrogates. Never raises."""
    data = data[: MAX_TEXT * _BYTES_A_CHARACTER]
    codec = _BY_LABEL.get(label) or _BY_LABEL.get(_clean(label), "utf-8")
    if codec not in _LIKE_ASCII:
        text = _scrub(data.decode(codec, "replace"))
        return text.replace("\0", "").replace("\r\n", "\n")[:MAX_TEXT]
    if b"\r" in data or b"\0" in data:
        data = _unix(data)
    if data.isascii():
        return data.decode("ascii")[:MAX_TEXT]
    return (_guess(data) if codec in _GUESSED else data.decode(codec, "replace"))[:MAX_TEXT]


def _unix(data: bytes) -> bytes:
    """With line feeds only and without NUL; deleting is five times as fast as replacing."""
    if b"\n" not in data:
        data = data.replace(b"\r", b"\n")
    return data.translate(None, b"\r\0")


def _clean(label: str) -> str:
    return label.strip(" \t\"'").lower()


def _guess(data: bytes) -> str:
    """UTF-8 where most of it is; else the Windows code page. Senders confuse the two in both directions."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        text = data.decode("utf-8", "replace")
    broken = text.count("\ufffd")
    beyond_ascii = sum(map(text.count, set(text) - _ASCII)) - broken
    return text if beyond_ascii > 2 * broken else data.decode("cp1252", "replace")


_ASCII = frozenset(map(chr, range(128)))


def _scrub(text: str) -> str:
    """Without lone surrogates, which UTF-7 may bring and no UTF-8 can hold."""
    return text.encode("utf-8", "replace").decode("utf-8")
