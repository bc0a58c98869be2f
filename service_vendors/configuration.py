"""Which vendor an organization uses and with which settings; the only writer of both."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, Literal

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction

from service_vendors import conf
from service_vendors.exceptions import ConfigurationRejected, UnknownVendor
from service_vendors.managers import registry as managers
from service_vendors.models import AuditEntry, Organization, VendorConfig
from service_vendors.secret_managers import secret_manager
from service_vendors.types import ConfigField, VendorAccount
from service_vendors.vendors import loop, registry
from service_vendors.vendors.base import ReadinessItem, ServiceVendor

InheritedFrom = Literal["", "organization", "environment", "default"]
SECRET: Final = "secret"  # noqa: S105 - the key under which a secret's reference stands


class ConfigurationConflict(ConfigurationRejected):
    """Someone else saved this vendor's settings since they were read."""


@dataclass(frozen=True, slots=True)
class ActiveVendor:
    """The vendor that sends for an organization, and where that was decided."""

    name: str
    source: Literal["organization", "environment"]


@dataclass(frozen=True, slots=True)
class VendorStatus:
    """Whether an organization can text now, and what is missing.

    ``account`` is the ``account_name`` of its vendor, "" where there is none.
    """

    active: ActiveVendor | None
    ready: bool
    reason: str
    checklist: tuple[ReadinessItem, ...] = ()
    account: str = ""


@dataclass(frozen=True, slots=True)
class FieldState:
    """Where a config field's value comes from. Of a secret, both values stay ""."""

    field: ConfigField
    saved: bool
    value: str
    inherited: str
    inherited_from: InheritedFrom

    @property
    def is_set(self) -> bool:
        """Whether the vendor is given a value at all."""
        return self.saved or bool(self.inherited_from)


def active_vendor(organization: Organization | None) -> ActiveVendor:
    """DEFAULT_SERVICE of the organization's features, else of the environment.

    Raises UnknownVendor when neither names an active vendor; the text says what to set.
    """
    own = organization.feature("DEFAULT_SERVICE") if organization else None
    name, source = (
        str(own or conf.text("DEFAULT_SERVICE")),
        "organization" if own else "environment",
    )
    if not name:
        raise UnknownVendor("No vendor is chosen. Set DEFAULT_SERVICE to the name of one.")
    name = registry.vendor_class(name).name
    return ActiveVendor(name, "organization" if source == "organization" else "environment")


def get_config(key: str, organization: Organization | None = None) -> Any:
    """A setting by its environment name, as it holds for an organization; None when unset.

    The organization's saved vendor config comes first, then its ``features``, then the
    environment. Secrets are not handed out here: they are revealed to the vendor object alone.
    """
    owner, field = next(
        (
            (name, field)
            for name, cls in registry.available().items()
            for field in cls.config_fields
            if field.env == key
        ),
        ("", None),
    )
    if field is not None and field.secret:
        raise LookupError(f"{key} is a secret; only the vendor object may read it.")
    if organization is not None:
        if field is not None:
            plain, _, _ = saved_fields(organization, owner)
            if field.name in plain:
                return plain[field.name]
        own = organization.feature(key)
        if own not in (None, ""):
            return own
    if key in conf.SETTINGS:
        return conf.get(key)
    return conf.environment(key)


def vendor_account(organization: Organization | None, service: str | None = None) -> VendorAccount:
    """One account's settings with its secrets revealed: for binding a vendor object, only.

    Field by field: the organization's saved config, its ``features`` (never for a secret), the
    environment, the field's default. Raises UnknownVendor.
    """
    cls = registry.vendor_class(service or active_vendor(organization).name)
    own = _own_values(organization, cls.name)
    return VendorAccount(
        service=cls.name,
        organization_id=organization.pk if organization else None,
        config=_merged(cls.config_fields, own, organization),
        callback_base=cls.callback_base(),
        own_fields=frozenset(own),
        country=str(get_config("PHONE_NUMBER_COUNTRY", organization)),
    )


def vendor_of(organization: Organization, service: str | None = None) -> ServiceVendor:
    """The organization's vendor object. Raises UnknownVendor."""
    return registry.get_vendor(organization, service)


def vendor_status(organization: Organization, service: str | None = None) -> VendorStatus:
    """Whether the organization's (active) vendor can send now, with the checklist behind it."""
    try:
        vendor = vendor_of(organization, service or active_vendor(organization).name)
    except UnknownVendor as error:
        return VendorStatus(active=None, ready=False, reason=str(error))
    return status_of(organization, vendor)


def status_of(organization: Organization, vendor: ServiceVendor) -> VendorStatus:
    """Whether the organization's vendor object can send now, with the checklist behind it."""
    try:
        active = active_vendor(organization)
    except UnknownVendor as error:
        return VendorStatus(active=None, ready=False, reason=str(error))
    decided = managers.decide_on_readiness(organization, vendor.name)
    checklist = tuple(vendor.readiness(decided))
    ready = vendor.fully_configured(decided)
    missing = [item.remedy for item in checklist if not item.ready]
    reason = " ".join(missing) if missing else "" if ready else "A service manager is not ready."
    return VendorStatus(active, ready, reason, checklist, vendor.account_name)


