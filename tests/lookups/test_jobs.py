"""Looking many numbers up: what it costs is agreed to first, and no number is paid for twice."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from service_vendors import lookups
from service_vendors.exceptions import LookupRefused, LookupTooDear
from service_vendors.models import LookupItem, LookupJob, Organization, OrganizationContact
from service_vendors.types import LookupDetail, LookupStatus
from service_vendors.vendors.fakeservice.server import FakeServiceServer
from tests.factories import OrganizationContactFactory, a_number
from tests.lookups.conftest import Bill, NewJob, agree, finish

State = LookupItem.State


def test_a_job_asks_about_each_number_once_and_says_what_it_found(
    new_job: NewJob, organization: Organization, bill: Bill
) -> None:
    job = new_job([*(a_number(n) for n in range(50)), a_number(7)])
    assert (job.status, job.total) == (LookupJob.Status.READY, 50)
    job = finish(agree(job))
    assert (job.status, job.looked_up, job.done) == (LookupJob.Status.DONE, 50, 50)
    # Of the last digits 0 to 9, one is a landline's.
    assert job.found == {"-1": 5, "1": 45}
    assert job.spent == Decimal("0.250")
    assert bill() == {"paid": 50, "different": 50, "free": 0}
    known = OrganizationContact.objects.filter(organization=organization)
    assert known.filter(status_code=LookupStatus.LANDLINE.value).count() == 5
    assert set(known.values_list("carrier", flat=True)) == {
        "Airwaves",
        "Cloud Calls",
        "Copper & Sons",
    }


def test_nothing_is_asked_before_somebody_agrees_to_the_cost(new_job: NewJob, bill: Bill) -> None:
    job = new_job(10)
    assert lookups.turn(job.pk) is None
    for agreed in (None, Decimal("0.049")):
        with pytest.raises(LookupTooDear, match=r"0\.05 USD"):
            lookups.start(job, actor=None, most_cost=agreed)
    assert lookups.turn(job.pk) is None
    assert bill()["paid"] == 0


def test_what_is_known_already_is_neither_asked_nor_charged(
    new_job: NewJob, organization: Organization, bill: Bill
) -> None:
    finish(agree(new_job(4)))
    job = new_job(10)
    assert lookups.estimate(job) == lookups.Estimate(10, 4, Decimal("0.030"))
    job = finish(agree(job))
    assert (job.known, job.looked_up, job.done) == (4, 6, 10)
    assert job.found == {"-1": 1, "1": 9}
    assert bill() == {"paid": 10, "different": 10, "free": 0}


def test_the_free_form_is_preferred_and_takes_nobodys_agreement(
    new_job: NewJob, bill: Bill
) -> None:
    job = new_job(10, LookupDetail.STATUS)
    assert lookups.estimate(job).cost == 0
    job = finish(lookups.start(job, actor=None))
    assert (job.looked_up, job.found) == (10, {"-1": 1, "1": 9})
    assert bill() == {"paid": 0, "different": 0, "free": 10}


def test_a_worker_that_dies_leaves_doubt_and_nothing_is_paid_twice(
    new_job: NewJob, settings: Any, bill: Bill, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.LOOKUPS_AT_ONCE = 5
    job = agree(new_job(20))

    def dies(*_: Any) -> None:
        raise MemoryError

    with monkeypatch.context() as patched:
        patched.setattr("service_vendors.lookups.outcomes.record", dies)
        with pytest.raises(MemoryError):
            lookups.turn(job.pk, seconds=60)
    assert bill()["paid"] == 5
    job = finish(job)
    assert (job.status, job.looked_up, job.in_doubt) == (LookupJob.Status.DONE, 15, 5)
    assert bill() == {"paid": 20, "different": 20, "free": 0}
    doubtful = job.items.filter(state=State.IN_DOUBT)
    assert all("may have been charged" in item.reason for item in doubtful)


def test_no_more_are_asked_at_once_than_is_allowed(
    new_job: NewJob, company: FakeServiceServer, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Spoke's scrub-bad-mobilenums:231 made two hundred paid calls at once."""
    from service_vendors.lookups import asking

    rounds: list[int] = []
    real = asking.ask

    def counted(vendor: Any, offer: Any, numbers: Any) -> Any:
        rounds.append(len(numbers))
        return real(vendor, offer, numbers)

    monkeypatch.setattr(asking, "ask", counted)
    settings.LOOKUPS_AT_ONCE = 7
    finish(agree(new_job(30)))
    assert max(rounds) == 7


