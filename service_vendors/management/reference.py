"""What vendors can do and what can be set, from the same tables that the code reads."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from service_vendors import conf
from service_vendors.types import ConfigField, Feature
from service_vendors.vendors import registry

KINDS: Final = {str: "text", int: "whole number", float: "number", bool: "on/off", list: "list"}


def matrix() -> list[dict[str, Any]]:
    """Every active vendor with what it can do, in the order SERVICE_VENDORS lists them."""
    default = conf.text("DEFAULT_SERVICE")
    return [
        {
            "name": name,
            "title": vendor_class.title,
            "default": name == default,
            "documentation": vendor_class.documentation_url,
            "features": {f.value: f in vendor_class.supports for f in Feature},
            "webhooks": [f"/{webhook.address}" for webhook in vendor_class.webhooks],
        }
        for name, vendor_class in registry.available().items()
    ]


def settings_document(vendors: Iterable[str] | None = None) -> str:
    """The generated part of ``docs/settings.md``, as Markdown.

    ``vendors`` are the built-in ones to tell of; without it, all there are.
    """
    lines = ["## The app", ""]
    lines += _settings(conf.SETTINGS.values())
    for name in sorted(registry.built_in_names() if vendors is None else vendors):
        vendor_class = registry.find(name)
        if vendor_class is None or not vendor_class.config_fields:
            continue
        lines += ["", f"## {vendor_class.title}", ""]
        if vendor_class.settings:
            lines += [*_settings(vendor_class.settings), ""]
        lines += _table(
            ("Name", "Field", "Secret", "Required", "Default", "Meaning"),
            (
                (
                    f"`{field.env}`",
                    field.title,
                    "yes" if field.secret else "",
                    "yes" if field.required else "",
                    f"`{field.default}`" if field.default else "",
                    field.help + _old_names(field),
                )
                for field in vendor_class.config_fields
            ),
        )
    return "\n".join(lines) + "\n"


def _settings(rows: Iterable[conf.Setting]) -> list[str]:
    return _table(
        ("Name", "Kind", "Default", "Meaning"),
        (
            (
                f"`{row.name}`",
                KINDS[row.kind],
                f"`{_as_written(row.default)}`" if row.default not in ("", []) else "",
                row.help + (" An organization may set its own." if row.per_organization else ""),
            )
            for row in rows
        ),
    )


def _old_names(field: ConfigField) -> str:
    """Which other names of a field are accepted."""
    return "".join(f" `{name}` is accepted too." for name in field.old_env)


def _as_written(default: Any) -> str:
    """A default the way it would stand in the environment."""
    if isinstance(default, bool):
        return "on" if default else "off"
    return ",".join(default) if isinstance(default, list) else str(default)


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    lines = [heads, ["---"] * len(heads), *rows]
    return ["| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines]
