"""Settings. The environment decides; without it, everything lives in one data folder: SQLite, a broker of files."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Callable
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import dj_database_url
from cryptography.fernet import Fernet
from csp.constants import NONE, SELF

BASE_DIR = Path(__file__).resolve().parent.parent


def flag(name: str, *, default: bool = False) -> bool:
    return os.environ.get(name, str(default)).strip().lower() in {"1", "true", "yes", "on"}


def words(name: str, *, default: str = "") -> list[str]:
    return [word for word in os.environ.get(name, default).replace(",", " ").split() if word]


DATA = Path(os.environ.get("LEADERBOARD_DATA") or BASE_DIR / ".data").resolve()
BROKER = DATA / "broker"
# A folder that cannot be made is reported by a system check, in words, rather than here by a traceback.
with contextlib.suppress(OSError):
    for _folder in ("archives", "uploads", "state", "static", "broker/messages", "broker/processed", "broker/control"):
        (DATA / _folder).mkdir(parents=True, exist_ok=True)


def kept(name: str, make: Callable[[], str]) -> str:
    """A secret that was made once. Two processes that start together end up with the same one."""
    path = DATA / name
    with contextlib.suppress(OSError):
        if not path.exists():
            scratch = path.with_name(f".{name}.{os.getpid()}")
            scratch.touch(mode=0o600)
            scratch.write_text(make())
            with contextlib.suppress(FileExistsError):
                os.link(scratch, path)
            scratch.unlink()
        return path.read_text()
    return make()  # the data folder is unusable; the system check says so


SECRET_KEY = os.environ.get("SECRET_KEY") or kept("secret_key", lambda: secrets.token_urlsafe(50))
SECRET_KEY_FALLBACKS = words("SECRET_KEY_FALLBACKS")  # keys of before, until what they signed or sealed is gone
# Of logs of held-out runs: the first encrypts, all decrypt. Without any, a key is made beside the database.
LOG_KEYS = words("LOG_KEYS") or [kept("log_key", lambda: Fernet.generate_key().decode())]
LOG_DAYS = int(os.environ.get("LOG_DAYS", "90"))
DEBUG = flag("DEBUG")
ALLOWED_HOSTS = words("ALLOWED_HOSTS", default="localhost 127.0.0.1 [::1]")
CSRF_TRUSTED_ORIGINS = words("CSRF_TRUSTED_ORIGINS")

SITE_URL = (os.environ.get("SITE_URL") or "http://localhost:8000").rstrip("/")  # as people reach it, for e-mails

HTTPS = flag("HTTPS")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = HTTPS
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = flag("HSTS_SUBDOMAINS", default=HTTPS)
SECURE_REDIRECT_EXEMPT = [r"^health(/ready)?$", r"^metrics$"]  # asked from inside, past the proxy
BEHIND_PROXY = flag("BEHIND_PROXY")  # one proxy: it says the protocol and, last in X-Forwarded-For, who asks
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_PROXY else None
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "csp",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "axes",
    "leaderboard.audit",
    "leaderboard.accounts",
    "leaderboard.notices",
    "leaderboard.hospitals",
    "leaderboard.benchmarks",
    "leaderboard.submissions",
    "leaderboard.evaluations",
    "leaderboard.adjudication",
    "leaderboard.rankings",
    "leaderboard.awards",
    "leaderboard.webhooks",
    "leaderboard.dashboards",
    "leaderboard.operations",
    "leaderboard.api",
    "ninja",  # the description of the interface, from this site
]

MIDDLEWARE = [
    "leaderboard.operations.middleware.RequestMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "leaderboard.lib.bodies.BodyMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "leaderboard.accounts.middleware.SecondFactorMiddleware",
    "axes.middleware.AxesMiddleware",
]

# Pages with figures add 'unsafe-inline' to style-src by the decorator `csp_update`; no page adds to script-src.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:", "blob:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "object-src": [NONE],
        "frame-ancestors": [NONE],
    }
}

ROOT_URLCONF = "leaderboard.urls"
WSGI_APPLICATION = "leaderboard.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"


def database() -> dict[str, Any]:
    """PostgreSQL by DATABASE_URL, else SQLite, set so that several processes do not lock each other out."""
    sqlite = "django.db.backends.sqlite3"
    url = os.environ.get("DATABASE_URL")
    found: dict[str, Any] = dict(dj_database_url.parse(url)) if url else {"ENGINE": sqlite, "NAME": DATA / "db.sqlite3"}
    if found["ENGINE"] != sqlite:
        return found | {"CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True}
    found["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    }
    # Tests: a file, because several processes must be able to open it, and one for each run of the tests.
    found["TEST"] = {"NAME": DATA / f"test-{os.getpid()}.sqlite3"}
    return found | {"ATOMIC_REQUESTS": False}


DATABASES = {"default": database()}

# Counts of the rate limits, and codes already used. In the database: all processes of the site count together.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "rate_limits",
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    },
    # Drawn parts of pages (`dashboards.kept`), in each process: half a megabyte each where a ranking is large.
    "pages": {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "LOCATION": "pages",
        "OPTIONS": {"MAX_ENTRIES": 100},
    },
}

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",  # refuses who is locked out, before a password is looked at
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "accounts:login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/"

# Organisers add people (`manage.py add_person`): nobody signs up, and no address needs to be proven.
ACCOUNT_ADAPTER = "leaderboard.accounts.adapter.AccountAdapter"
ACCOUNT_FORMS = {"login": "leaderboard.accounts.forms.LoginForm"}
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_RATE_LIMITS = {"login_failed": "30/m/ip,20/15m/key"}
RATE_LIMITS = {  # of views that are marked by accounts.limits.limited
    "begin-upload": "60/h/user",
    "invite": "20/h/user",
    "letter": "20/h/user",
    "upload": os.environ.get("UPLOAD_LIMIT") or "20/h/user",
    "download": os.environ.get("DOWNLOAD_LIMIT") or "120/m/ip",
    "report-card": os.environ.get("REPORT_CARD_LIMIT") or "20/m/ip",
}

# Who sees what is not public proves it twice: an authenticator app or a passkey.
REQUIRE_SECOND_FACTOR = flag("REQUIRE_SECOND_FACTOR", default=HTTPS)
MFA_ADAPTER = "leaderboard.accounts.factors.FactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_ALLOW_UNVERIFIED_EMAIL = True
MFA_TOTP_ISSUER = "Cancer Imaging Leaderboard"
MFA_TOTP_TOLERANCE = 1  # half a minute of a wrong clock
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not HTTPS  # browsers allow it for localhost only

# Five wrong passwords for one address from one place close that place for it: not the person's other places.
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_DISABLE_ACCESS_LOG = True  # the audit log tells of logins, without addresses
AXES_VERBOSE = False
AXES_USERNAME_CALLABLE = "leaderboard.accounts.limits.attempted_address"
AXES_CLIENT_IP_CALLABLE = "leaderboard.lib.addresses.client_address"
AXES_LOCKOUT_CALLABLE = "leaderboard.accounts.limits.locked_out"

# E-mail is printed until a server is named.
EMAIL_HOST = os.environ.get("EMAIL_HOST", "")
EMAIL_PORT = int(os.environ.get("EMAIL_PORT", "25"))
EMAIL_HOST_USER = os.environ.get("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = os.environ.get("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_TLS = flag("EMAIL_USE_TLS")
EMAIL_USE_SSL = flag("EMAIL_USE_SSL")
EMAIL_BACKEND = (
    os.environ.get("EMAIL_BACKEND") or f"django.core.mail.backends.{'smtp' if EMAIL_HOST else 'console'}.EmailBackend"
)
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = os.environ.get("EMAIL_FROM") or "leaderboard@localhost"

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = False

STATIC_URL = "/static/"
STATIC_ROOT = DATA / "static"
STATICFILES_DIRS = [BASE_DIR / "leaderboard" / "static"]
WHITENOISE_USE_FINDERS = True  # no collectstatic step
FILE_UPLOAD_TEMP_DIR = DATA / "uploads"
# Folders of this machine below which organisers may import cohorts on the site; the command takes any.
COHORT_ROOTS = [Path(word).resolve() for word in words("COHORT_ROOTS")] or [DATA / "cohorts"]
LARGEST_BODY = 12 * 1000**2  # of any request whose view names nothing else: a letter of 10 MB and its form
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024**2  # of a form without its files

# Celery: rows are the queue, a message only says "look"; so it is acknowledged early, and may be lost or repeated.
CELERY_BROKER_URL = os.environ.get("BROKER_URL") or "files://localhost/"
# RabbitMQ's management API with an administrator's name and password: where hospitals have machines of their own.
BROKER_ADMIN_URL = os.environ.get("BROKER_ADMIN_URL", "")
# What hospitals call this platform's parts by; see `manage.py hospital enrol`.
BROKER_PUBLIC = os.environ.get("BROKER_PUBLIC", "")  # amqps://HOST:5671/VHOST
REGISTRY_URL = os.environ.get("REGISTRY_URL", "")  # where accepted images are pushed: HOST:PORT
REGISTRY_PUBLIC = os.environ.get("REGISTRY_PUBLIC", "")  # the same registry, as hospitals reach it
# Signs orders to hospitals. Without one, it is made beside the database.
PLATFORM_KEY = os.environ.get("PLATFORM_KEY", "")
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
if CELERY_BROKER_URL.startswith("files:"):
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "data_folder_in": str(BROKER / "messages"),
        "data_folder_out": str(BROKER / "messages"),
        "control_folder": str(BROKER / "control"),
        "processed_folder": str(BROKER / "processed"),
        "store_processed": True,
        "polling_interval": 0.1,
    }
CELERY_WORKER_ENABLE_REMOTE_CONTROL = False
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_DEFAULT_QUEUE = "platform"
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULE_FILENAME = str(DATA / "beat-schedule")
RECONCILE_SECONDS = int(os.environ.get("RECONCILE_SECONDS", "10"))
CELERY_BEAT_SCHEDULE = {
    f"{app}.reconcile": {
        "task": f"{app}.reconcile",
        "schedule": RECONCILE_SECONDS,
        "options": {"expires": 3 * RECONCILE_SECONDS},
    }
    for app in ("hospitals", "submissions", "evaluations", "rankings", "adjudication", "webhooks")
}
CELERY_BEAT_SCHEDULE["notices.send"] = {"task": "notices.send", "schedule": 60, "options": {"expires": 60}}
CELERY_BEAT_SCHEDULE["awards.remind"] = {"task": "awards.remind", "schedule": 1800, "options": {"expires": 1800}}
CELERY_BEAT_SCHEDULE["operations.clean"] = {"task": "operations.clean", "schedule": timedelta(days=1)}

# Hosts that web-hooks may lead to although they are inside a private network.
WEBHOOK_HOSTS = [word.lower() for word in words("WEBHOOK_HOSTS")]

# A claimed row is given up when its lease has run out; its holder renews it with every heartbeat.
LEASE_SECONDS = int(os.environ.get("LEASE_SECONDS", "60"))
HEARTBEAT_SECONDS = 5
# Of runs at hospitals with machines of their own, which say how far they are every 15 s.
HOSPITAL_LEASE_SECONDS = int(os.environ.get("HOSPITAL_LEASE_SECONDS", "120"))
RING_AGAIN_SECONDS = int(os.environ.get("RING_AGAIN_SECONDS", "60"))
# An order that its hospital says it does not have is sent again after this.
ORDER_AGAIN_SECONDS = int(os.environ.get("ORDER_AGAIN_SECONDS", "60"))
RETRY_SECONDS = int(os.environ.get("RETRY_SECONDS", "30"))  # doubled with every attempt
MAX_ATTEMPTS = 3
DOCTOR_BASE = os.environ.get("DOCTOR_BASE", "cil-base:latest")  # an image with python3, for the probe
LARGEST_ARCHIVE = int(os.environ.get("LARGEST_ARCHIVE", str(20 * 1024**3)))
SPARE_BYTES = int(os.environ.get("SPARE_BYTES", str(2 * 1024**3)))  # no upload begins that would leave less free
LARGEST_LOG = 256 * 1024
CLEAN_DAYS = int(os.environ.get("CLEAN_DAYS", "30"))  # what nothing needs any more is kept for as long
LEFTOVER_HOURS = 24  # an upload that takes longer than this is none

# Figures for Prometheus, /metrics: for these networks, and for who brings the token. For nobody without either.
METRICS_FROM = [ip_network(word) for word in words("METRICS_FROM")]
METRICS_TOKEN = os.environ.get("METRICS_TOKEN", "")

LOG_JSON = flag("LOG_JSON")  # one JSON object a line, with the ids of what it is about

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {"format": "%(asctime)s %(levelname)s %(process)d %(name)s %(message)s"},
        "json": {"()": "leaderboard.lib.logs.JsonLines"},
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "json" if LOG_JSON else "line"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {
        "leaderboard": {"level": "INFO"},
        "celery": {"level": "INFO"},
        "celery.worker.strategy": {"level": "WARNING"},
        "celery.app.trace": {"level": "WARNING"},
        "celery.beat": {"level": "WARNING"},
        "django.request": {"level": "ERROR"},  # what people ask for wrongly is no warning, and its path may be a secret
        "axes": {"level": "ERROR"},  # its warnings are one a wrong password
    },
}
