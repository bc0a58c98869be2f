"""The form of one vendor's settings: a vendor's ``forms.py`` extends it and says little more.

    class ConfigForm(VendorConfigForm):
        vendor_class = ...

makes a text field of every config field and a write-only one of every secret. A vendor declares a
field of its own where it knows better (choices, a longer help, a shape); the name must be the
config field's. Of a secret, no widget ever shows anything, whatever the vendor declared.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Final

from django import forms
from django.contrib.auth.base_user import AbstractBaseUser
from django.utils.module_loading import import_string
from django.utils.safestring import SafeString

from service_vendors import configuration
from service_vendors.configuration import FieldState
from service_vendors.exceptions import ConfigurationRejected, TransientVendorError, VendorError
from service_vendors.models import AuditEntry, Campaign, Organization, VendorConfig
from service_vendors.vendors import registry
from service_vendors.vendors.base import ServiceVendor

if TYPE_CHECKING:
    _ModelForm = forms.ModelForm[VendorConfig]
else:
    _ModelForm = forms.ModelForm  # generic to the type checker only

REMOVE: Final = "remove_"
MOST_CHARACTERS: Final = 8_000
MOST_SHAPED_CHARACTERS: Final = 200
_SECRET_ATTRS: Final = {
    "autocomplete": "new-password",
    "autocapitalize": "none",
    "spellcheck": "false",
    "class": "form-control",
}


class WriteOnly(forms.Widget):
    """A widget that takes a value and never shows one, whatever it is given to render."""

    def format_value(self, value: Any) -> None:
        """Nothing: not even how long it is."""
        return


class SecretInput(WriteOnly, forms.PasswordInput):
    """For a secret of one line."""


class SecretTextarea(WriteOnly, forms.Textarea):
    """For a secret of several lines, such as a private key."""


def shaped_field(
    shape: str, words: str, *, help_text: str, widget: type[forms.Widget] | None = None
) -> forms.Field:
    """A field for what has a shape, a regular expression of all of it; of all else, it says why."""
    return forms.RegexField(
        rf"^(?:{shape})$",
        max_length=MOST_SHAPED_CHARACTERS,
        help_text=help_text,
        error_messages={"invalid": words},
        widget=widget,
    )


@dataclass(frozen=True, slots=True)
class SettingRow:
    """One setting as the template shows it. ``changed`` is the last change of a saved secret."""

    field: forms.BoundField
    state: FieldState
    changed: AuditEntry | None
    remove: forms.BoundField | None

    @property
    def widget(self) -> SafeString:
        """The input, tied to its help, its state and its errors for those who cannot see."""
        told = {
            "state": self.has_state,
            "help": bool(self.field.help_text),
            "errors": bool(self.field.errors),
        }
        described = [
            f"{self.field.id_for_label}-{part}" for part, is_there in told.items() if is_there
        ]
        css = self.field.field.widget.attrs.get("class", "form-control")
        return self.field.as_widget(
            attrs={
                "aria-describedby": " ".join(described) or False,
                "class": f"{css} is-invalid" if self.field.errors else css,
            }
        )

    @property
    def has_state(self) -> bool:
        """Whether there is something to say about where the value comes from."""
        is_saved_secret = self.state.field.secret and self.state.saved
        return is_saved_secret or bool(self.state.inherited_from)


class VendorConfigForm(_ModelForm):
    """One organization's settings of one vendor. ``save_as`` lets ``configuration`` do the work."""

    vendor_class: ClassVar[type[ServiceVendor]]

    version = forms.IntegerField(widget=forms.HiddenInput, min_value=0)
    confirmed = forms.BooleanField(
        required=False, label="I understand, and want to change it while campaigns are running."
    )
    unchecked = forms.BooleanField(required=False, label="Save without checking")

    class Meta:
        model = VendorConfig
        fields: ClassVar[tuple[str, ...]] = ()

    def __init__(self, organization: Organization, data: Any = None) -> None:
        service = self.vendor_class.name
        super().__init__(data, auto_id=f"{service}-%s", label_suffix="")
        self.organization = organization
        self.service = service
        self.offers_unchecked = False
        self.is_conflict = False
        self.states = configuration.field_states(organization, service)
        self.initial["version"] = configuration.saved_fields(organization, service)[2]
        self.campaigns = self._campaigns_at_stake()
        for state in self.states:
            self._prepare(state)

    def _prepare(self, state: FieldState) -> None:
        """Make or complete the form field of one setting."""
        name = state.field.name
        field = self.fields.get(name) or forms.CharField(max_length=MOST_CHARACTERS)
        self.fields[name] = field
        # An empty field is inherited or kept: whether something is missing is for clean() to say.
        field.required = False
        field.widget.is_required = False
        field.label = field.label or state.field.title
        field.help_text = field.help_text or state.field.help
        if not state.field.secret:
            kind = "form-select" if isinstance(field.widget, forms.Select) else "form-control"
            field.widget.attrs.setdefault("class", kind)
            field.widget.attrs.setdefault("autocomplete", "off")
            self.initial[name] = state.value
            return
        if not isinstance(field.widget, WriteOnly):
            field.widget = SecretInput()
        field.widget.attrs = {**field.widget.attrs, **_SECRET_ATTRS}
        if state.saved:
            self.fields[REMOVE + name] = forms.BooleanField(
                required=False, label=f"Remove the saved {field.label}"
            )

    def _campaigns_at_stake(self) -> list[Campaign]:
        """The running campaigns, when they send through this vendor."""
        try:
            active = configuration.active_vendor(self.organization).name
        except VendorError:
            return []
        return running_campaigns(self.organization) if active == self.service else []

    def clean(self) -> dict[str, Any]:
        """Refuse contradictions, forgotten values, and unconfirmed changes to what is running."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        for state in self.states:
            name = state.field.name
            if cleaned.get(REMOVE + name) and cleaned.get(name):
                self.add_error(name, "Either type a new value or tick “Remove”, not both.")
        if not self.errors:
            self._miss_what_is_required()
        if self.campaigns and self._puts_campaigns_at_stake() and not cleaned.get("confirmed"):
            self.add_error("confirmed", "Tick this box if you want to make the change now.")
        return cleaned

    def changes(self) -> dict[str, str | None]:
        """What was typed, as ``configuration.save_vendor_config`` wants it. None removes."""
        changes: dict[str, str | None] = {}
        for state in self.states:
            name = state.field.name
            typed = str(self.cleaned_data.get(name) or "")
            if not state.field.secret:
                changes[name] = typed or None
            elif typed:
                changes[name] = typed
            elif self.cleaned_data.get(REMOVE + name):
                changes[name] = None
        return changes

    def save_as(self, actor: AbstractBaseUser) -> bool:
        """Check the settings with the vendor and save them; else explain, in this form's errors.

        Returns whether all is well. Nothing was saved when it is not.
        """
        incomplete = self._required_without_value(self.changes())
        check = not (self.cleaned_data["unchecked"] or incomplete)
        try:
            configuration.save_vendor_config(
                self.organization,
                self.service,
                self.changes(),
                actor=actor,
                version=self.cleaned_data["version"],
                check=check,
            )
        except configuration.ConfigurationConflict as error:
            self.is_conflict = True
            self.add_error(None, str(error))
        except ConfigurationRejected as error:
            self._explain(error)
        except TransientVendorError as error:
            self.offers_unchecked = True
            self.add_error(
                None,
                f"{error} So nothing was checked and nothing was saved. Try again in a minute, or "
                "tick “Save without checking”. Secrets must be typed again: they are never sent "
                "back to the page.",
            )
        except VendorError as error:
            self.add_error(None, str(error))
        return not self.errors

    def rows(self) -> Iterator[SettingRow]:
        """The settings, in the vendor's order."""
        changed = last_changes(self.organization, self.service)
        for state in self.states:
            name = state.field.name
            yield SettingRow(
                field=self[name],
                state=state,
                changed=changed.get(name),
                remove=self[REMOVE + name] if REMOVE + name in self.fields else None,
            )

    def error_links(self) -> Iterator[tuple[str, str, str]]:
        """For the summary on top: each field's id, its name, and its error."""
        for name, errors in self.errors.items():
            if name in self.fields:
                bound = self[name]
                label = "Confirmation" if name == "confirmed" else str(bound.label)
                for error in errors:
                    yield bound.id_for_label, label, str(error)

    def _miss_what_is_required(self) -> None:
        """Nobody forgets a value by accident; but to clear everything is allowed."""
        changes = self.changes()
        known = {state.field.name: state for state in self.states}
        adds = any(value and value != known[name].value for name, value in changes.items())
        for name in self._required_without_value(changes) if adds else ():
            if not self.cleaned_data.get(REMOVE + name):
                self.add_error(name, f"{self.vendor_class.title} needs this. Fill it in.")

    def _required_without_value(self, changes: dict[str, str | None]) -> list[str]:
        """The required settings that would have no value after these changes."""
        missing = []
        for state in self.states:
            stays = state.value or (state.field.secret and state.saved)
            own = changes.get(state.field.name, stays)
            if state.field.required and not own and not state.inherited_from:
                missing.append(state.field.name)
        return missing

    def _puts_campaigns_at_stake(self) -> bool:
        """Another account, or none: a new secret of the same account harms nobody."""
        if self.errors:
            return False
        changes = self.changes()
        return bool(self._required_without_value(changes)) or any(
            state.field.required
            and not state.field.secret
            and (changes.get(state.field.name) or state.inherited)
            != (state.value or state.inherited)
            for state in self.states
        )

    def _explain(self, error: ConfigurationRejected) -> None:
        """The vendor's objections, beside the fields where it says which."""
        known = {n: t for n, t in error.field_errors.items() if n in self.fields}
        for name, text in known.items():
            self.add_error(name, text)
        unknown = [t for n, t in error.field_errors.items() if n not in known]
        for text in [*unknown, *([str(error)] if str(error) and not known else [])]:
            self.add_error(None, text)


def form_for(organization: Organization, service: str, data: Any = None) -> VendorConfigForm:
    """The form of a vendor, for an organization. Raises UnknownVendor."""
    form_class = import_string(registry.vendor_class(service).config_form)
    form: VendorConfigForm = form_class(organization, data)
    return form


def running_campaigns(organization: Organization) -> list[Campaign]:
    """The organization's campaigns that are being texted now."""
    return list(organization.campaigns.filter(is_started=True, is_archived=False))


def last_changes(organization: Organization, service: str) -> dict[str, AuditEntry]:
    """The newest audit entry of each of a vendor's settings."""
    found: dict[str, AuditEntry] = {}
    for entry in AuditEntry.objects.filter(organization=organization, service=service)[:200]:
        for name in entry.fields:
            found.setdefault(name, entry)
    return found
