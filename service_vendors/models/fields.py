"""Encrypted columns that cannot leak: django-encrypted-model-fields with its traps closed.

Of the package's own fields, ``bulk_update`` writes other rows' secrets, a wrong key reads as
ciphertext and is saved encrypted twice, text that looks like a token is decrypted wherever it is
pasted, and keys are read at import. Here a value is decrypted when it comes from the database and
at no other time, what cannot be decrypted raises, and only a plain value can be written.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import FieldError, ImproperlyConfigured, ValidationError
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper

from service_vendors.crypto import decrypt_text, encrypt_text, problem_with_keys

# The package makes a crypter of its own when it is imported; when that fails it says neither which
# key is at fault nor what to do.
if _problem := problem_with_keys():
    raise ImproperlyConfigured(_problem)

if TYPE_CHECKING:
    _PackageField = models.TextField[Any, Any]
else:
    from encrypted_model_fields.fields import EncryptedTextField as _PackageField


class _EncryptedField(_PackageField):
    """A text column that holds tokens; subclasses say how a value becomes text and back."""

    def _to_text(self, value: Any) -> str:
        return str(value)

    def _from_text(self, text: str) -> Any:
        return text

    def to_python(self, value: Any) -> Any:
        """A value from a form or a fixture is what it is, even when it looks like a token."""
        return value if value is None else models.TextField.to_python(self, value)

    def from_db_value(self, value: str | None, *_: Any) -> Any:
        """Decrypt what the database holds. Raises DecryptionError."""
        return None if value is None else self._from_text(decrypt_text(value))

    def get_db_prep_save(self, value: Any, connection: BaseDatabaseWrapper) -> Any:
        """Encrypt what is written. An expression is not a value: it holds values of its own."""
        if value is None or hasattr(value, "as_sql"):
            return value
        return encrypt_text(self._to_text(value))

    def get_db_prep_value(
        self, value: Any, connection: BaseDatabaseWrapper, prepared: bool = False
    ) -> Any:
        """Only saving may bring a value near the database: compared, it would never match."""
        raise FieldError(f"{self} is encrypted: it cannot be filtered, compared or computed with.")

    def get_lookup(self, lookup_name: str) -> Any:
        """Only whether there is a value can be asked of the database."""
        if lookup_name == "isnull":
            return models.TextField.get_lookup(self, lookup_name)
        raise FieldError(
            f"{self} is encrypted: the database cannot look it up with {lookup_name!r}. "
            "Filter by another field, or compare in Python."
        )

    def get_transform(self, lookup_name: str) -> Any:
        """Nothing can be computed from a token."""
        return None

    def value_to_string(self, obj: models.Model) -> str:
        """Refuse to write a secret, readable or not, into a dump that ``loaddata`` would take."""
        raise FieldError(
            f"{self} is encrypted and is not dumped. Leave its model out with --exclude; to move "
            "secrets, copy the database and keep its keys."
        )


class EncryptedTextField(_EncryptedField):
    """Text, encrypted at rest."""


class EncryptedJSONField(_EncryptedField):
    """Anything JSON can say, encrypted at rest."""

    def _to_text(self, value: Any) -> str:
        return json.dumps(value)

    def _from_text(self, text: str) -> Any:
        return json.loads(text)

    def to_python(self, value: Any) -> Any:
        """The value itself: it was never text."""
        return value

    def validate(self, value: Any, model_instance: models.Model | None) -> None:
        """Refuse what JSON cannot say."""
        super().validate(value, model_instance)
        try:
            json.dumps(value)
        except TypeError as error:
            raise ValidationError("This cannot be written as JSON.", code="invalid") from error

    def formfield(self, **kwargs: Any) -> Any:
        """A JSON field; a text area would hand over text."""
        return models.Field.formfield(self, **{"form_class": forms.JSONField, **kwargs})
