"""Structured logs: one JSON object a line on stdout, with the request id and without secrets."""

import logging
from typing import Any

import structlog

from common.logs import redact

from .environment import env

LOG_LEVEL = env.str("LOG_LEVEL", "INFO")
LOG_FORMAT = env.str("LOG_FORMAT", "json")  # json, or console for human eyes

DJANGO_STRUCTLOG_STATUS_START_LOG_LEVEL = logging.DEBUG  # one line a request: its end, with the outcome
DJANGO_STRUCTLOG_STATUS_4XX_LOG_LEVEL = logging.INFO
DJANGO_STRUCTLOG_CELERY_ENABLED = True
DJANGO_STRUCTLOG_TRUST_UPSTREAM_REQUEST_ID = True  # set, or checked, by our own ArrivalMiddleware
DJANGO_STRUCTLOG_IP_LOGGING_ENABLED = False  # bound by ArrivalMiddleware, which knows our proxies
DJANGO_STRUCTLOG_USER_ID_FIELD = (
    None  # bound by the authentication class, without touching the cookie session
)

shared: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.PositionalArgumentsFormatter(),
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.StackInfoRenderer(),
    structlog.processors.format_exc_info,
    redact,
]

structlog.configure(
    processors=[
        structlog.stdlib.filter_by_level,
        *shared,
        structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
    ],
    logger_factory=structlog.stdlib.LoggerFactory(),
    cache_logger_on_first_use=True,
)

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "lines": {
            "()": structlog.stdlib.ProcessorFormatter,
            "foreign_pre_chain": [*shared[:-1], structlog.stdlib.ExtraAdder(), redact],
            "processors": [
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer()
                if LOG_FORMAT == "json"
                else structlog.dev.ConsoleRenderer(),
            ],
        }
    },
    "handlers": {
        "stdout": {"class": "logging.StreamHandler", "stream": "ext://sys.stdout", "formatter": "lines"}
    },
    "root": {"handlers": ["stdout"], "level": LOG_LEVEL},
    "loggers": {
        "django.server": {"handlers": [], "propagate": True},
        "django.request": {"level": "ERROR"},  # refusals are answers; the request line has their status
        "daphne": {"level": "WARNING"},
        "uvicorn": {"level": "WARNING"},
        "celery": {"level": "WARNING"},
        "django_structlog.celery": {"level": "WARNING"},  # tasks that failed; what they log has their id
        "kombu": {"level": "WARNING"},
        # A line for each call, with its whole address: that of a push is a secret.
        "httpx2": {"level": "WARNING"},
        "httpcore2": {"level": "WARNING"},
    },
}
