"""Limits, switched off but for those that a test is about."""

from django.conf import settings

OFF = dict.fromkeys(settings.LIMITS, "off")
