"""The start page of the staff console, of what the apps have registered in `common.dashboard`."""

import json
from typing import Any

from django.http import HttpRequest
from django.utils.formats import date_format

from common.dashboard import Chart, cards, charts


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Adds the cards and charts that this member of staff may see."""
    may = request.user.has_perm
    shown = [card for card in sorted(cards, key=lambda card: card.place) if may(card.permission)]
    return context | {
        "cards": [{"card": card, "number": card.number()} for card in shown],
        "charts": [{"chart": chart, "data": chart_data(chart)} for chart in charts if may(chart.permission)],
    }


def chart_data(chart: Chart) -> str:
    """As Chart.js and unfold's component want it."""
    days = chart.days()
    return json.dumps(
        {
            "labels": [date_format(day, "j M") for day, _number in days],
            "datasets": [
                {
                    "label": str(chart.title),
                    "data": [number for _day, number in days],
                    "backgroundColor": "var(--color-primary-600)",
                    "borderRadius": 4,
                    "maxBarThickness": 28,  # pixels; unfold's own are 4
                    "displayYAxis": True,
                }
            ],
        }
    )
