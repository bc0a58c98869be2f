"""The forms of a lookup of many numbers: which ones, and the agreement to what that costs."""

from __future__ import annotations

from typing import Any, Final

from django import forms
from django.contrib.auth.base_user import AbstractBaseUser

from service_vendors import lookups
from service_vendors.exceptions import LookupRefused, UnknownVendor, UnsupportedFeature
from service_vendors.models import Campaign, LookupJob, Organization
from service_vendors.types import LookupDetail

MOST_FILE_BYTES: Final = 20 * 1024 * 1024


class BulkForm(forms.Form):
    """Everyone in a campaign, the numbers of a file, or every contact; and what to look up."""

    source = forms.ChoiceField(
        choices=[
            (one.value, one.label) for one in LookupJob.Source if one != LookupJob.Source.NUMBERS
        ],
        error_messages={"required": "Choose whose numbers to look up."},
    )
    campaign = forms.ModelChoiceField(
        Campaign.objects.none(),
        required=False,
        error_messages={"invalid_choice": "Choose one of the campaigns."},
    )
    file = forms.FileField(
        required=False, error_messages={"empty": "The file is empty. Choose another."}
    )
    detail = forms.TypedChoiceField(
        choices=[(one.value, one.name) for one in LookupDetail],
        coerce=int,
        error_messages={"required": "Choose what to look up."},
    )

    def __init__(self, organization: Organization, data: Any = None, files: Any = None) -> None:
        super().__init__(data, files, auto_id="lookup-%s", label_suffix="")
        self.organization = organization
        field = self.fields["campaign"]
        if isinstance(field, forms.ModelChoiceField):
            field.queryset = Campaign.objects.filter(organization=organization)
        self.file_errors: tuple[str, ...] = ()
        self.more_file_errors = 0

    @property
    def chosen_source(self) -> str:
        """What is marked; the campaign at first."""
        meant = getattr(self, "cleaned_data", {}).get("source")
        return str(meant or self["source"].value() or LookupJob.Source.CAMPAIGN)

    @property
    def chosen_detail(self) -> int | None:
        """What is marked, or None: then it is the first."""
        value = str(self["detail"].value() or "")
        return int(value) if value.isdecimal() and len(value) < 3 else None

    def clean(self) -> dict[str, Any]:
        """What was chosen must be there."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        source, file = cleaned.get("source"), cleaned.get("file")
        if source == LookupJob.Source.CAMPAIGN and file and not self["campaign"].value():
            # Whoever was quicker than the page's script marked nothing by choosing a file.
            source = cleaned["source"] = LookupJob.Source.FILE
        if source == LookupJob.Source.CAMPAIGN and not cleaned.get("campaign"):
            if "campaign" not in self.errors:
                self.add_error("campaign", "Choose a campaign.")
        elif source == LookupJob.Source.FILE and "file" not in self.errors:
            if not file:
                self.add_error("file", "Choose a file.")
            elif file.size > MOST_FILE_BYTES:
                most = MOST_FILE_BYTES // 1024 // 1024
                self.add_error("file", f"The file is larger than {most} MB. Divide it.")
        return cleaned

    def prepare(self, actor: AbstractBaseUser) -> LookupJob | None:
        """The job, waiting to be agreed to; None, with the reason in this form's errors."""
        chosen = self.cleaned_data
        detail = LookupDetail(chosen["detail"])
        try:
            if chosen["source"] == LookupJob.Source.CAMPAIGN:
                return lookups.prepare_campaign(chosen["campaign"], detail=detail, actor=actor)
            if chosen["source"] == LookupJob.Source.FILE:
                file = chosen["file"]
                return lookups.prepare_file(
                    self.organization, file, name=file.name, detail=detail, actor=actor
                )
            return lookups.prepare_contacts(self.organization, detail=detail, actor=actor)
        except lookups.BadNumbersFile as error:
            self.file_errors, self.more_file_errors = error.errors, error.more
            self.add_error("file", "Correct the file and choose it again. Nothing was kept of it.")
        except (LookupRefused, UnknownVendor, UnsupportedFeature) as error:
            self.add_error(None, str(error))
        return None


class AgreeForm(forms.Form):
    """An owner's word that a lookup may cost what the page says."""

    most_cost = forms.DecimalField(required=False, max_digits=14, decimal_places=5)
    confirmed = forms.BooleanField(
        required=False,
        error_messages={"required": "Confirm the cost to begin."},
    )

    def __init__(self, job: LookupJob, data: Any = None) -> None:
        super().__init__(data, auto_id="agree-%s", label_suffix="")
        self.fields["confirmed"].required = not job.is_free
