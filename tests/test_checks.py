"""System checks: each complains of its own fault, and says how to mend it."""

from __future__ import annotations

from importlib.metadata import EntryPoint
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.core import checks as django_checks
from django.core.checks import CheckMessage
from django.db import connection

from service_vendors import development_keys, sentinel
from service_vendors.checks import vendors as vendor_checks
from service_vendors.models import KeySentinel
from service_vendors.vendors import registry
from tests.factories import OrganizationFactory
from tests.scripted_vendor import ScriptedVendor


def found(**kwargs: Any) -> dict[str, CheckMessage]:
    """What this app's checks say, by id."""
    messages = django_checks.run_checks(tags=["service_vendors"], **kwargs)
    return {str(message.id).removeprefix("service_vendors."): message for message in messages}


@pytest.fixture
def offered(monkeypatch: pytest.MonkeyPatch) -> list[EntryPoint]:
    """What installed packages offer; to be added to."""
    entries: list[EntryPoint] = []
    monkeypatch.setattr(vendor_checks, "entry_points", lambda group: entries)
    monkeypatch.setattr(registry, "entry_points", lambda group: entries)
    registry.reset()
    yield entries
    registry.reset()


def entry(name: str, value: str = "tests.scripted_vendor:ScriptedVendor") -> EntryPoint:
    return EntryPoint(name, value, registry.ENTRY_POINT_GROUP)


def test_the_host_project_as_it_is_has_nothing_to_complain_of(settings: Any) -> None:
    settings.DEBUG = True
    assert found() == {}


def test_a_listed_vendor_that_nobody_provides_is_named(settings: Any) -> None:
    settings.SERVICE_VENDORS = ["fakeservice", "pigeon"]
    message = found()["E001"]
    assert "'pigeon'" in message.msg
    assert "fakeservice" in message.hint


@pytest.mark.parametrize("value", ["no.such.module:Vendor", "tests.factories:a_number"])
def test_a_vendor_that_does_not_load_is_named_with_the_reason(
    settings: Any, offered: list[EntryPoint], value: str
) -> None:
    offered.append(entry("broken", value))
    settings.SERVICE_VENDORS = ["fakeservice", "broken"]
    message = found()["E002"]
    assert "'broken'" in message.msg
    assert "SERVICE_VENDORS" in message.hint


def test_a_broken_default_vendor_is_complained_of_once(
    settings: Any, offered: list[EntryPoint]
) -> None:
    offered.append(entry("broken", "no.such.module:Vendor"))
    settings.DEBUG = True
    settings.SERVICE_VENDORS = ["broken"]
    settings.DEFAULT_SERVICE = "broken"
    assert list(found()) == ["E002"]


def test_a_vendor_from_outside_may_not_take_a_built_in_name(
    settings: Any, offered: list[EntryPoint]
) -> None:
    offered.append(entry("fakeservice"))
    assert "built in" in found()["E003"].msg


def test_two_packages_may_not_offer_the_same_name(offered: list[EntryPoint]) -> None:
    offered += [entry("scripted"), entry("scripted", "tests.other:Vendor")]
    assert "2 installed packages" in found()["E003"].msg


def test_two_vendors_may_not_be_called_at_one_address(
    settings: Any, offered: list[EntryPoint], monkeypatch: pytest.MonkeyPatch
) -> None:
    offered.append(entry("scripted"))
    settings.SERVICE_VENDORS = ["fakeservice", "scripted"]
    assert "E004" not in found()
    theirs = registry.find("fakeservice").webhooks  # type: ignore[union-attr]  # built in
    monkeypatch.setattr(ScriptedVendor, "webhooks", theirs)
    assert "fakeservice and scripted" in found()["E004"].msg


def test_a_default_vendor_that_is_not_active_is_an_error(settings: Any) -> None:
    settings.SERVICE_VENDORS = ["fakeservice"]
    settings.DEFAULT_SERVICE = "pigeon"
    assert "fakeservice" in found()["E005"].hint


