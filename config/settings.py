"""Settings, read from the environment (README, section Deploy).

Without DATABASE_URL the embedded PostgreSQL and Valkey of the data folder serve: a trial needs no server.
"""

from pathlib import Path

import bootstrap_wrapper
import environ
from csp.constants import NONE, SELF
from django.utils.translation import gettext_lazy as _

from config.embedded import data_folder, endpoints

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()

NO_DATABASE = env.bool("TUODI_NO_DATABASE", default=False)
DEMO = env.bool("TUODI_DEMO", default=False)
DEBUG = env.bool("DEBUG", default=False)

# --- where the data are -------------------------------------------------------------------------------------------
if NO_DATABASE:
    # No secret is kept or checked by a command that computes from files.
    DATABASES: dict = {}
    REDIS_URL = "memory://"
    SECRET_KEY = env("SECRET_KEY", default="computes from files, signs nothing")
    FIELD_KEYS = INDEX_KEY = ""
    EMBEDDED = False
elif env("DATABASE_URL", default=""):
    DATABASES = {"default": env.db("DATABASE_URL")}
    REDIS_URL = env("REDIS_URL")
    SECRET_KEY = env("SECRET_KEY")
    FIELD_KEYS = env("FIELD_KEYS")
    INDEX_KEY = env("INDEX_KEY")
    EMBEDDED = env.bool("TUODI_EMBEDDED", default=False)
else:
    _here = endpoints()
    DATABASES = {"default": env.db_url_config(_here.database_url)}
    REDIS_URL = _here.redis_url
    SECRET_KEY = env("SECRET_KEY", default=_here.secrets["SECRET_KEY"])
    FIELD_KEYS = env("FIELD_KEYS", default=_here.secrets["FIELD_KEYS"])
    INDEX_KEY = env("INDEX_KEY", default=_here.secrets["INDEX_KEY"])
    EMBEDDED = True
# What this house keeps in a broker that it may share with others.
REDIS_PREFIX = env("REDIS_PREFIX", default="tuodi:")

if not NO_DATABASE:
    DATABASES["default"] |= {
        "ENGINE": "django.db.backends.postgresql",
        "CONN_MAX_AGE": env.int("CONN_MAX_AGE", default=60),
        "CONN_HEALTH_CHECKS": True,
        "ATOMIC_REQUESTS": False,  # services own their transactions
    }
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Uploads, letters and exports: outside every folder that a web server shows.
DATA_DIR = data_folder()
MEDIA_ROOT = Path(env("MEDIA_ROOT", default=str(DATA_DIR / "files")))
FILE_UPLOAD_PERMISSIONS = 0o600
# clamd (`host:port`) that looks through papers before they are kept; empty: none.
SCANNER_ADDRESS = env("SCANNER_ADDRESS", default="")
FILE_UPLOAD_DIRECTORY_PERMISSIONS = 0o700

# --- applications -------------------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "config",
    "monitoring",
    "assistance",
    "claims",
    "beneficiaries",
    "exchange",
    "policies",
    "accounts",
    "accounts.admin_config.TuodiAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.contrib.humanize",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_celery_beat",
    "import_export",
    "django_htmx",
    "lucide",
    "pgtrigger",
    "pghistory",
    "axes",
    "csp",
]

if NO_DATABASE:
    # Commands over files start in half the time without the rooms that they do not enter.
    _ENTERED = ("config", "policies", "accounts", "django.contrib.auth", "django.contrib.contenttypes")
    INSTALLED_APPS = [app for app in INSTALLED_APPS if app in (*_ENTERED, "pgtrigger", "pghistory")]

MIDDLEWARE = [
    "django_prometheus.middleware.PrometheusBeforeMiddleware",
    "config.middleware.request_log",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "accounts.middleware.language",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "accounts.middleware.session_limits",
    "accounts.middleware.audit_context",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "axes.middleware.AxesMiddleware",
    "config.navigation.forget_what_waits",
    "django_prometheus.middleware.PrometheusAfterMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
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
                "config.navigation.frame",
            ],
            "builtins": ["accounts.templatetags.tuodi"],
        },
    },
]

# --- people and sessions ------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "accounts.backends.OfficeBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "accounts:login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "accounts:login"
SESSION_ENGINE = "django.contrib.sessions.backends.db"
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SESSION_COOKIE_AGE = 12 * 3600
SESSION_IDLE_SECONDS = env.int("SESSION_IDLE_SECONDS", default=3600)

AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = 0.25  # hours
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_LOCKOUT_TEMPLATE = "accounts/locked.html"
AXES_RESET_ON_SUCCESS = True
AXES_VERBOSE = False
AXES_IPWARE_PROXY_COUNT = env.int("PROXY_COUNT", default=0)

