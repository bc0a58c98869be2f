"""Bodies that no vendor would post: its own samples bent out of shape, and plain nonsense."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote_from_bytes, urlencode

from hypothesis import strategies as st

FORM: Final = "application/x-www-form-urlencoded"
JSON: Final = "application/json"

DEEP: Final = 3_000
LONG: Final = 30_000

# What a program that reads one of these carelessly trips over.
_TEXTS: Final = (
    "",
    " ",
    "\x00",
    "a\x00b",
    "\ud800",
    "\udfff\ud800",
    "\N{RIGHT-TO-LEFT OVERRIDE}olleh",
    "é" * 200,
    "x" * 201,
    "x" * LONG,
    "STOP",
    "STOP\x00",
    "null",
    "true",
    "-1",
    "1e400",
    "9" * 400,
    "０１２",
    "+1",
    "+12125550123",
    "+" + "1" * 300,
    "whatsapp:+12125550123",
    "sip:somebody@example.org",
    "0000-00-00T00:00:00Z",
    "9999-12-31T23:59:59.999999-23:59",
    "0001-01-01T00:00:00+23:59",
    "2026-02-30 12:00:00",
    "2026-11-24T12:00:00+00:00:00.000001",
    "2026-W48-2",
    "24:00",
    "http://[",
    "https://user:secret@169.254.169.254/\x00",
    "javascript:alert(1)",
    "%s %(a)s {0} ${x} '; DROP TABLE x; --",
)
_NUMBERS: Final = (0, -1, 1, 2**31, 2**63, 2**64, -(2**63) - 1, 10**309, 0.5, -0.0, 1e308)

_texts = st.one_of(
    st.sampled_from(_TEXTS),
    st.text(max_size=20),
    st.text(st.characters(codec=None, categories=("Cs", "Cc", "Co", "Cn")), max_size=5),
)
_plain = st.one_of(
    _texts,
    st.sampled_from(_NUMBERS),
    st.sampled_from((float("nan"), float("inf"), -float("inf"))),
    st.booleans(),
    st.none(),
    st.integers(),
)
_values = st.recursive(
    _plain,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(_texts, inner, max_size=3)
    ),
    max_leaves=5,
)


@st.composite
def json_bodies(draw: st.DrawFn, sample: Any) -> bytes:
    """A sample as JSON in which some values are others, or missing, or there twice."""
    names = sorted(set(_names(sample)))
    chosen = draw(st.sets(st.sampled_from(names), max_size=3))
    others = {
        name: (draw(st.sampled_from(("other", "other", "missing", "twice"))), draw(_values))
        for name in sorted(chosen)
    }
    text = _written(sample, others)
    encoding = draw(st.sampled_from(("utf-8", "utf-8", "utf-8", "utf-16", "utf-8-sig")))
    return text.encode(encoding, "surrogatepass")


@st.composite
def form_bodies(draw: st.DrawFn, sample: Mapping[str, str]) -> bytes:
    """A sample as a form in which some values are others, or missing, or there twice."""
    fields = dict(sample)
    again: list[tuple[str, str]] = []
    for name in sorted(draw(st.sets(st.sampled_from(sorted(sample)), max_size=3))):
        match draw(st.sampled_from(("other", "other", "missing", "twice"))):
            case "missing":
                del fields[name]
            case "twice":
                again.append((name, draw(_texts)))
            case _:
                fields[name] = draw(_texts)
    pairs = [*fields.items(), *again]
    extra = draw(
        st.sampled_from((b"", b"", b"&x=%FF%FE", b"&%00=%00", b"&&&=&", b"&a", b"&;x=%ZZ"))
    )
    return urlencode(pairs, errors="surrogatepass").encode() + extra


def nonsense() -> st.SearchStrategy[bytes]:
    """What is not even close."""
    return st.one_of(
        st.binary(max_size=60),
        st.binary(max_size=20).map(lambda raw: quote_from_bytes(raw).encode()),
        _values.map(lambda value: json.dumps(value).encode()),
        st.sampled_from(
            (
                b"[" * DEEP,
                b'{"a":' * DEEP,
                b"[" + b"{}," * 999 + b"{}]",
                b'"' + b"x" * LONG + b'"',
                b"\xef\xbb\xbf[]",
                b"1" * 5_000,
                b"[" + b"9" * 5_000 + b"]",
                b"\x1f\x8b\x08\x00",
                b"a=b&" * 1_001,
                b"--x\r\ncontent-disposition: form-data; name=From\r\n\r\n+1\r\n--x--",
                b"x" * 262_145,  # one more than is read
            )
        ),
    )


def _names(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [*value, *(name for inner in value.values() for name in _names(inner))]
    if isinstance(value, list):
        return [name for inner in value for name in _names(inner)]
    return []


def _written(value: Any, others: Mapping[str, tuple[str, Any]]) -> str:
    """JSON by hand, for a name may stand in it twice."""
    if isinstance(value, list):
        return f"[{','.join(_written(inner, others) for inner in value)}]"
    if not isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False)
    parts = []
    for name, inner in value.items():
        how, other = others.get(name, ("", None))
        as_it_is = f"{json.dumps(name)}:{_written(inner, others)}"
        changed = f"{json.dumps(name)}:{json.dumps(other)}"
        parts += {"": [as_it_is], "missing": [], "other": [changed]}.get(how, [as_it_is, changed])
    return f"{{{','.join(parts)}}}"