def test_no_default_vendor_is_a_warning(settings: Any) -> None:
    settings.DEFAULT_SERVICE = ""
    assert found()["W001"].level == django_checks.WARNING


def test_a_default_vendor_without_its_keys_is_a_warning_that_names_them(
    settings: Any, offered: list[EntryPoint]
) -> None:
    offered.append(entry("scripted"))
    settings.SERVICE_VENDORS = [settings.DEFAULT_SERVICE] = ["scripted"]
    settings.DEFAULT_SERVICE = "scripted"
    message = found()["W002"]
    assert message.level == django_checks.WARNING
    assert "SCRIPTED_TOKEN" in message.msg
    assert "SCRIPTED_ACCOUNT" not in message.msg  # it has a default
    settings.SCRIPTED_TOKEN = "open sesame"
    assert "W002" not in found()


@pytest.mark.parametrize(
    "name", ["nobody", "tests.factories.NoManager", "tests.factories.PASSWORD"]
)
def test_a_service_manager_that_is_not_there_is_named(settings: Any, name: str) -> None:
    settings.SERVICE_MANAGERS = name
    assert name in found()["E006"].msg


def test_a_service_manager_that_a_vendor_needs_and_is_not_there_is_named(
    offered: list[EntryPoint], settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    offered.append(entry("scripted"))
    settings.SERVICE_VENDORS = ["scripted"]
    monkeypatch.setattr(ScriptedVendor, "needs_managers", ("sticky-sender", "oracle"))
    message = found()["E006"].msg
    assert "Scripted needs the service manager 'oracle'" in message


@pytest.mark.django_db
def test_a_service_manager_that_an_organizations_features_list_is_looked_for(
    settings: Any,
) -> None:
    OrganizationFactory(name="Ours", features={"SERVICE_MANAGERS": ["sticky-sender", "oracle"]})
    OrganizationFactory(features={"SERVICE_MANAGERS": "numpicker-basic"})
    (message,) = (
        one
        for one in django_checks.run_checks(tags=["database"], databases=["default"])
        if one.id == "service_vendors.W011"
    )
    assert "features of Ours list 'oracle'" in message.msg


def test_a_vendor_that_cannot_take_over_is_named(settings: Any) -> None:
    settings.FALLBACK_SERVICES = ["fakeservice", "vonage", "pigeon"]
    assert "'pigeon'" in found()["E021"].msg
    settings.FALLBACK_SERVICES = ["fakeservice", "vonage"]
    assert "E021" not in found()


@pytest.mark.django_db
def test_an_organizations_vendor_that_cannot_take_over_is_named() -> None:
    OrganizationFactory(name="Ours", features={"FALLBACK_SERVICES": ["pigeon", "fakeservice"]})
    (message,) = (
        one
        for one in django_checks.run_checks(tags=["database"], databases=["default"])
        if one.id == "service_vendors.W012"
    )
    assert "features of Ours list 'pigeon' in FALLBACK_SERVICES" in message.msg


def test_a_secret_manager_that_is_not_there_is_named(settings: Any) -> None:
    settings.SECRET_MANAGER = "a.safe.Place"
    assert "a.safe.Place" in found()["E007"].msg


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SEND_BATCH_SIZE", "many"),
        ("SEND_BATCH_SIZE", "0"),
        ("SEND_LEASE_SECONDS", "-1"),
        ("SWEEP_SECONDS", "inf"),
        ("SWEEP_SECONDS", "nan"),
        ("WEBHOOK_MAX_BYTES", "1.5"),
    ],
)
def test_a_setting_that_makes_no_sense_is_named_with_its_meaning(
    settings: Any, name: str, value: str
) -> None:
    setattr(settings, name, value)
    message = found()["E008"]
    assert name in message.msg
    assert "Leave it unset for" in message.hint


