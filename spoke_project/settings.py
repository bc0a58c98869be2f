"""Settings of the host project, read from the environment or a ``.env`` file beside manage.py.

With DEBUG on, everything has a default that needs no server. With DEBUG off, what must be chosen
has no default: Django says at start which variable is missing.
"""

from pathlib import Path
from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured
from kombu import Queue

from service_vendors import development_keys

BASE_DIR = Path(__file__).resolve().parent.parent


class Environment(environ.Env):  # type: ignore[misc]  # the package has no types
    """The environment; a value that does not convert is named, with what it should be."""

    def get_value(self, var: str, *args: Any, **kwargs: Any) -> Any:  # noqa: D102
        try:
            return super().get_value(var, *args, **kwargs)
        except ValueError as error:
            raise ImproperlyConfigured(f"{var} cannot be used: {error}.") from error


env = Environment()
env.read_env(BASE_DIR / ".env")

DEBUG = env.bool("DEBUG", default=False)

# -- secrets ------------------------------------------------------------------------------------

# The development keys are known to everyone; the system checks refuse them outside of DEBUG.
if DEBUG:
    SECRET_KEY = env.str("SECRET_KEY", default=development_keys.SECRET_KEY)
    FIELD_ENCRYPTION_KEY = env.list(
        "FIELD_ENCRYPTION_KEY", default=[development_keys.FIELD_ENCRYPTION_KEY]
    )
else:
    SECRET_KEY = env.str("SECRET_KEY")
    FIELD_ENCRYPTION_KEY = env.list("FIELD_ENCRYPTION_KEY")

# -- addresses ----------------------------------------------------------------------------------

PORT = env.int("PORT", default=8000)
BASE_URL = env.str("BASE_URL", default=f"http://127.0.0.1:{PORT}" if DEBUG else "")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["*"] if DEBUG else [])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
ROOT_URLCONF = "spoke_project.urls"
WSGI_APPLICATION = "spoke_project.wsgi.application"
ASGI_APPLICATION = "spoke_project.asgi.application"
APPEND_SLASH = False

# -- what is installed --------------------------------------------------------------------------

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "csp",
    "django_htmx",
    "rest_framework",
    "knox",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "encrypted_model_fields",
    "service_vendors",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]

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
            ],
        },
    },
]

# -- database -----------------------------------------------------------------------------------

DATABASES = {"default": env.db_url("DATABASE_URL", default=f"sqlite:///{BASE_DIR / 'db.sqlite3'}")}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # Writers wait for each other instead of failing half-way through a transaction.
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    }
elif DATABASES["default"]["ENGINE"].endswith("postgresql"):
    _options = DATABASES["default"].setdefault("OPTIONS", {})
    # Where the network swallows what is said, both ends give a connection up within a minute: rows
    # that a lost machine had locked would be out of everybody's reach for hours.
    _stuck_ms = round(env.float("DATABASE_STUCK_SECONDS", default=60.0) * 1_000)
    _options.update(
        connect_timeout=5,
        keepalives_idle=20,
        keepalives_interval=5,
        keepalives_count=4,
        tcp_user_timeout=_stuck_ms,
        options=f"-c idle_in_transaction_session_timeout={_stuck_ms} "
        f"-c tcp_user_timeout={_stuck_ms} -c tcp_keepalives_idle=20 "
        "-c tcp_keepalives_interval=5 -c tcp_keepalives_count=4",
    )
    # Behind PgBouncer, the next statement may well reach another connection than this one did.
    DATABASES["default"]["DISABLE_SERVER_SIDE_CURSORS"] = env.bool(
        "DATABASE_BEHIND_PGBOUNCER", default=False
    )
    _options["pool"] = {
        "min_size": env.int("DATABASE_POOL_MIN", default=1),
        "max_size": env.int("DATABASE_POOL_MAX", default=10),
        # Some vendors wait 5 seconds only: a database that is away must be noticed sooner.
        "timeout": env.float("DATABASE_POOL_SECONDS", default=2.0),
    }
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# -- people -------------------------------------------------------------------------------------

LOGIN_URL = "/accounts/login/"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/accounts/login/"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]

# -- protection ---------------------------------------------------------------------------------

SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", default=not DEBUG)
SECURE_HSTS_SECONDS = env.int("SECURE_HSTS_SECONDS", default=0 if DEBUG else 31_536_000)
SECURE_HSTS_INCLUDE_SUBDOMAINS = env.bool("SECURE_HSTS_INCLUDE_SUBDOMAINS", default=not DEBUG)
SECURE_HSTS_PRELOAD = env.bool("SECURE_HSTS_PRELOAD", default=not DEBUG)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = not DEBUG
SESSION_COOKIE_HTTPONLY = True
X_FRAME_OPTIONS = "DENY"
if env.bool("TRUST_FORWARDED_PROTO", default=False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
USE_X_FORWARDED_HOST = env.bool("TRUST_FORWARDED_HOST", default=False)

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
    }
}

# -- static files -------------------------------------------------------------------------------

STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}

