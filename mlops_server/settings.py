"""Every setting, read once from the environment; a missing or malformed one stops the start and says the remedy."""

import sys
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import structlog
from environs import Env, EnvError
from marshmallow.validate import Range

BASE_DIR = Path(__file__).resolve().parent.parent
env = Env(eager=False)

DEBUG = env.bool("DEBUG", False)
VAR_DIR = env.path("VAR_DIR", BASE_DIR / "var")
SECRET_KEY = env.str("SECRET_KEY")
DATABASE_URL = env.dj_db_url("DATABASE_URL", conn_max_age=600)
REDIS_URL = env.str("REDIS_URL")
ARTIFACT_URL = env.str("ARTIFACT_URL", "")
_signing_key_dir = env.str("SIGNING_KEY_DIR", "")
LOG_ORIGIN = env.str("LOG_ORIGIN", "localhost/mlops")
LOG_SIGNING_KEY = env.str("LOG_SIGNING_KEY", "")
LOG_KEY_FACTORY = env.str("LOG_KEY_FACTORY", "")
_log_publish_dir = env.str("LOG_PUBLISH_DIR", "")
LOG_ANCHOR_URLS: list[str] = env.list("LOG_ANCHOR_URLS", [])
_log_trust_policy = env.str("LOG_TRUST_POLICY", "")
PUBLISH_SECONDS = env.float("PUBLISH_SECONDS", 1.0)
WITNESS_TIMEOUT_SECONDS = env.float("WITNESS_TIMEOUT_SECONDS", 5.0)
AUDIT_ARCHIVE_URL = env.str("AUDIT_ARCHIVE_URL", "")
# The law asks for six months (EU AI Act, Articles 19 and 26), and so does the database itself.
AUDIT_ARCHIVE_AFTER_DAYS = env.int("AUDIT_ARCHIVE_AFTER_DAYS", 730, validate=Range(min=183))
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", ["localhost", "127.0.0.1", "[::1]", "testserver"])
CSRF_TRUSTED_ORIGINS: list[str] = env.list("CSRF_TRUSTED_ORIGINS", [])
SECURE_COOKIES = env.bool("SECURE_COOKIES", False)
LOG_LEVEL = env.str("LOG_LEVEL", "INFO")
LOG_JSON = env.bool("LOG_JSON", False)
MERGE_DELAY_MS = env.int("MERGE_DELAY_MS", 250)
TOKEN_DAYS = env.int("TOKEN_DAYS", 90)
UPLOAD_MAX_BYTES = env.int("UPLOAD_MAX_BYTES", 512 * 1024 * 1024)
UPLOAD_HOURS = env.int("UPLOAD_HOURS", 24, validate=Range(min=1))
# What sources may reach beside public addresses: folders for files and sockets, networks, and the folder of secrets.
SOURCE_ROOTS: list[str] = env.list("SOURCE_ROOTS", [])
SOURCE_ALLOWED_NETWORKS: list[Any] = env.list("SOURCE_ALLOWED_NETWORKS", [], subcast=ip_network)
_source_secrets_dir = env.str("SOURCE_SECRETS_DIR", "")
SOURCE_SECONDS = env.int("SOURCE_SECONDS", 5, validate=Range(min=1))
SOURCE_MAX_BYTES = env.int("SOURCE_MAX_BYTES", 16 * 1024**3)
# scrypt's cost for the key that a person signs with: 2**15 takes 32 MiB and about 80 ms.
SIGNING_SCRYPT_COST = env.int("SIGNING_SCRYPT_COST", 2**15)
SWEEP_SECONDS = env.int("SWEEP_SECONDS", 10)
JOB_STALE_SECONDS = env.int("JOB_STALE_SECONDS", 120)
JOB_CANCEL_SECONDS = env.int("JOB_CANCEL_SECONDS", 30)
# What one training run may take, whatever it asks for; 0 is no limit.
TRAINING_MAX_SECONDS = env.int("TRAINING_MAX_SECONDS", 24 * 3600)
TRAINING_MAX_CPU_SECONDS = env.int("TRAINING_MAX_CPU_SECONDS", 0)
TRAINING_MAX_MEMORY_BYTES = env.int("TRAINING_MAX_MEMORY_BYTES", 0)
TRIAL_HELP_AFTER_SECONDS = env.float("TRIAL_HELP_AFTER_SECONDS", 10.0)
TRIAL_HELPERS = env.int("TRIAL_HELPERS", 2)
DASK_SCHEDULER_ADDRESS = env.str("DASK_SCHEDULER_ADDRESS", "")
PUBLIC_URL = env.str("PUBLIC_URL", "")
WEBHOOK_ALLOWED_NETWORKS: list[Any] = env.list("WEBHOOK_ALLOWED_NETWORKS", [], subcast=ip_network)
DELIVERY_SECONDS = env.int("DELIVERY_SECONDS", 5, validate=Range(min=1))
DELIVERY_KEEP_DAYS = env.int("DELIVERY_KEEP_DAYS", 30, validate=Range(min=1))