def test_a_vendors_own_settings_must_make_sense_too(settings: Any) -> None:
    settings.SERVICE_VENDORS = ["twilio"]
    settings.BASE_URL = "https://texting.example.org"
    assert not {"E008", "E012", "E013", "W003"} & set(found())
    settings.TWILIO_MESSAGE_VALIDITY_PERIOD = "an hour"
    message = found()["E008"]
    assert "TWILIO_MESSAGE_VALIDITY_PERIOD" in message.msg
    assert "ten hours" in message.hint
    for url, expected in (
        ("twilio.example.org", "E012"),
        ("http://twilio.example.org", "E013"),
        ("https://twilio.example.org/", "W003"),
    ):
        settings.TWILIO_BASE_CALLBACK_URL = url
        assert "TWILIO_BASE_CALLBACK_URL" in found()[expected].msg


def test_a_country_there_is_not_is_an_error(settings: Any) -> None:
    settings.PHONE_NUMBER_COUNTRY = "Utopia"
    assert "Utopia" in found()["E016"].msg


@pytest.mark.parametrize("keys", [[], "", ["short"], [Fernet.generate_key().decode(), "short"]])
def test_a_missing_or_malformed_encryption_key_is_an_error_that_shows_no_key(
    settings: Any, keys: Any
) -> None:
    settings.FIELD_ENCRYPTION_KEY = keys
    message = found()["E009"]
    assert "generate_key" in message.hint
    assert "short" not in message.msg


def test_the_development_encryption_key_is_refused_in_production_only(settings: Any) -> None:
    own = Fernet.generate_key().decode()
    settings.FIELD_ENCRYPTION_KEY = [development_keys.FIELD_ENCRYPTION_KEY]
    assert "key of your own" in found()["E010"].hint
    settings.FIELD_ENCRYPTION_KEY = [own, development_keys.FIELD_ENCRYPTION_KEY]
    assert "rotate_secrets" in found()["E010"].hint
    settings.FIELD_ENCRYPTION_KEY = [own]
    assert "E010" not in found()
    settings.FIELD_ENCRYPTION_KEY = [development_keys.FIELD_ENCRYPTION_KEY]
    settings.DEBUG = True
    assert "E010" not in found()


def test_the_development_secret_key_is_refused_in_production_only(settings: Any) -> None:
    settings.SECRET_KEY = development_keys.SECRET_KEY
    assert "E011" in found()
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "own", [development_keys.SECRET_KEY]
    assert "E011" in found()
    settings.DEBUG = True
    assert "E011" not in found()
    settings.DEBUG, settings.SECRET_KEY_FALLBACKS = False, []
    assert "E011" not in found()


@pytest.mark.parametrize(
    ("url", "debug", "expected"),
    [
        ("", False, "E012"),
        ("", True, None),
        ("texting.example.org", False, "E012"),
        ("ftp://texting.example.org", True, "E012"),
        ("https://texting.example.org?a=1", False, "E012"),
        ("http://texting.example.org", False, "E013"),
        ("http://127.0.0.1:8000", True, None),
        ("https://texting.example.org/", False, "W003"),
        ("https://texting.example.org/spoke", False, None),
    ],
)
def test_vendors_must_be_able_to_call_back(
    settings: Any, url: str, debug: bool, expected: str | None
) -> None:
    settings.BASE_URL, settings.DEBUG = url, debug
    assert {"E012", "E013", "W003"} & set(found()) == ({expected} if expected else set())


@pytest.mark.parametrize(
    ("debug", "eager", "broker", "expected"),
    [
        (False, False, "memory://", "E014"),
        (False, True, "memory://", "W006"),
        (False, False, "redis://localhost:6379/0", None),
        (True, False, "memory://", None),
    ],
)
def test_production_needs_workers_and_a_broker_they_can_reach(
    settings: Any,
    debug: bool,
    eager: bool,
    broker: str,
    expected: str | None,
) -> None:
    settings.DEBUG = debug
    settings.CELERY_BROKER_URL, settings.CELERY_TASK_ALWAYS_EAGER = broker, eager
    assert {"E014", "W006"} & set(found()) == ({expected} if expected else set())


