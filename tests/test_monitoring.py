"""What is shipped for Prometheus and Grafana asks for what `/metrics` gives, and for nothing else."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from django.db import connection
from prometheus_client.parser import text_string_to_metric_families
from rest_framework.test import APIClient

from common import metrics
from common.events import Told
from common.tests.test_metrics import OF_POSTGRESQL
from notifications.metrics import attempted
from notifications.outcomes import Outcome, Result
from notifications.registries import channels
from realtime.asyncapi import every_event
from realtime.frames import Close
from realtime.metrics import closed, resumed

pytestmark = pytest.mark.django_db

ROOT: Final = Path(__file__).parent.parent
DASHBOARD: Final = json.loads((ROOT / "deploy/grafana/serai.json").read_text())
ALERTS: Final = yaml.safe_load((ROOT / "deploy/prometheus/alerts.yml").read_text())
SCRAPE: Final = yaml.safe_load((ROOT / "deploy/prometheus/prometheus.yml").read_text())
RULES: Final = [rule for group in ALERTS["groups"] for rule in group["rules"]]

OF_PROMETHEUS: Final = {"up": set[str](), "ALERTS": {"alertname", "alertstate"}}
OF_A_SCRAPE: Final = {"job", "instance"}  # labels that Prometheus adds
WORDS: Final = {"and", "or", "unless", "offset", "bool"}
GROUPING: Final = r"\b(?:by|without|on|ignoring)\s*\(([^)]*)\)"
SELECTOR: Final = r"([a-zA-Z_:][\w:]*)\s*\{([^}]*)\}"
SELECTED: Final = r'(\w+)\s*(?:=~|!~|!=|=)\s*"([^"]*)"'

Series = dict[str, set[str]]  # labels, by name


def panels() -> list[dict[str, Any]]:
    return [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]


def expressions() -> Iterator[tuple[str, str]]:
    """Where each stands, and what it asks."""
    for panel in panels():
        for target in panel["targets"]:
            yield f"{panel['title']} {target['refId']}", target["expr"]
    for rule in RULES:
        yield rule["alert"], rule["expr"]
    for annotation in DASHBOARD["annotations"]["list"]:
        yield annotation["name"], annotation["expr"]
    for variable in DASHBOARD["templating"]["list"]:
        if asked := re.fullmatch(r"label_values\((.*), (\w+)\)", variable.get("definition", "")):
            yield variable["name"], f"sum by ({asked[2]}) ({asked[1]})"


def names_in(expression: str) -> set[str]:
    """The series that it asks for."""
    bare = re.sub(r'"[^"]*"|\{[^}]*\}|\[[^\]]*\]', " ", re.sub(GROUPING, " ", expression))
    words = re.findall(r"(?<![\w$.])([a-zA-Z_:][\w:]*)(?!\w)(?!\s*\()", bare)
    return {word for word in words if word not in WORDS and not re.fullmatch(r"by|without|on|ignoring", word)}


def grouped_by(expression: str) -> set[str]:
    return {label.strip() for inside in re.findall(GROUPING, expression) for label in inside.split(",")}


@pytest.fixture
def series() -> Series:
    """Every series that a process gives once all has happened to it, and its labels."""
    metrics.request_answered("GET", "api/v1/chats", 200, 0.1)
    metrics.count_events([Told(topic="chat:1", seq=1, type="message.sent", data={}, at=None)])  # type: ignore[arg-type]
    closed(Close.TOO_SLOW)
    resumed(None)
    attempted("email", Outcome.sent())
    text = APIClient().get("/metrics").content.decode()
    found = dict(OF_PROMETHEUS)
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found.setdefault(sample.name, set()).update(sample.labels)
    if connection.vendor != "postgresql":
        found |= {"serai_database_connections": {"state"}, "serai_database_connections_awaited": set()}
    return found


def test_what_is_asked_for_is_given(series):
    for where, expression in expressions():
        names = names_in(expression)
        grouped = {
            label.strip() for inside in re.findall(GROUPING, expression) for label in inside.split(",")
        }

        assert names, where
        assert names <= set(series), where
        for name, inside in re.findall(SELECTOR, expression):
            labels = {label for label, _ in re.findall(SELECTED, inside)}
            assert labels <= series[name] | OF_A_SCRAPE, where
        assert grouped <= OF_A_SCRAPE.union(*(series[name] for name in names)), where


def test_values_that_are_asked_for_can_be():
    known = {
        "code": {code.name for code in Close},
        "outcome": {"whole", "reset"},
        "of": set(metrics.backlogs),
        "type": {event.type for event in every_event()},
        "channel": set(channels),
        "result": set(Result.values),
    }
    asked = [
        (label, value)
        for _, expression in expressions()
        for label, values in re.findall(SELECTED, expression)
        if label in known
        for value in values.split("|")
    ]

    assert {("code", "TOO_SLOW"), ("of", "relay_webhooks"), ("result", "refused")} <= set(asked)
    assert [(label, value) for label, value in asked if value not in known[label]] == []


def test_rates_are_of_what_only_grows_and_quantiles_of_buckets(series):
    for where, expression in expressions():
        for name in re.findall(r"\b(?:rate|increase)\((\w+)", expression):
            assert re.search(r"_(total|bucket|sum|count)$", name), where
        assert expression.count("histogram_quantile(") == len(re.findall(r"sum by \(le[,)]", expression)), (
            where
        )


def test_every_figure_of_ours_is_on_the_dashboard(series):
    shown = {name for _, expression in expressions() for name in names_in(expression)}
    families = {
        re.sub(r"_(bucket|sum|count)$", "", name)
        for name in series
        if name.startswith("serai_") and not name.endswith("_created")
    } | OF_POSTGRESQL

    assert families - {re.sub(r"_(bucket|sum|count)$", "", name) for name in shown} == set()


def test_a_legend_names_labels_that_are_kept():
    for panel in panels():
        for target in panel["targets"]:
            kept = grouped_by(target["expr"])
            named = set(re.findall(r"\{\{(\w+)\}\}", target.get("legendFormat", "")))

            assert named <= kept | OF_A_SCRAPE, panel["title"]


def test_panels_are_told_apart_and_lie_beside_each_other():
    places = [
        (panel["gridPos"]["x"] + x, panel["gridPos"]["y"] + y)
        for panel in DASHBOARD["panels"]
        for x in range(panel["gridPos"]["w"])
        for y in range(panel["gridPos"]["h"])
    ]
    ids = [panel["id"] for panel in DASHBOARD["panels"]]
    sources = [panel["datasource"]["uid"] for panel in panels()]

    assert len(places) == len(set(places))
    assert max(x for x, _ in places) < 24
    assert len(ids) == len(set(ids))
    assert set(sources) == {"${datasource}"}  # whoever imports it chooses


def test_every_alert_says_what_is_so_what_to_do_and_is_explained():
    page = (ROOT / "docs/operations.md").read_text()
    explained = dict(re.findall(r"^\| `(Serai\w+)` \| (yes)? ?\|", page, re.MULTILINE))

    assert explained == {
        rule["alert"]: "yes" if rule["labels"]["severity"] == "critical" else "" for rule in RULES
    }
    for rule in RULES:
        assert set(rule["annotations"]) == {"summary", "description", "runbook"}, rule["alert"]
        assert rule["annotations"]["runbook"] == "docs/operations.md#when-an-alert-rings"
    assert "\n## When an alert rings\n" in page


def test_what_an_alert_says_names_labels_that_it_has():
    for rule in RULES:
        told = " ".join(rule["annotations"].values())
        kept = grouped_by(rule["expr"])
        is_summed = re.search(r"\b(sum|max|histogram_quantile)\b", rule["expr"]) is not None

        assert set(re.findall(r"\$labels\.(\w+)", told)) <= (kept if is_summed else OF_A_SCRAPE), rule[
            "alert"
        ]


def test_the_example_reads_the_rules_and_names_the_job_as_they_do():
    jobs = {
        value
        for _, expression in expressions()
        for label, value in re.findall(SELECTED, expression)
        if label == "job"
    }

    assert SCRAPE["rule_files"] == ["alerts.yml"]
    assert {config["job_name"] for config in SCRAPE["scrape_configs"]} == jobs == {"serai"}