try:
    env.seal()
except EnvError as error:
    sys.exit(
        f"The settings are incomplete: {error}. "
        "Start with `make run`, which sets them, or copy .env.example and export what it lists."
    )

ARTIFACT_URL = ARTIFACT_URL or f"file://{VAR_DIR.resolve()}/artifacts"
AUDIT_ARCHIVE_URL = AUDIT_ARCHIVE_URL or f"{ARTIFACT_URL}/log"
SIGNING_KEY_DIR = Path(_signing_key_dir) if _signing_key_dir else VAR_DIR / "keys"
SOURCE_SECRETS_DIR = Path(_source_secrets_dir) if _source_secrets_dir else VAR_DIR / "secrets"
LOG_PUBLISH_DIR = Path(_log_publish_dir) if _log_publish_dir else VAR_DIR / "published"
LOG_TRUST_POLICY = Path(_log_trust_policy) if _log_trust_policy else None

# Applications. mlops_server comes first: its templates override the admin's.
INSTALLED_APPS = [
    "mlops_server",
    "workers",
    "monitoring",
    "registry",
    "audit",
    "unfold",
    "unfold.contrib.filters",
    "mlops_server.admin_app.AdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "rest_framework",
    "knox",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_celery_beat",
    "django_prometheus",
    "pgtrigger",
]
MIDDLEWARE = [
    "django_prometheus.middleware.PrometheusBeforeMiddleware",
    "mlops_server.requests.RequestIdMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "audit.disclosure.receipts.ReceiptMiddleware",
    "mlops_server.idempotency.IdempotencyMiddleware",
    "django_prometheus.middleware.PrometheusAfterMiddleware",
]
ROOT_URLCONF = "mlops_server.urls"
WSGI_APPLICATION = "mlops_server.wsgi.application"
TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
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

# Storage: one engine everywhere. ATOMIC_REQUESTS stays False so that a recorded refusal outlives the error it leads to.
# Prepared statements: the log's own are planned once a connection. PgBouncer must be 1.21 or newer.
DATABASE_URL["OPTIONS"] = {"prepare_threshold": 5, **DATABASE_URL.get("OPTIONS", {})}
DATABASES = {"default": {**DATABASE_URL, "ATOMIC_REQUESTS": False, "CONN_HEALTH_CHECKS": True}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}}
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
STATIC_URL = "/static/"
WHITENOISE_USE_FINDERS = True
DATA_UPLOAD_MAX_MEMORY_SIZE = 16 * 1024 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 4 * 1024 * 1024

