"""Reading a page the way a browser does, as far as the tests ask."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

VOID = frozenset({"area", "base", "br", "col", "hr", "img", "input", "link", "meta", "source"})


@dataclass
class Element:
    """One element: its name, its attributes, the text in it (its children's too)."""

    name: str
    attributes: dict[str, str]
    texts: list[str] = field(default_factory=list)
    inside: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The text, with its white space made single."""
        return " ".join("".join(self.texts).split())

    def get(self, name: str) -> str:
        """An attribute, or "" without it."""
        return self.attributes.get(name, "")


class Page(HTMLParser):
    """All elements of a response, in their order."""

    def __init__(self, response: Any) -> None:
        super().__init__()
        self.elements: list[Element] = []
        self._open: list[Element] = []
        self.feed(response.content.decode())
        self.close()
        assert not self._open, f"never closed: {[element.name for element in self._open]}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep it."""
        attributes = {name: value or "" for name, value in attrs}
        element = Element(tag, attributes, inside=tuple(e.get("id") for e in self._open))
        self.elements.append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """An element of SVG that holds nothing."""
        self.elements.append(Element(tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        """Close it; what is nested wrongly is a fault of the page."""
        assert self._open and self._open[-1].name == tag, f"</{tag}> closes {self._open[-1:]}"
        self._open.pop()

    def handle_data(self, data: str) -> None:
        """Text belongs to everything it is in."""
        for element in self._open:
            element.texts.append(data)

    def all(self, name: str, /, **attributes: str) -> list[Element]:
        """The elements of a name with these attributes (``class_`` and the like by their names)."""
        wanted = {key.rstrip("_").replace("_", "-"): value for key, value in attributes.items()}
        return [
            element
            for element in self.elements
            if (not name or element.name == name)
            and all(element.attributes.get(key) == value for key, value in wanted.items())
        ]

    def one(self, name: str, /, **attributes: str) -> Element:
        """The only such element."""
        found = self.all(name, **attributes)
        assert len(found) == 1, f"{len(found)} <{name}> with {attributes}"
        return found[0]

    def by_id(self, id_: str) -> Element:
        """The element with this id."""
        return self.one("", id=id_)

    @property
    def text(self) -> str:
        """Everything the page says."""
        return self.one("main").text
