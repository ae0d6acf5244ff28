"""What stands on the start page of the staff console. Each app adds its part from its own `dashboard.py`."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.functional import Promise

COUNTED: Final = 100_000  # rows: a bigger number is not more useful, and takes longer than a page may


@dataclass(frozen=True, kw_only=True)
class Part:
    """Something that a list in the console answers in full.

    Attributes:
        changelist: the list, such as `accounts_user`; `query` narrows it to the same rows.
        permission: who may see it.
    """

    title: str | Promise
    changelist: str
    query: str = ""
    permission: str

    @property
    def link(self) -> str:
        return f"{reverse(f'admin:{self.changelist}_changelist')}{self.query}"


@dataclass(frozen=True, kw_only=True)
class Card(Part):
    """A number.

    Attributes:
        rows: what is counted, in one query.
        place: cards stand in this order.
    """

    icon: str
    rows: Callable[[], QuerySet[Any]]
    place: int

    def number(self) -> str:
        counted = self.rows().order_by()[: COUNTED + 1].count()
        return f"{COUNTED:,}+" if counted > COUNTED else f"{counted:,}"


@dataclass(frozen=True, kw_only=True)
class Chart(Part):
    """One number a day.

    Attributes:
        days: each day of the span, in order, with its number.
    """

    days: Callable[[], list[tuple[date, int]]]


cards: Final[list[Card]] = []
charts: Final[list[Chart]] = []