def test_a_vendor_that_is_busy_is_left_alone_and_the_job_goes_on_later(
    new_job: NewJob, company: FakeServiceServer, bill: Bill
) -> None:
    company.behave(faults={"limit": 1}, retry_after_seconds=120)
    job = agree(new_job(5))
    after = lookups.turn(job.pk, seconds=1)
    assert after is not None
    assert (after.status, after.done, bill()["paid"]) == (LookupJob.Status.RUNNING, 0, 0)
    assert set(job.items.values_list("state", "attempts")) == {(State.WAITING, 0)}
    assert lookups.turn(job.pk) is None, "its next turn is not due yet"


def test_refused_credentials_stop_the_job_and_it_goes_on_when_that_is_mended(
    new_job: NewJob, company: FakeServiceServer, bill: Bill
) -> None:
    company.behave(refuse_credentials=True)
    job = finish(agree(new_job(5)))
    assert job.status == LookupJob.Status.STOPPED
    assert "refused these credentials" in job.status_reason
    company.behave()
    job = finish(lookups.resume(job, actor=None))
    assert (job.status, job.looked_up, bill()["paid"]) == (LookupJob.Status.DONE, 5, 5)


def test_a_lost_answer_is_in_doubt_and_not_asked_again(
    new_job: NewJob, company: FakeServiceServer, bill: Bill
) -> None:
    company.behave(faults={"break": 1})
    job = finish(agree(new_job(5)))
    assert (job.status, job.in_doubt) == (LookupJob.Status.DONE, 5)
    assert bill() == {"paid": 5, "different": 5, "free": 0}


def test_a_failure_is_told_with_its_reason(new_job: NewJob, company: FakeServiceServer) -> None:
    """Spoke's scrub-bad-mobilenums:298 swallowed it."""
    company.behave(faults={"reject": 1})
    job = finish(agree(new_job(3)))
    assert (job.status, job.failed) == (LookupJob.Status.DONE, 3)
    assert {item.reason for item in job.items.all()} == {
        "The number is not in service. Correct it or leave it out."
    }


def test_another_organizations_contacts_stay_untouched(
    new_job: NewJob, organization: Organization
) -> None:
    """Spoke's scrub-bad-mobilenums:59 crossed organizations."""
    theirs = OrganizationContactFactory(contact_number=a_number(9))
    finish(agree(new_job(10)))
    theirs.refresh_from_db()
    assert (theirs.status_code, theirs.last_lookup) == (None, None)
    assert OrganizationContact.objects.filter(organization=organization).count() == 10


def test_cancelling_keeps_what_was_asked_and_asks_no_more(
    new_job: NewJob, settings: Any, bill: Bill
) -> None:
    settings.LOOKUPS_AT_ONCE = 5
    job = agree(new_job(50))
    lookups.turn(job.pk, seconds=60, progress=lambda job: lookups.cancel(job, actor=None) and None)
    job.refresh_from_db()
    assert (job.status, job.looked_up) == (LookupJob.Status.CANCELLED, 5)
    assert lookups.turn(job.pk) is None
    assert bill()["paid"] == 5
    assert lookups.cancel(job, actor=None).status == LookupJob.Status.CANCELLED


def test_a_job_nobody_agreed_to_is_forgotten_when_cancelled(new_job: NewJob) -> None:
    lookups.cancel(new_job(3), actor=None)
    assert not LookupJob.objects.exists()
    assert not LookupItem.objects.exists()


def test_more_than_was_agreed_to_is_never_paid(
    new_job: NewJob, organization: Organization, bill: Bill
) -> None:
    finish(agree(new_job(4)))
    job = agree(new_job(10))
    OrganizationContact.objects.update(last_lookup=None)  # what was known is too old now
    job = finish(job)
    assert (job.status, job.looked_up) == (LookupJob.Status.STOPPED, 6)
    assert "more than was agreed" in job.status_reason
    assert bill()["paid"] == 4 + 6


def test_a_repeated_key_is_the_same_job(new_job: NewJob) -> None:
    first = new_job(3, idempotency_key="k")
    assert new_job(5, idempotency_key="k") == first
    assert LookupJob.objects.count() == 1


@pytest.mark.parametrize(("count", "words"), [(0, "no numbers"), (6, "5 numbers at most")])
def test_a_job_without_numbers_or_with_too_many_is_refused_and_not_kept(
    new_job: NewJob, settings: Any, count: int, words: str
) -> None:
    settings.LOOKUP_MOST_NUMBERS = 5
    with pytest.raises(LookupRefused, match=words):
        new_job(count)
    assert not LookupJob.objects.exists()
