"""What fell through is found: jobs nobody works on, jobs nobody agreed to, claims that ran out."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from service_vendors import lookups
from service_vendors.lookups import claims, lease, sweeping
from service_vendors.models import LookupClaim, LookupItem, LookupJob, Organization
from service_vendors.types import LookupDetail
from tests.lookups.conftest import NewJob, agree, finish


@pytest.fixture
def handed_over(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The jobs the sweeper gives to the workers."""
    given: list[int] = []
    monkeypatch.setattr(sweeping, "hand_over", given.append)
    return given


def test_a_job_whose_worker_fell_silent_is_handed_over_once_its_lease_ended(
    new_job: NewJob, handed_over: list[int]
) -> None:
    job = agree(new_job(3))
    assert lease.take(job.pk) is not None
    lookups.sweep()
    assert (handed_over, lookups.turn(job.pk)) == ([], None)
    LookupJob.objects.update(lease_until=timezone.now(), due_at=timezone.now())
    lookups.sweep()
    assert handed_over == [job.pk]
    assert finish(job).status == LookupJob.Status.DONE


def test_what_a_cancelled_jobs_dead_worker_was_asking_is_in_doubt(new_job: NewJob) -> None:
    job = agree(new_job(3))
    assert lease.take(job.pk) is not None
    job.items.update(state=LookupItem.State.ASKING)
    lookups.cancel(job, actor=None)
    LookupJob.objects.update(lease_until=timezone.now())
    lookups.sweep()
    job.refresh_from_db()
    assert (job.in_doubt, job.claim_token) == (3, None)
    assert set(job.items.values_list("state", flat=True)) == {LookupItem.State.IN_DOUBT}


def test_a_job_nobody_agreed_to_is_forgotten_after_a_day_and_no_other(new_job: NewJob) -> None:
    done, waiting, fresh = finish(agree(new_job(2))), new_job(3), new_job(4)
    long_ago = timezone.now() - timedelta(hours=25)
    LookupJob.objects.exclude(pk=fresh.pk).update(created_at=long_ago)
    lookups.sweep()
    assert set(LookupJob.objects.all()) == {done, fresh}
    assert not LookupItem.objects.filter(job_id=waiting.pk).exists()


def test_claims_that_ran_out_are_forgotten_and_others_kept(organization: Organization) -> None:
    offer = lookups.offer_for(organization, LookupDetail.CARRIER)
    claims.take(organization, offer, ["+12125550101", "+12125550102"])
    LookupClaim.objects.filter(contact_number="+12125550101").update(until=timezone.now())
    lookups.sweep()
    assert LookupClaim.objects.get().contact_number == "+12125550102"
