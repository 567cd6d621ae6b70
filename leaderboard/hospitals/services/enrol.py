"""A hospital with a machine of its own: how it comes in, how it is told apart from all others, how that ends."""

from __future__ import annotations

import hashlib
import logging
import secrets
from dataclasses import dataclass
from hmac import compare_digest
from urllib.parse import urlsplit

import msgspec
from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from evaluator.errors import InputRefused
from evaluator.wire import Joined, Presence, PrivateKey, PublicKey, kept_key
from leaderboard.accounts.models import User
from leaderboard.audit.services import record
from leaderboard.hospitals.models import Enrolment, Hospital
from leaderboard.hospitals.services.alerts import alert_raise
from leaderboard.hospitals.signals import hospital_joined as joined_signal
from leaderboard.hospitals.signals import hospital_revoked
from leaderboard.lib import broker_admin
from leaderboard.lib.errors import Refusal

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Enrolled:
    """What the hospital is told, once: the platform keeps a digest of the code, and not the password."""

    enrolment: Enrolment
    command: str


def platform_key() -> PrivateKey:
    """What signs orders."""
    try:
        return PrivateKey(settings.PLATFORM_KEY) if settings.PLATFORM_KEY else kept_key(settings.DATA / "platform_key")
    except InputRefused as error:
        raise Refusal(
            "PLATFORM_KEY is not a private key.",
            why=str(error),
            next_step="Give 32 random bytes in base64, for instance of `openssl rand -base64 32`.",
        ) from error


def hospital_enrol(*, hospital: Hospital, by: User | None) -> Enrolled:
    """Open the broker for a hospital and give it a code. Again, it joins anew: with another password and another key.

    Raises
    ------
    Refusal
        There is no RabbitMQ to open, or it refused.
    """
    code, password = secrets.token_urlsafe(18), secrets.token_urlsafe(24)
    key = platform_key()
    broker_admin.open_for(hospital.slug, password=password)
    with transaction.atomic():
        enrolment, _ = Enrolment.objects.update_or_create(
            hospital=hospital,
            defaults={
                "code_sha256": digest(code),
                "public_key": "",
                "joined_at": None,
                "revoked_at": None,
                "enrolled_at": timezone.now(),
                "presence": {},
                "presence_serial": 0,
            },
        )
        enrolment.full_clean()
        record("hospital.enrolled", f"hospital {hospital.slug}", by=by.pk if by else None)
    logger.info("hospital %s enrolled by user %s", hospital.slug, by and by.pk)
    return Enrolled(enrolment=enrolment, command=command(hospital, code=code, password=password, key=key.public))


def command(hospital: Hospital, *, code: str, password: str, key: PublicKey) -> str:
    own = urlsplit(settings.CELERY_BROKER_URL)
    public = urlsplit(settings.BROKER_PUBLIC) if settings.BROKER_PUBLIC else own
    address = f"{public.scheme}://{broker_admin.user_of(hospital.slug)}:{password}@{public.hostname}"
    address += f":{public.port}" if public.port else ""
    parts = [
        "python -m evaluator worker",
        f"--hospital {hospital.slug}",
        f"--broker '{address}{public.path or own.path}'",
        f"--platform-key {key.text}",
        f"--code {code}",
    ]
    if settings.REGISTRY_PUBLIC or settings.REGISTRY_URL:
        parts.append(f"--registry {settings.REGISTRY_PUBLIC or settings.REGISTRY_URL}")
    return " ".join([*parts, "--cohort /path/to/cohort"])


@transaction.atomic
def hospital_joined(*, enrolment: Enrolment, joined: Joined) -> bool:
    """Take the key that came with the right code; a code is good for one key. False: refused, with an alert."""
    enrolment = Enrolment.objects.select_for_update().select_related("hospital").get(pk=enrolment.pk)
    if enrolment.public_key == joined.public_key:
        return True  # it did not hear that it was taken, and says it again
    right = enrolment.code_sha256 and compare_digest(digest(joined.code), enrolment.code_sha256)
    if not right:
        said = "Somebody tried to join with a wrong code, or with one that was used already."
        alert_raise(hospital=enrolment.hospital, kind="refused", about="join", said=said)
        return False
    enrolment.public_key, enrolment.code_sha256, enrolment.joined_at = joined.public_key, "", timezone.now()
    enrolment.save(update_fields=["public_key", "code_sha256", "joined_at"])
    fingerprint = PublicKey(joined.public_key).fingerprint
    logger.info("hospital %s joined with the key %s", enrolment.hospital.slug, fingerprint)
    joined_signal.send(sender=Hospital, hospital_id=enrolment.hospital_id)
    record("hospital.joined", f"hospital {enrolment.hospital.slug}", key=fingerprint)
    return True


def hospital_revoke(*, hospital: Hospital, by: User | None) -> None:
    """End it at once: the broker drops its connections, and nothing it signed counts any more.

    Raises
    ------
    Refusal
        It is not enrolled, or RabbitMQ does not answer: then the platform refuses what it sends all the same.
    """
    with transaction.atomic():
        open_ones = Enrolment.objects.filter(hospital=hospital, revoked_at__isnull=True)
        if not open_ones.update(revoked_at=timezone.now(), code_sha256=""):
            raise Refusal(f"{hospital} is not enrolled.", next_step="`manage.py hospital list` shows those that are.")
        hospital_revoked.send(sender=Hospital, hospital_id=hospital.pk)
        record("hospital.revoked", f"hospital {hospital.slug}", by=by.pk if by else None)
    logger.warning("hospital %s revoked by user %s", hospital.slug, by and by.pk)
    broker_admin.close_for(hospital.slug)


def presence_keep(*, enrolment: Enrolment, said: Presence, serial: int) -> bool:
    """Keep the newest; False for one that was overtaken on its way."""
    older = Enrolment.objects.filter(pk=enrolment.pk, presence_serial__lt=serial)
    kept = older.update(
        presence=msgspec.to_builtins(said),
        presence_serial=serial,
        last_seen=timezone.now(),
    )
    return bool(kept)


def next_serial(enrolment: Enrolment) -> int:
    """Of the next order to it; within a transaction."""
    Enrolment.objects.filter(pk=enrolment.pk).update(serial=F("serial") + 1)
    return Enrolment.objects.values_list("serial", flat=True).get(pk=enrolment.pk)


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