def saved_fields(organization: Organization, service: str) -> tuple[dict[str, str], set[str], int]:
    """What the organization saved for a vendor: plain values, names of secrets, and the version."""
    saved = _saved(organization, service)
    if saved is None:
        return {}, set(), 0
    plain = {name: value for name, value in saved.config.items() if isinstance(value, str)}
    return plain, set(saved.config) - set(plain), saved.version


def field_states(organization: Organization, service: str) -> list[FieldState]:
    """Every config field of a vendor, as it stands for an organization. Raises UnknownVendor."""
    plain, secrets, _ = saved_fields(organization, service)
    fields = registry.vendor_class(service).config_fields
    elsewhere = _goes_elsewhere(fields, plain, organization)
    states = []
    for field in fields:
        inherited, inherited_from = _inheritance(field, organization, elsewhere=elsewhere)
        states.append(
            FieldState(
                field=field,
                saved=field.name in plain or field.name in secrets,
                value="" if field.secret else plain.get(field.name, ""),
                inherited="" if field.secret else inherited,
                inherited_from=inherited_from,
            )
        )
    return states


def save_vendor_config(
    organization: Organization,
    service: str,
    changes: Mapping[str, str | None],
    *,
    actor: AbstractBaseUser | None,
    version: int | None = None,
    check: bool = True,
) -> VendorConfig | None:
    """Save an organization's settings of a vendor, after asking the vendor whether they work.

    ``changes`` maps field names to new values; None removes one, a field that is left out stays
    as it is. ``version`` is what the caller read (None: whatever is there). Returns the saved row,
    or None when nothing had to change.

    Raises ConfigurationRejected (nothing is saved), ConfigurationConflict when someone else saved
    since, TransientVendorError when the vendor could not be asked, and UnknownVendor.
    """
    vendor_class = registry.vendor_class(service)
    if not vendor_class.supports_org_config():
        raise ConfigurationRejected(
            f"The operators of this installation set {vendor_class.title} up for everybody."
        )
    account = vendor_account(organization, service)
    changed = _really_changed(organization, service, changes)
    if not changed:
        return None
    fields = {field.name: field for field in vendor_class.config_fields}
    if unknown := sorted(set(changed) - set(fields)):
        raise ConfigurationRejected(f"{service} has no setting called {', '.join(unknown)}.")
    own = {n: v for n, v in (_own_values(organization, service) | changed).items() if v}
    new = _merged(tuple(fields.values()), own, organization)
    if check:
        decided = managers.decide_on_readiness(organization, service)
        vendor = registry.bind(account)
        loop.run(vendor.update_config(account.config, new, decided))
    return _write(organization, service, fields, changed, actor=actor, version=version)


def choose_vendor(
    organization: Organization, service: str | None, *, actor: AbstractBaseUser | None
) -> None:
    """Set (or with None, clear) the organization's own DEFAULT_SERVICE. Raises UnknownVendor."""
    service = registry.vendor_class(service).name if service else None
    with changing_features(organization) as locked:
        if service:
            locked.features["DEFAULT_SERVICE"] = service
        else:
            locked.features.pop("DEFAULT_SERVICE", None)
        record(
            organization,
            actor,
            "vendor chosen",
            f"Chose {registry.vendor_class(service).title} to send with."
            if service
            else "Left the choice of vendor to the installation.",
            service=service or "",
            fields=["DEFAULT_SERVICE"],
        )


def enable_managers(
    organization: Organization, service: str, *, actor: AbstractBaseUser | None
) -> list[str]:
    """Add the service managers that a vendor needs to those the organization uses; their names.

    The others stay, in their order. Raises UnknownVendor.
    """
    needed = registry.vendor_class(service).needs_managers
    with changing_features(organization) as locked:
        listed = managers.names_of(locked)
        missing = [name for name in needed if name not in listed]
        if missing:
            locked.features["SERVICE_MANAGERS"] = [*listed, *missing]
            titles = " and ".join(managers.title_of(name) for name in missing)
            record(
                organization,
                actor,
                "managers enabled",
                f"Enabled {titles}.",
                service=service,
                fields=["SERVICE_MANAGERS"],
            )
    return missing


@contextmanager
def changing_features(organization: Organization) -> Iterator[Organization]:
    """The organization under lock, its ``features`` a dict to change in place; saved at the end.

    Whatever else is written meanwhile, such as an audit entry, is saved with them or not at all.
    """
    with transaction.atomic():
        locked = Organization.objects.select_for_update().get(pk=organization.pk)
        before = locked.features
        locked.features = dict(before or {})
        yield locked
        if locked.features != before:
            locked.save(update_fields=("features",))
    organization.features = locked.features


