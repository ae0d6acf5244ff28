from typing import Any

from django.conf import settings
from drf_spectacular.utils import OpenApiExample, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from common.api.views import ApiView

from . import checks


class StatusSerializer(serializers.Serializer[Any]):
    status = serializers.ChoiceField(choices=["ok", "failed"])


class CheckSerializer(serializers.Serializer[Any]):
    status = serializers.ChoiceField(choices=["ok", "failed", "not_configured"])
    took_ms = serializers.FloatField(required=False)
    engine = serializers.CharField(required=False)
    built_at = serializers.DateTimeField(required=False)
    peak_mib = serializers.FloatField(required=False)
    error = serializers.CharField(required=False)


class ReadySerializer(StatusSerializer):
    checks = serializers.DictField(child=CheckSerializer())


class HealthSerializer(ReadySerializer):
    version = serializers.CharField()
    uptime = serializers.FloatField(help_text="Seconds since the process started.")


OK_EXAMPLE = {"status": "ok", "took_ms": 0.4}
NO_DATABASE = {"database": {"status": "failed", "took_ms": 2001.7, "error": "OperationalError"}}


class OpenToAll(ApiView):
    """Probes carry no token and are never limited."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    throttle_classes = ()

    @staticmethod
    def answer(found: dict[str, dict[str, Any]], **more: Any) -> Response:
        """200 while every needed check holds; else 503, in the same shape."""
        failed = [name for name in found if found[name]["status"] == "failed" and name not in OPTIONAL]
        body = {"status": "failed" if failed else "ok", **more, "checks": found}
        return Response(body, status=503 if failed else 200, content_type="application/json")


OPTIONAL = set(checks.CHECKS) - set(checks.NEEDED)


class HealthView(OpenToAll):
    @extend_schema(
        operation_id="health",
        tags=["platform"],
        summary="How is it?",
        description="Every part the service stands on. 503 only where nothing can be served: the database is "
        "gone, or a configured cache or broker. Other parts may say `failed` or `not_configured` beside 200.",
        responses={200: HealthSerializer, 503: OpenApiResponse(HealthSerializer, "Nothing can be served.")},
        examples=[
            OpenApiExample(
                "healthy",
                value={
                    "status": "ok",
                    "version": "0.1.0",
                    "uptime": 86400.2,
                    "checks": {
                        "database": OK_EXAMPLE | {"engine": "sqlite"},
                        "broker": {"status": "not_configured", "took_ms": 0.0},
                    },
                },
                response_only=True,
                status_codes=["200"],
            ),
            OpenApiExample(
                "no database",
                value={"status": "failed", "version": "0.1.0", "uptime": 3.1, "checks": NO_DATABASE},
                response_only=True,
                status_codes=["503"],
            ),
        ],
    )
    def get(self, request: Request) -> Response:
        found = {name: checks.look(check) for name, check in checks.CHECKS.items()}
        return self.answer(found, version=settings.VERSION, uptime=checks.uptime())


class LiveView(OpenToAll):
    @extend_schema(
        operation_id="health_live",
        tags=["platform"],
        summary="Is the process alive?",
        description="For an orchestrator that restarts what is stuck. Looks at nothing else.",
        responses={200: StatusSerializer},
        examples=[OpenApiExample("alive", value={"status": "ok"}, response_only=True)],
    )
    def get(self, request: Request) -> Response:
        return Response({"status": "ok"})


class ReadyView(OpenToAll):
    @extend_schema(
        operation_id="health_ready",
        tags=["platform"],
        summary="May it get traffic?",
        description="For an orchestrator or load balancer: database, cache and broker answer, migrations are "
        "applied. 503 until then.",
        responses={200: ReadySerializer, 503: OpenApiResponse(ReadySerializer, "Not ready.")},
        examples=[
            OpenApiExample(
                "ready",
                value={"status": "ok", "checks": {"database": OK_EXAMPLE, "migrations": OK_EXAMPLE}},
                response_only=True,
                status_codes=["200"],
            ),
            OpenApiExample(
                "no database",
                value={"status": "failed", "checks": NO_DATABASE},
                response_only=True,
                status_codes=["503"],
            ),
        ],
    )
    def get(self, request: Request) -> Response:
        looked_at = {name: checks.CHECKS[name] for name in checks.NEEDED} | {"migrations": checks.migrations}
        return self.answer({name: checks.look(check) for name, check in looked_at.items()})
