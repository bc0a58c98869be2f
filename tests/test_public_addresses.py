"""Which addresses of pictures lead out, and which only seem to."""

from __future__ import annotations

import pytest

from service_vendors.public_addresses import NotPublic, insist_on_public


@pytest.mark.parametrize(
    "url",
    [
        "https://example.org/a.png",
        "http://EXAMPLE.org:8080/a.png?b=c#d",
        "https://bücher.example/ä.png",
        "https://xn--bcher-kva.example/a.png",
        "https://example.org./a.png",
        "https://8.8.8.8/a.png",
        "https://[2606:4700::1111]/a.png",
        "https://[64:ff9b::808:808]/a.png",
        "https://a_b.example.org/a.png",
        "https://10.example.org/a.png",
        "https://localhost.example.org/a.png",
    ],
)
def test_what_leads_out_is_taken(url: str) -> None:
    insist_on_public(url)


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LOCALHOST.",
        "a.localhost",
        "printer",
        "printer.local",
        "metadata.google.internal",
        "router.home.arpa",
        "127.0.0.1",
        "127.0.0.1.",
        "127.1",
        "0",
        "0.0.0.0",
        "2130706433",
        "0x7f000001",
        "0x7F.1",
        "0177.0.0.1",
        "017700000001",
        "１２７.0.0.1",
        "127。0。0。1",
        "①②⑦.0.0.1",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "2852039166",
        "100.64.0.1",
        "224.0.0.1",
        "255.255.255.255",
        "256.1.1.1",
        "99999999999",
        "[::]",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:a9fe:a9fe]",
        "[::127.0.0.1]",
        "[64:ff9b::a9fe:a9fe]",
        "[2002:7f00:1::]",
        "[2001:0:7f00:1::]",
        "[fe80::1]",
        "[fe80::1%25eth0]",
        "[fd00:ec2::254]",
        "[ff02::1]",
        "%31%32%37.0.0.1",
        "local\u00adhost",
        "a..example.org",
        ".",
    ],
)
def test_what_leads_into_a_network_is_not(host: str) -> None:
    for scheme in ("http", "https"):
        with pytest.raises(NotPublic):
            insist_on_public(f"{scheme}://{host}:80/a.png")


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("", "https://"),
        ("//example.org/a.png", "https://"),
        ("ftp://example.org/a.png", "https://"),
        ("file:///etc/passwd", "https://"),
        ("https:///a.png", "https://"),
        ("https://[example.org/a.png", "cannot be read"),
        ("https://example.org:99999/a.png", "cannot be read"),
        ("https://example.org\\@127.0.0.1/", "backslash"),
        ("https://example.org/\x00", "cannot be seen"),
        ("https://example.org/a b.png", "blank"),
        ("https://127.0.0.1\t.example.org/", "blank"),
        ("https://somebody@example.org/", "user name"),
        ("https://somebody:secret@example.org/", "user name"),
        ("https://example.org@127.0.0.1/", "user name"),
        ("https://example.org/" + "a" * 2_000, "2,000"),
    ],
)
def test_what_is_wrong_with_an_address_is_said(url: str, words: str) -> None:
    with pytest.raises(NotPublic, match=words):
        insist_on_public(url)


def test_our_own_site_may_be_named_wherever_it_is() -> None:
    insist_on_public("http://127.0.0.1:8000/static/a.png", own_site="http://127.0.0.1:8000")
    for other in ("http://127.0.0.1:8001/a.png", "https://127.0.0.1:8000/a.png"):
        with pytest.raises(NotPublic):
            insist_on_public(other, own_site="http://127.0.0.1:8000")
