"""People, their teams, and the links they sign in with."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone

from leaderboard.lib.words import plain_line


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        user = self.model(email=email.strip().lower(), **fields)
        user.set_password(password)  # None makes it unusable: the person signs in by link
        user.full_clean(exclude=["password"])
        user.save()
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:
        return self.create_user(email, password, is_organiser=True, **fields)


class User(AbstractBaseUser):
    """A person, known by an e-mail address. Organisers run the platform, reviewers judge for a funder."""

    email = models.EmailField(unique=True)
    name = models.CharField(max_length=100, validators=[plain_line])
    is_organiser = models.BooleanField(default=False)
    is_reviewer = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)
    joined = models.DateTimeField(default=timezone.now)
    deleted_at = models.DateTimeField(null=True, blank=True, help_text="From then on a number without a person.")

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]

    def __str__(self) -> str:
        return self.name or self.email

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.email = self.email.lower()
        super().save(*args, **kwargs)


class Organisation(models.Model):
    """A university, hospital or company that organisers know to be behind a team."""

    name = models.CharField(max_length=200, validators=[plain_line])
    created = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("name",)
        constraints = (models.UniqueConstraint(Lower("name"), name="organisation_once"),)

    def __str__(self) -> str:
        return self.name


class Team(models.Model):
    """Who hands in submissions. With an ``organisation`` it is verified: an organiser saw the ``evidence``."""

    name = models.CharField(max_length=100, unique=True, validators=[plain_line])
    slug = models.SlugField(max_length=100, unique=True)
    members = models.ManyToManyField(User, through="Membership", related_name="teams")
    organisation = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, null=True, blank=True, related_name="teams"
    )
    evidence = models.CharField(max_length=500, blank=True, help_text="What an organiser saw; on no public page.")
    created = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name

    @property
    def label(self) -> str:
        """Its name, and the organisation that was verified where it is not said in it."""
        known = self.organisation
        return self.name if known is None or known.name in self.name else f"{self.name}, {known.name}"


class Membership(models.Model):
    class Role(models.TextChoices):
        OWNER = "owner", "owner"
        MEMBER = "member", "member"

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=10, choices=Role, default=Role.MEMBER)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("user", "team"), name="membership_once"),
            models.CheckConstraint(condition=models.Q(role__in=("owner", "member")), name="membership_role_known"),
        )

    def __str__(self) -> str:
        return f"{self.user} in {self.team} ({self.role})"


class Invitation(models.Model):
    """To come into a team, sent to one address. It is gone once it is accepted or taken back."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="invitations")
    email = models.EmailField()
    role = models.CharField(max_length=10, choices=Membership.Role, default=Membership.Role.MEMBER)
    token_sha256 = models.CharField(max_length=64, unique=True)
    invited_by = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    created = models.DateTimeField(default=timezone.now)
    expires = models.DateTimeField()

    class Meta:
        ordering = ("-created",)
        constraints = (models.UniqueConstraint(fields=("team", "email"), name="invitation_once"),)

    def __str__(self) -> str:
        return f"invitation of {self.email} to {self.team}"


class LoginLink(models.Model):
    """A link that signs one person in, once. Only the digest of its token is kept."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="login_links")
    token_sha256 = models.CharField(max_length=64, unique=True)
    created = models.DateTimeField(default=timezone.now)
    expires = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"link for {self.user} until {self.expires:%Y-%m-%d %H:%M} UTC"


class Token(models.Model):
    """With what a person's programs speak for the person, as far as its scopes go. Only its digest is kept."""

    class Scope(models.TextChoices):
        READ = "read", "see what I may see of benchmarks, teams and submissions"
        SUBMIT = "submit", "hand in, cancel and withdraw for my teams"

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="tokens")
    name = models.CharField(max_length=60, help_text="Where it is used; for yourself.")
    scopes = models.JSONField(default=list)
    token_sha256 = models.CharField(max_length=64, unique=True)
    created = models.DateTimeField(default=timezone.now)
    expires = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True, help_text="To the hour.")

    class Meta:
        ordering = ("-created",)

    def __str__(self) -> str:
        return f"token {self.name!r} of {self.user}"

    @property
    def scope_names(self) -> list[str]:
        return [str(scope.label) for scope in self.Scope if scope in self.scopes]
