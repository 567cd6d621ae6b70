"""Hospitals with machines of their own: let in, shown, shut out."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from leaderboard.hospitals.models import Cohort, CohortOffer, Enrolment, Hospital
from leaderboard.hospitals.services import hospital_enrol, hospital_revoke, offer_accept
from leaderboard.lib.errors import Refusal

PURPOSES = (Cohort.Purpose.HELD_OUT, Cohort.Purpose.CALIBRATION, Cohort.Purpose.SEALED)


class Command(BaseCommand):
    help = "Enrol a hospital that runs submissions on its own machine, take its cohorts in, or revoke it."

    def add_arguments(self, parser: CommandParser) -> None:
        acts = parser.add_subparsers(dest="act", required=True)
        enrol = acts.add_parser("enrol", help="print the one-line command that the hospital starts its worker with")
        enrol.add_argument("slug")
        enrol.add_argument("--name", help="makes the hospital, under this name, if it is not there yet")
        enrol.add_argument("--country", default="")
        revoke = acts.add_parser("revoke", help="end its connections, and let nothing that it signs count any more")
        revoke.add_argument("slug")
        accept = acts.add_parser("accept", help="freeze a cohort that the hospital offers")
        accept.add_argument("slug")
        accept.add_argument("fingerprint", help="its beginning is enough")
        accept.add_argument("--purpose", choices=[str(one) for one in PURPOSES], default=str(Cohort.Purpose.HELD_OUT))
        acts.add_parser("list", help="who is enrolled, what they offer, when they were last heard of")

    def handle(self, *args: Any, **options: Any) -> None:
        act = {"enrol": self.enrol, "revoke": self.revoke, "accept": self.accept, "list": self.list}[options["act"]]
        try:
            act(options)
        except Refusal as refusal:
            raise CommandError(str(refusal)) from refusal

    def enrol(self, options: dict[str, Any]) -> None:
        slug, name = options["slug"], options["name"]
        hospital = Hospital.objects.filter(slug=slug).first()
        if hospital is None and name:
            hospital = Hospital(slug=slug, name=name, country=options["country"])
            hospital.full_clean()
            hospital.save()
        enrolled = hospital_enrol(hospital=hospital or found(slug), by=None)
        self.stdout.write(
            f"{enrolled.enrolment.hospital} is enrolled. On its machine, once, with the cohort's folder:\n"
        )
        self.stdout.write(enrolled.command)
        self.stdout.write("\nThe password and the code are shown this once. The code is good for one key.")

    def revoke(self, options: dict[str, Any]) -> None:
        hospital = found(options["slug"])
        hospital_revoke(hospital=hospital, by=None)
        self.stdout.write(f"{hospital} is revoked: its connections are ended, its runs wait.")

    def accept(self, options: dict[str, Any]) -> None:
        hospital = found(options["slug"])
        offers = list(CohortOffer.objects.filter(hospital=hospital, fingerprint__startswith=options["fingerprint"]))
        if len(offers) != 1:
            raise CommandError(
                f"{len(offers)} cohorts that {hospital} offers begin with {options['fingerprint']!r}. "
                "`manage.py hospital list` shows what is offered."
            )
        cohort = offer_accept(offer=offers[0], by=None, purpose=options["purpose"])
        self.stdout.write(f"{cohort} is frozen as {cohort.fingerprint}.")

    def list(self, options: dict[str, Any]) -> None:
        for enrolment in Enrolment.objects.select_related("hospital"):
            state = "revoked" if enrolment.revoked_at else "joined" if enrolment.public_key else "has not joined yet"
            seen = f", last seen {enrolment.last_seen:%Y-%m-%d %H:%M} UTC" if enrolment.last_seen else ""
            self.stdout.write(f"{enrolment.hospital.slug}: {state}{seen}")
            for offer in CohortOffer.objects.filter(hospital=enrolment.hospital):
                frozen = Cohort.objects.filter(hospital=offer.hospital, fingerprint=offer.fingerprint).exists()
                self.stdout.write(
                    f"  {offer.fingerprint} {offer.name} {offer.version}, {len(offer.records)} cases, "
                    f"{'taken in' if frozen else 'offered'}"
                )


def found(slug: str) -> Hospital:
    hospital = Hospital.objects.filter(slug=slug).first()
    if hospital is None:
        raise CommandError(f"There is no hospital {slug!r}. Give --name to `enrol` to make it.")
    return hospital
