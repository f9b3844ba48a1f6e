"""What people, their phones and those who mean harm send instead of what a form asks for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from hypothesis import strategies as st

Value = str | bytes
Pairs = list[tuple[str, Value]]

# Lone surrogates arrive as the bytes %ED%A0%80, which are no UTF-8.
ODD: tuple[Value, ...] = (
    *("", " ", "\x00", "a\x00b", "\ud800", "\udc80王", "\u202e王芳", "\u200f", "\ufeff", "\u2028"),
    *("\r\nSet-Cookie: a=b", "\t", "\x1b[31m", "\x7f", "\uffff", "\U0010ffff", "\U000e0001"),
    *(
        "x" * 100_000,
        "王" * 501,
        "🙂" * 300,
        "ﷺ" * 900,
        "e\u0301" * 200,
        "a\u0300" + "\u0300" * 400,
    ),
    *("9" * 30, "9" * 5000, f"{2**31}", f"{2**63}", f"{2**64}", "-1", "-0", "+1", "1.5", "1e3"),
    *("0", "1", "2", "9999", "10000", "1_000", "1,000", "٣", "１２", "一", "½", "²", "0x10", "0b1"),
    *(
        "NaN",
        "inf",
        "-inf",
        "None",
        "null",
        "true",
        "on",
        "[]",
        "{}",
        '{"a": 1}',
        "0.001",
        "99999.99",
    ),
    *(
        "１３８００１３８０００",
        "+86 138 0013 8000",
        "12345678901",
        "٣" * 11,
        "138001380001380013800",
    ),
    *("a@b", "@", "a@b.c", "a" * 250 + "@example.com", "王@例子.中国", '"a b"@example.com'),
    *(
        "🙂",
        "👨‍👩‍👧‍👦",
        "<script>alert(1)</script>",
        "</textarea><b>",
        "&amp;#0;",
        '"><svg onload=1>',
    ),
    *("' OR 1=1 --", "'; DROP TABLE member; --", "%", "_", "\\", "%s", "%(x)s", "{0}", "{{7*7}}"),
    *("{% raw %}", "${7*7}", "#{7*7}", "../../etc/passwd", "..\\..", "//evil.example", "/\\evil"),
    *(
        "javascript:alert(1)",
        "file:///etc/passwd",
        "=1+1",
        "@SUM(A1)",
        "http://[::1",
        "/d/x?lang=zz",
    ),
    *("0000-00-00", "2026-02-30", "9999-12-31", "1970-01-01T00:00:00Z", "24:00", "23:60", "-1:00"),
    *("00:00", "7:5", "２２：００", "22:00:00", "22", "99999999999:00", "a:b:c", ":", "help:"),
    *(b"\xff\xfe", b"\xc0\x80", b"\xf0\x9f", b"\xed\xa0\x80\xed\xb0\x80", b"%zz", b"\x80" * 50),
)
# A name of a field, or most of one.
ODD_NAMES = (
    *("", "q-", "q--1", "q-٣", "q-0", "q-1_0", "q-999999999999999999", "q-" + "9" * 40, "short-1"),
    *(
        "upto-",
        "wish-999",
        "ask-",
        "ask-0",
        "ask-" + "9" * 30,
        "\x00",
        "\ud800",
        "名字",
        "a" * 3000,
    ),
    *("__class__", "csrf_token", "next", "lang", "page", "point[]", "point[0]", "id", "user_id"),
    *("leader_id", "state", "role", "confirmed", "add", "less", "buy", "go", "_method", "version"),
)
_HOW = (
    *("form",) * 12,
    *(
        "query",
        "parts",
        "file",
        "files",
        "json",
        "json list",
        "plain",
        "no type",
        "torn parts",
        "no boundary",
    ),
    *("latin", "utf-16", "many parts", "deep"),
)


@dataclass(frozen=True)
class Change:
    """One thing that is not as the form was: of which field, what, and how."""

    how: str
    field: int
    value: Value
    name: str


def submissions(foreign: Sequence[str]) -> st.SearchStrategy[tuple[list[Change], str]]:
    """One to four changes of a valid form, and the way it is sent; `foreign` are others' ids."""
    texts = st.text(max_size=40) | st.binary(max_size=20)
    # Most runs draw from the list: what people found before is odder than what chance finds.
    values = st.sampled_from([*ODD, *ODD, *foreign]) | texts
    change = st.builds(
        Change,
        how=st.sampled_from(["set"] * 6 + ["twice", "drop", "add", "rename"]),
        field=st.integers(0, 63),
        value=values,
        name=st.sampled_from(ODD_NAMES),
    )
    return st.tuples(st.lists(change, min_size=1, max_size=4), st.sampled_from(_HOW))


def changed(fields: dict[str, str], changes: Sequence[Change]) -> Pairs:
    """The fields of a valid form after `changes`."""
    pairs: Pairs = list(fields.items())
    for change in changes:
        at = change.field % max(1, len(pairs))
        if change.how == "add" or not pairs:
            pairs.append((change.name, change.value))
        elif change.how == "set":
            pairs[at] = (pairs[at][0], change.value)
        elif change.how == "twice":
            pairs.insert(at, (pairs[at][0], change.value))
        elif change.how == "rename":
            pairs[at] = (change.name, pairs[at][1])
        else:
            del pairs[at]
    return pairs


def packed(pairs: Pairs, how: str) -> dict[str, Any]:
    """What the test client is told, to send `pairs` in this way."""
    form = urlencoded(pairs)
    if how == "query":
        return {"query_string": form[:8000]}
    if how == "json":
        return {"json": {_text(name): number for number, (name, _value) in enumerate(pairs)}}
    if how == "json list":
        return {"json": [[_text(name), _text(value)] for name, value in pairs]}
    if how in _TYPES:
        return {"data": form, "content_type": _TYPES[how]}
    if how == "utf-16":
        return {"data": form.encode("utf-16"), "content_type": _TYPES["latin"]}
    if how == "many parts":
        pairs = pairs + [(f"x{number}", "") for number in range(1200)]
    if how == "deep":
        pairs = [(f"{name}[a][b]", value) for name, value in pairs]
    data: dict[str, Any] = {}
    for number, (name, value) in enumerate(pairs):
        is_file = how == "files" or (how == "file" and number == 0)
        plain = (BytesIO(_bytes(value)), "x.png") if is_file else _text(value)
        data.setdefault(_text(name).replace("\x00", ""), []).append(plain)
    return {"data": data, "content_type": "multipart/form-data"}


_TYPES = {
    "form": "application/x-www-form-urlencoded",
    "latin": "application/x-www-form-urlencoded; charset=iso-8859-1",
    "plain": "text/plain",
    "no type": "",
    "torn parts": "multipart/form-data; boundary=a",
    "no boundary": "multipart/form-data",
}


def urlencoded(pairs: Pairs) -> str:
    """Every byte escaped, so that nothing is lost on the way."""
    return "&".join(f"{escaped(name)}={escaped(value)}" for name, value in pairs)


def escaped(value: Value) -> str:
    return "".join(f"%{byte:02X}" for byte in _bytes(value))


def _bytes(value: Value) -> bytes:
    return value if isinstance(value, bytes) else value.encode("utf-8", "surrogatepass")


def _text(value: Value) -> str:
    return _bytes(value).decode("utf-8", "replace")