# --- the wire -----------------------------------------------------------------------------------------------------
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
# A trial on embedded services speaks plain HTTP to the same machine; every other installation is behind TLS.
HTTPS = env.bool("HTTPS", default=not (DEMO or DEBUG or EMBEDDED))
SECURE_SSL_REDIRECT = SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
# A load balancer and a collector of figures ask this process itself.
SECURE_REDIRECT_EXEMPT = [r"^(healthz|readyz|metrics)$"]
SECURE_PROXY_SSL_HEADER = None
if env.bool("BEHIND_PROXY", default=False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}
CSRF_FAILURE_VIEW = "accounts.views.csrf_failure"
DATA_UPLOAD_MAX_MEMORY_SIZE = 10 * 1024 * 1024

# --- language, time, looks ----------------------------------------------------------------------------------------
LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", _("简体中文")), ("en", "English")]
LOCALE_PATHS = [BASE_DIR / "config" / "locale"]
TIME_ZONE = "Asia/Shanghai"
USE_TZ = True
USE_I18N = True
FORMAT_MODULE_PATH = ["config.formats"]
USE_THOUSAND_SEPARATOR = False

STATIC_URL = "static/"
STATIC_ROOT = Path(env("STATIC_ROOT", default=str(BASE_DIR / "staticfiles")))
STATICFILES_DIRS = [BASE_DIR / "templates" / "static", ("bootstrap", bootstrap_wrapper.get_bootstrap_dir())]
WHITENOISE_USE_FINDERS = WHITENOISE_AUTOREFRESH = DEMO or DEBUG or EMBEDDED
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if WHITENOISE_USE_FINDERS
        else "whitenoise.storage.CompressedStaticFilesStorage"
    },
}

# --- workers ------------------------------------------------------------------------------------------------------
CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TIMEZONE = TIME_ZONE
CELERY_BROKER_TRANSPORT_OPTIONS = {
    # A worker that was killed gives its task back after this time; tasks are idempotent.
    "visibility_timeout": env.int("TASK_VISIBILITY_SECONDS", default=3600),
    "unacked_restore_interval": 10,
    "global_keyprefix": REDIS_PREFIX,
}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BEAT_SCHEDULER = "django_celery_beat.schedulers:DatabaseScheduler"
CELERY_TASK_DEFAULT_QUEUE = env("CELERY_QUEUE", default="tuodi")

CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": REDIS_PREFIX,
    }
    if not NO_DATABASE
    else {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}
}

# Rosters of a prefecture with a million rows are some 120 MB.
INBOUND_MAX_BYTES = env.int("INBOUND_MAX_BYTES", default=400 * 1024 * 1024)

# --- partners' calls ----------------------------------------------------------------------------------------------
# Where webhooks may go: production allows HTTPS only; tests and the demo add their own certificate or loopback.
WEBHOOK_CA_FILE = env("WEBHOOK_CA_FILE", default="")
WEBHOOK_TIMEOUT_SECONDS = env.float("WEBHOOK_TIMEOUT_SECONDS", default=15.0)
WEBHOOK_TRIAL = env.bool("WEBHOOK_TRIAL", default=DEMO)  # loopback and plain HTTP are allowed
# Pauses between tries, varied by a fifth; after the last one the delivery is parked for a person.
DELIVERY_PAUSES_SECONDS = env.list(
    "DELIVERY_PAUSES_SECONDS", cast=float, default=[10, 30, 120, 600, 1800, 3600, 10800, 21600]
)
# A delivery whose worker died is taken up again after this time without a sign of life.
DELIVERY_LEASE_SECONDS = env.float("DELIVERY_LEASE_SECONDS", default=120.0)

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework.authentication.SessionAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "托底 Tuodi",
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "ENUM_NAME_OVERRIDES": {"DeliveryState": "exchange.models.Delivery.State"},  # several calls name something `state`
}

# --- operations ---------------------------------------------------------------------------------------------------
METRICS_TOKEN = env("METRICS_TOKEN", default="")
# A delivery that has not gone after this time makes /readyz fail.
DELIVERY_LATE_SECONDS = env.float("DELIVERY_LATE_SECONDS", default=86_400.0)
# Days after which what only served the work is deleted; the register, claims, warnings and the audit trail stay.
RETENTION_JOB_DAYS = env.int("RETENTION_JOB_DAYS", default=400)
RETENTION_STAGED_DAYS = env.int("RETENTION_STAGED_DAYS", default=400)
RETENTION_LOGIN_DAYS = env.int("RETENTION_LOGIN_DAYS", default=180)

# --- audit and logs -----------------------------------------------------------------------------------------------
PGHISTORY_APPEND_ONLY = True

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "config.logs.JsonFormatter"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"handlers": ["console"], "level": env("LOG_LEVEL", default="INFO")},
    "loggers": {
        "django.request": {"level": "ERROR"},
        "axes": {"level": "ERROR"},
        "httpx": {"level": "WARNING"},
        "fontTools": {"level": "WARNING"},
        "tuodi.request": {"level": env("REQUEST_LOG_LEVEL", default="INFO")},
    },
}