def test_a_stand_in_vendor_is_a_warning_in_production_only(settings: Any) -> None:
    settings.SERVICE_VENDORS = ["fakeservice"]
    assert "texts nobody" in found()["W004"].msg
    settings.DEBUG = True
    assert "W004" not in found()


def test_every_message_says_how_to_mend_it_and_has_an_id_of_ours(settings: Any) -> None:
    settings.SERVICE_VENDORS = ["pigeon"]
    settings.SERVICE_MANAGERS = ["nobody"]
    settings.BASE_URL = ""
    settings.SEND_BATCH_SIZE = "many"
    messages = django_checks.run_checks(tags=["service_vendors"])
    assert len(messages) >= 4
    for message in messages:
        assert message.hint
        assert str(message.id).startswith("service_vendors.")


# -- the sentinel: what the database says of the keys ----------------------------------------------


def of_the_database() -> list[str]:
    messages = django_checks.run_checks(tags=["database"], databases=["default"])
    return [str(m.id) for m in messages if str(m.id).startswith("service_vendors.")]


def test_a_migrated_database_has_a_sentinel_that_reads(db: None) -> None:
    assert KeySentinel.objects.count() == 1
    assert sentinel.state("default") is sentinel.State.READABLE
    assert of_the_database() == []


def test_a_wrong_key_is_noticed_and_migrating_does_not_hide_it(db: None, settings: Any) -> None:
    settings.FIELD_ENCRYPTION_KEY = [Fernet.generate_key().decode()]
    assert of_the_database() == ["service_vendors.E015"]
    sentinel.plant(sender=None, using="default")  # type: ignore[arg-type]  # it looks at neither
    assert of_the_database() == ["service_vendors.E015"]


def test_an_old_key_behind_the_first_still_reads(db: None, settings: Any) -> None:
    old = settings.FIELD_ENCRYPTION_KEY
    settings.FIELD_ENCRYPTION_KEY = [Fernet.generate_key().decode(), *old]
    assert of_the_database() == []


def test_a_missing_sentinel_is_noticed_and_planted_by_migrating(db: None) -> None:
    KeySentinel.objects.all().delete()
    assert of_the_database() == ["service_vendors.W005"]
    sentinel.plant(sender=None, using="default")  # type: ignore[arg-type]  # it looks at neither
    assert of_the_database() == []


def test_before_the_first_migration_there_is_nothing_to_say(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection.introspection, "table_names", list)
    assert sentinel.state("default") is sentinel.State.NO_TABLE
    assert of_the_database() == []
    sentinel.plant(sender=None, using="default")  # type: ignore[arg-type]  # it looks at neither
    assert KeySentinel.objects.count() == 1


def test_a_database_that_is_not_ours_is_left_alone(db: None, settings: Any) -> None:
    settings.DATABASE_ROUTERS = [NotHere()]
    assert sentinel.state("default") is sentinel.State.NO_TABLE


class NotHere:
    """A router that keeps the sentinel's table out of every database."""

    def allow_migrate(self, *_: Any, **__: Any) -> bool:
        return False


@pytest.mark.parametrize(
    ("name", "value"),
    [("TEXTING_HOURS_START", 21), ("TEXTING_HOURS_END", 25), ("DEFAULT_TZ", "Atlantis")],
)
def test_texting_hours_that_nobody_can_keep_are_complained_of(
    settings: Any, name: str, value: Any
) -> None:
    setattr(settings, name, value)
    assert name in found()["E019"].msg


def test_hours_may_begin_at_midnight(settings: Any) -> None:
    settings.DEBUG, settings.TEXTING_HOURS_START = True, 0
    assert found() == {}