def record(
    organization: Organization,
    actor: AbstractBaseUser | None,
    action: str,
    summary: str,
    *,
    service: str = "",
    fields: list[str] | None = None,
) -> AuditEntry:
    """Write an audit entry. ``fields`` are names; a vendor's values have no place in it."""
    return AuditEntry.objects.create(
        organization=organization,
        actor_id=actor.pk if actor else None,
        actor_name=actor.get_username() if actor else "the system",
        action=action,
        service=service,
        summary=summary,
        fields=sorted(fields or []),
    )


def _saved(organization: Organization, service: str) -> VendorConfig | None:
    """What the organization saved for a vendor, as long as organizations may have their own."""
    if not registry.vendor_class(service).supports_org_config():
        return None
    # All of them, a few at most: a page that prefetched them is then asked nothing again.
    saved = organization.vendor_configs.all()
    return next((config for config in saved if config.service == service), None)


def _own_values(organization: Organization | None, service: str) -> dict[str, str]:
    """The organization's saved values of a vendor, secrets revealed."""
    if organization is None:
        return {}
    saved = _saved(organization, service)
    if saved is None:
        return {}
    references = {n: v[SECRET] for n, v in saved.config.items() if isinstance(v, dict)}
    secrets = secret_manager().reveal(organization.pk, list(references.values()))
    values = {n: v for n, v in saved.config.items() if isinstance(v, str)}
    values |= {n: secrets[ref] for n, ref in references.items() if ref in secrets}
    return values


def _merged(
    fields: Sequence[ConfigField], own: Mapping[str, str], organization: Organization | None
) -> dict[str, str]:
    """The values that hold, field by field: the organization's own, else what it inherits."""
    elsewhere = _goes_elsewhere(fields, own, organization)
    return {
        field.name: own.get(field.name) or _inheritance(field, organization, elsewhere=elsewhere)[0]
        for field in fields
    }


def _goes_elsewhere(
    fields: Sequence[ConfigField], own: Mapping[str, str], organization: Organization | None
) -> bool:
    """Whether the organization itself decides where its calls go."""
    return organization is not None and any(
        own.get(field.name) or _from_features(field, organization)
        for field in fields
        if field.destination
    )


def _inheritance(
    field: ConfigField, organization: Organization | None, *, elsewhere: bool
) -> tuple[str, InheritedFrom]:
    """What a field is without a saved value, and where that comes from.

    ``elsewhere``: the organization has an account of its own, so the installation's is none of
    its business.
    """
    own = "" if field.secret or organization is None else _from_features(field, organization)
    if own:
        return own, "organization"
    if not elsewhere and (value := _from_environment(field)):
        return value, "environment"
    return field.default, "default" if field.default else ""


def _from_features(field: ConfigField, organization: Organization) -> str:
    """A field's value in the organization's ``features``, under the newest of its names there."""
    values = (organization.feature(name) for name in (field.env, *field.old_env))
    return str(next((value for value in values if value), ""))


def _from_environment(field: ConfigField) -> str:
    """A field's value in the environment, under the newest of its names that is set there."""
    values = (conf.environment(name) for name in (field.env, *field.old_env))
    return next((value for value in values if value), "")


def _really_changed(
    organization: Organization, service: str, changes: Mapping[str, str | None]
) -> dict[str, str | None]:
    own = _own_values(organization, service)
    return {n: v or None for n, v in changes.items() if (v or None) != own.get(n)}


def _write(
    organization: Organization,
    service: str,
    fields: Mapping[str, ConfigField],
    changed: Mapping[str, str | None],
    *,
    actor: AbstractBaseUser | None,
    version: int | None,
) -> VendorConfig:
    with transaction.atomic():
        # The organization's row is the lock: a config that does not exist yet cannot be locked.
        Organization.objects.select_for_update().get(pk=organization.pk)
        saved = VendorConfig.objects.filter(organization=organization, service=service).first()
        found = saved.version if saved else 0
        if version is not None and version != found:
            raise ConfigurationConflict(
                "Someone else changed these settings while you were editing. "
                "Look at what is saved now and make your change again."
            )
        saved = saved or VendorConfig(organization=organization, service=service)
        config = dict(saved.config)
        for name, value in changed.items():
            old = config.pop(name, None)
            if isinstance(old, dict):
                secret_manager().forget(organization.pk, old[SECRET])
            if value is None:
                continue
            config[name] = (
                {SECRET: secret_manager().store(organization.pk, service, name, value)}
                if fields[name].secret
                else value
            )
        saved.config = config
        saved.version = found + 1
        saved.updated_by_id = actor.pk if actor else None
        saved.save()
        title = registry.vendor_class(service).title
        record(
            organization,
            actor,
            "settings changed",
            f"Changed the settings of {title}.",
            service=service,
            fields=list(changed),
        )
        for manager in managers.managers_of(organization):
            manager.on_organization_service_vendor_setup(organization, service, sorted(changed))
        return saved
