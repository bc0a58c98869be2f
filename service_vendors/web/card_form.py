"""What the forms of the Settings page have in common that are a card each."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from typing import Any, ClassVar

from django import forms
from django.contrib.auth.base_user import AbstractBaseUser

from service_vendors.models import Organization


class CardForm(forms.Form):
    """A few settings of an organization.

    ``name`` is in the ids of its fields and in the names of its address and of its place in the
    templates' context, ``anchor`` is the card's id and the end of the address, ``saved`` is what
    is said when it was.
    """

    name: ClassVar[str]
    anchor: ClassVar[str]
    saved: ClassVar[str]

    def __init__(self, organization: Organization, data: Any = None) -> None:
        super().__init__(data, auto_id=f"{self.name}-%s", label_suffix="")
        self.organization = organization

    def error_links(self) -> Iterator[tuple[str, str, str]]:
        """Each field's errors, for the summary at the top: its id, its label, an error."""
        for field in self.visible_fields():
            for error in field.errors:
                yield field.id_for_label, str(field.label), str(error)

    @abstractmethod
    def save_as(self, actor: AbstractBaseUser) -> bool:
        """Set what was typed, once it is valid. Returns whether anything changed."""
