"""What the templates of mails say again and again."""

from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.translation import ngettext

from common import direction

register = template.Library()


@register.filter(needs_autoescape=True)
def isolated(value: Any, autoescape: bool = True) -> str:  # noqa: FBT001, FBT002 (Django's own manner)
    """A name amid our words, of whichever direction: as HTML, or in a text as Unicode has it."""
    if autoescape:
        return format_html("<bdi>{}</bdi>", direction.undirected(str(value)))
    return direction.isolated(str(value))


@register.filter
def minutes(count: int) -> str:
    return ngettext("%(count)d minute", "%(count)d minutes", count) % {"count": count} if count else ""


@register.filter
def hours(count: int) -> str:
    return ngettext("%(count)d hour", "%(count)d hours", count) % {"count": count} if count else ""


@register.filter
def days(count: int) -> str:
    return ngettext("%(count)d day", "%(count)d days", count) % {"count": count} if count else ""