# Identity.
AUTH_USER_MODEL = "registry.User"
AUTHENTICATION_BACKENDS = [
    "registry.authentication.PasswordBackend",
    "registry.permissions.GrantBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "/admin/login/"
LOGIN_REDIRECT_URL = "/admin/"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_COOKIES
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_AGE = 8 * 3600
X_FRAME_OPTIONS = "DENY"
REST_KNOX = {
    "TOKEN_TTL": timedelta(days=TOKEN_DAYS),
    "TOKEN_LIMIT_PER_USER": None,
    "AUTO_REFRESH": False,
    "AUTH_HEADER_PREFIX": "Bearer",
}

# REST.
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "knox.auth.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["mlops_server.rest.parsing.JSONParser"],
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_PAGINATION_CLASS": "mlops_server.rest.paging.CursorPage",
    "DEFAULT_SCHEMA_CLASS": "mlops_server.rest.schema.OperationSchema",
    "EXCEPTION_HANDLER": "mlops_server.rest.problems.handle",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS: dict[str, Any] = {
    "TITLE": "The system of record for machine-learning decisions",
    "DESCRIPTION": "Register data, runs and models; gate, approve, serve and monitor them; prove what happened.",
    "VERSION": "1.0.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "SCHEMA_PATH_PREFIX": r"/api/v1",
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "ENUM_NAME_OVERRIDES": {
        "DataFormat": "registry.models.Ingestion.Format",
        "ModelFormat": "registry.models.ModelVersion.Format",
        "DataSourceKind": "registry.models.DataSource.Kind",
        "ReadingState": "registry.models.DataSource.State",
        "UploadState": "registry.models.Upload.State",
        "AccountKind": "registry.models.User.Kind",
        "JobState": "registry.models.Ingestion.State",
        "PromotionState": "registry.models.PromotionRequest.State",
        "SubscriptionState": "registry.models.Subscription.State",
        "DeliveryState": "registry.models.Delivery.State",
        "SubscriptionKind": "registry.models.Subscription.Kind",
        "PolicyState": "registry.models.PolicyVersion.State",
        "RolloutState": "registry.models.Rollout.State",
        "DecisionVerdict": "registry.models.Decision.Verdict",
        "FactorState": "registry.models.SigningFactor.State",
        "RoleEnum": "registry.roles.Role",
        "AlertActionKind": "monitoring.models.AlertRule.Do",
        "AlertActionOutcome": "monitoring.models.AlertAction.Outcome",
        "FindingState": "registry.models.Finding.State",
        "FindingSeverity": "registry.models.Finding.Severity",
        "WaiverState": "registry.models.Waiver.State",
        "ConditionState": "registry.models.Condition.State",
        "ReviewState": "registry.models.PeriodicReview.State",
        "OutcomeEnum": "registry.models.PeriodicReview.Outcome",
        "ReviewCause": "registry.models.PeriodicReview.Cause",
        "EmergencyState": "registry.models.Emergency.State",
        "IncidentState": "registry.models.Incident.State",
        "IncidentSeverity": "registry.models.Incident.Severity",
        "AssignmentCause": "registry.models.SlotAssignment.Cause",
        "RiskTier": "registry.models.AISystem.RiskTier",
        "RunCause": "registry.models.TrainingRun.Cause",
        "PipelineCause": "registry.models.PipelineRun.Cause",
        "ExplanationKind": "registry.models.Explanation.Kind",
        "ReproductionVerdict": "registry.models.Reproduction.Verdict",
        "ArmEnum": "registry.models.Prediction.Arm",
        "MonitorArm": "monitoring.models.Monitor.Arm",
        "MonitorKind": "monitoring.models.Monitor.Kind",
        "MonitorVerdict": "monitoring.models.MonitorRun.Verdict",
    },
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "mlops_server.rest.schema.add_common_parts",
    ],
}

# Work. The row is the truth and the message a nudge, so there is no result backend.
# Celery spells a Unix socket in its own way.
CELERY_BROKER_URL = REDIS_URL.replace("unix://", "redis+socket://", 1)
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 3600}
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 5
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULER = "django_celery_beat.schedulers:DatabaseScheduler"
CELERY_BEAT_MAX_LOOP_INTERVAL = 5
DJANGO_CELERY_BEAT_TZ_AWARE = True

# Language and time.
LANGUAGE_CODE = "en-gb"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = True

# Logs: one line an event, with the request's id wherever the work goes.
_shared_processors: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]
# Tracebacks as Python writes them: rich ones take half a second of a processor each.
_console = structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
_renderer = structlog.processors.JSONRenderer() if LOG_JSON else _console
structlog.configure(
    processors=[*_shared_processors, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
    logger_factory=structlog.stdlib.LoggerFactory(),
    cache_logger_on_first_use=True,
)
LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "lines": {
            "()": structlog.stdlib.ProcessorFormatter,
            "processor": _renderer,
            "foreign_pre_chain": _shared_processors,
        }
    },
    "handlers": {"stdout": {"class": "logging.StreamHandler", "formatter": "lines"}},
    "root": {"handlers": ["stdout"], "level": LOG_LEVEL},
    "loggers": {
        "django.server": {"handlers": ["stdout"], "propagate": False},
        "httpx": {"level": "WARNING"},
    },
}

UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "Decisions",
    "SITE_HEADER": "System of record",
    "SITE_SUBHEADER": "Machine-learning decisions",
    "SITE_SYMBOL": "verified",
    "SHOW_HISTORY": False,
    "SHOW_VIEW_ON_SITE": False,
    "SIDEBAR": {
        "show_search": True,
        "show_all_applications": False,
        "navigation": "mlops_server.admin_site.navigation",
    },
    "ACCOUNT": {"navigation": [{"title": "Your signing factor", "link": "/admin/signing-factor/"}]},
}