# -- time and words -----------------------------------------------------------------------------

LANGUAGE_CODE = "en-us"
TIME_ZONE = env.str("TIME_ZONE", default="UTC")
USE_I18N = True
USE_TZ = True

# -- cache ---------------------------------------------------------------------------------------

REDIS_URL = env.str("REDIS_URL", default="")

# What all workers share and may lose: vendors' tokens, encrypted.
if REDIS_URL:
    CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": REDIS_URL,
            "KEY_PREFIX": "cache",
        }
    }

# -- Celery -------------------------------------------------------------------------------------

# Work stands in the database: a lost task is found again by the sweeper, a repeated one finds
# nothing left to claim. So results are not kept, and a task is acknowledged when it is done.
CELERY_BROKER_URL = env.str("BROKER_URL", default=REDIS_URL or "memory://")
CELERY_TASK_ALWAYS_EAGER = env.bool("CELERY_TASK_ALWAYS_EAGER", default=False)
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 20.0
# After a lost connection a worker would raise its prefetch step by step. It waits for RabbitMQ to
# agree each time, while threads acknowledge over the same connection, and it once waited for good.
CELERY_WORKER_ENABLE_PREFETCH_COUNT_REDUCTION = False
# What somebody waits for goes first: a worker that is free takes from the first queue that holds
# something. docs/deploy.md tells which workers there should be.
CELERY_TASK_QUEUES = [Queue(name) for name in ("replies", "due", "events", "jobs", "bulk")]
CELERY_TASK_DEFAULT_QUEUE = "jobs"
CELERY_TASK_ROUTES = {
    "service_vendors.tasks.send_replies": {"queue": "replies"},
    "service_vendors.tasks.hand_over_due": {"queue": "due"},
    "service_vendors.tasks.apply_events": {"queue": "events"},
    "service_vendors.tasks.send_bulks": {"queue": "bulk"},
}
CELERY_BROKER_TRANSPORT_OPTIONS = (
    {
        "visibility_timeout": 300,
        "queue_order_strategy": "priority",
        # A broker that hangs, or whose network is cut, is as good as away.
        "socket_timeout": 3.0,
        "socket_connect_timeout": 2.0,
        "socket_keepalive": True,
    }
    if CELERY_BROKER_URL.startswith("redis")
    else {}
)
# A broker that is away must not hold up the person who sends: the sweeper hands over later. A
# connection to RabbitMQ that died is only made anew for a second try, one to Redis by itself.
CELERY_TASK_PUBLISH_RETRY = CELERY_BROKER_URL.startswith("amqp")
CELERY_TASK_PUBLISH_RETRY_POLICY = {
    "max_retries": 1,
    "interval_start": 0,
    "interval_step": 0,
    "interval_max": 0,
}
CELERY_BROKER_CONNECTION_TIMEOUT = 2.0
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# However long it is away, whoever listens to it goes on when it is back.
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_WORKER_CONSUMER = "spoke_project.consumer:Consumer"
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULE = {
    "hand over": {
        "task": "service_vendors.tasks.hand_over_due",
        "schedule": (_hand_over_seconds := env.float("HAND_OVER_SECONDS", default=1.0)),
        "options": {"expires": _hand_over_seconds},
    },
    "sweep": {
        "task": "service_vendors.tasks.sweep",
        "schedule": (_sweep_seconds := env.float("SWEEP_SECONDS", default=5.0)),
        # Workers that are busy for longer owe one round, not all that were missed.
        "options": {"expires": _sweep_seconds},
    },
}

# -- API ----------------------------------------------------------------------------------------

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "knox.auth.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_PAGINATION_CLASS": "rest_framework.pagination.LimitOffsetPagination",
    "PAGE_SIZE": 50,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "service_vendors",
    "DESCRIPTION": "Send texts over your organization's vendor and read what became of them.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
}

# -- service vendors ----------------------------------------------------------------------------

# What else is in docs/settings.md is read from the environment when it is used.
# The stand-in texts nobody, so it is nobody's vendor in production.
SERVICE_VENDORS = env.list(
    "SERVICE_VENDORS",
    default=["twilio", "bandwidth", "nexmo", "fakeservice"] if DEBUG else ["twilio"],
)
DEFAULT_SERVICE = env.str("DEFAULT_SERVICE", default="fakeservice" if DEBUG else "twilio")
WEBHOOK_SPOOL = env.str("WEBHOOK_SPOOL", default=str(BASE_DIR / "spool"))

# -- logs ---------------------------------------------------------------------------------------

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"mask": {"()": "service_vendors.logs.MaskNumbers"}},
    "formatters": {
        "line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"},
        "json": {
            "()": "pythonjsonlogger.json.JsonFormatter",
            "format": "{asctime}{levelname}{name}{message}",
            "style": "{",
            "rename_fields": {"asctime": "time", "levelname": "level", "name": "logger"},
        },
    },
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": "json" if env.bool("LOG_JSON", default=False) else "line",
            "filters": ["mask"],
        }
    },
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", default="INFO")},
}
