"""What the documents say is so: settings, links, names of files, the wire, the status of each requirement."""

import re
from pathlib import Path
from typing import Final

import pytest
from django.conf import settings

from notifications.kinds import kinds
from notifications.reasons import Reason
from realtime import registry
from realtime.asyncapi import every_event
from realtime.frames import Close

ROOT: Final = Path(__file__).parent.parent
DOCUMENTS: Final = sorted(
    [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *(path for path in ROOT.glob("*/README.md"))]
)
# How many requirements each area has; the ids run from 1 without a gap.
REQUIREMENTS: Final = {
    "PLT": 21,
    "ACC": 16,
    "MSG": 19,
    "NTF": 6,
    "LGL": 3,
    "MKT": 8,
    "PAY": 5,
    "TRV": 5,
    "AST": 10,
    "DEV": 7,
    "CNT": 4,
    "ANA": 5,
    "LNG": 4,
}
# OWASP ASVS 5.0.0, levels 1 and 2: how many rows each section of V6 to V9 begins with; the rest is level 3's.
ASVS: Final = [
    *(f"6.1.{row}" for row in range(1, 4)),
    *(f"6.2.{row}" for row in range(1, 13)),
    *(f"6.3.{row}" for row in range(1, 5)),
    *(f"6.4.{row}" for row in range(1, 5)),
    *(f"6.5.{row}" for row in range(1, 6)),
    *(f"6.6.{row}" for row in range(1, 4)),
    *(f"6.8.{row}" for row in range(1, 5)),
    *(f"7.1.{row}" for row in range(1, 4)),
    *(f"7.2.{row}" for row in range(1, 5)),
    *(f"7.3.{row}" for row in range(1, 3)),
    *(f"7.4.{row}" for row in range(1, 6)),
    *(f"7.5.{row}" for row in range(1, 3)),
    *(f"7.6.{row}" for row in range(1, 3)),
    *("8.1.1", "8.1.2", "8.2.1", "8.2.2", "8.2.3", "8.3.1", "8.4.1"),
    *("9.1.1", "9.1.2", "9.1.3", "9.2.1", "9.2.2", "9.2.3", "9.2.4"),
]
OF_THE_SOCKET_ITSELF: Final = {"auth", "ping", "resume"}
OF_THE_SERVER: Final = {"hello", "ack", "error", "pong", "heartbeat", "resumed", "reset", "going_away"}


def text_of(path: str) -> str:
    return (ROOT / path).read_text()


def settings_of_the_environment() -> set[str]:
    code = "\n".join(path.read_text() for path in sorted((ROOT / "config/settings").glob("*.py")))
    readers = r"(?:env\.\w+|signing_key|service_account)"
    named = set(re.findall(rf'\b{readers}\(\s*"([A-Z0-9_]+)"', code))
    (secrets,) = re.findall(r"for name in \(([^)]*)\)", code)
    return named | {f"{name}_FILE" for name in re.findall(r'"(\w+)"', secrets)} | {"ENV_FILE"}


# --- Settings -----------------------------------------------------------------------------------------------


def test_every_setting_is_described_and_nothing_else_is():
    described = re.findall(r"^\| `([A-Z0-9_]+)` \|", text_of("docs/configuration.md"), re.MULTILINE)
    exemplified = re.findall(r"^#([A-Z0-9_]+)=", text_of(".env.example"), re.MULTILINE)

    assert sorted(described) == sorted(settings_of_the_environment())
    assert sorted(exemplified) == sorted(described)


def test_the_example_changes_nothing_when_it_is_copied():
    assert [line for line in text_of(".env.example").splitlines() if line and not line.startswith("#")] == []


def test_production_is_told_nothing_that_no_setting_reads():
    told = re.findall(r"^([A-Z0-9_]+)=", text_of("deploy/production.env.example"), re.MULTILINE)

    assert set(told) <= settings_of_the_environment()


# --- Links and names ----------------------------------------------------------------------------------------


def anchors_of(document: Path) -> set[str]:
    """As GitHub makes them of headings."""
    headings = re.findall(r"^#+ (.+)$", document.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_between_documents_lead_somewhere(document):
    links = re.findall(r"\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)", document.read_text())

    targets = [((document.parent / path) if path else document, anchor) for path, anchor in links]

    assert [str(path) for path, _ in targets if not path.exists()] == []
    assert [anchor for path, anchor in targets if anchor and anchor not in anchors_of(path)] == []


def test_every_file_that_the_readme_names_is_there():
    named = re.findall(r"`([\w.-]+/[\w./-]*)`", text_of("README.md"))

    assert "config/urls.py" in named
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_the_worked_example_begins_from_the_code_as_it_is():
    """Or from there on: who follows it stays green."""
    diffs = "".join(re.findall(r"```diff\n(.*?)```", text_of("README.md"), re.DOTALL))
    files = re.findall(r"^--- a/(\S+)\n\+\+\+ b/\S+\n(.*?)(?=^--- |\Z)", diffs, re.MULTILINE | re.DOTALL)

    assert len(files) == 9
    for path, diff in files:
        for hunk in re.split(r"^@@.*\n", diff, flags=re.MULTILINE)[1:]:
            before, after = (
                "".join(line[1:] for line in hunk.splitlines(keepends=True) if line[0] in kept)
                for kept in (" -", " +")
            )
            there = before in text_of(path) or after in text_of(path)
            assert there, (
                f"{path} is not as README.md shows it: put your line elsewhere, or mend the example\n{hunk}"
            )


# --- The wire -----------------------------------------------------------------------------------------------


def test_the_live_page_names_what_goes_over_the_wire():
    page = text_of("docs/live.md")
    commands = set(registry.commands) | OF_THE_SOCKET_ITSELF
    frames = {event.type for event in every_event()} | OF_THE_SERVER
    table = re.findall(r"^\| `([a-z.]+)` \|", page, re.MULTILINE)
    closes = re.findall(r"^\| (\d{4}) \| `(\w+)` \|", page, re.MULTILINE)

    assert sorted(table) == sorted(commands)
    assert {"message.sent", "chat.added"} <= frames
    assert [frame for frame in sorted(frames) if f'{{"type": "{frame}"' not in page] == []
    assert dict(closes) == {str(code.value): code.name for code in Close}


def test_the_page_of_notifications_names_every_kind_and_every_reason():
    named = set(re.findall(r"`(\w+)`", text_of("docs/notifications.md")))

    assert {"mention", "security"} <= set(kinds)
    assert [name for name in [*kinds, *Reason.values] if name not in named] == []


# --- Status -------------------------------------------------------------------------------------------------


def rows_of_status() -> list[list[str]]:
    rows = re.findall(r"^\| ([A-Z]{3}-\d+ \|.*) \|$", text_of("docs/status.md"), re.MULTILINE)
    return [[cell.strip() for cell in row.split("|")] for row in rows]


def test_the_page_for_operators_tells_of_every_task_that_runs_by_itself():
    told = re.findall(r"^\| `([a-z_.]+\.tasks\.[a-z_]+)` \|", text_of("docs/operations.md"), re.MULTILINE)

    assert sorted(told) == sorted(each["task"] for each in settings.CELERY_BEAT_SCHEDULE.values())


def test_every_requirement_has_its_status_once():
    ids = [f"{area}-{number}" for area, count in REQUIREMENTS.items() for number in range(1, count + 1)]

    assert [row[0] for row in rows_of_status()] == ids


def test_a_status_is_done_or_part_or_not_yet_and_what_is_done_is_shown():
    for id_, _what, state, tests in rows_of_status():
        assert re.fullmatch(r"done|part: .+|not yet", state), id_
        assert tests or state != "done", id_
        assert not tests or state != "not yet", id_


@pytest.mark.parametrize("page", ["docs/status.md", "docs/security.md"])
def test_every_test_that_shows_something_is_there(page):
    shown = re.findall(r"`([\w/]+\.py)::(\w+)`", text_of(page))

    assert len(shown) > 40
    missing = [
        f"{path}::{name}"
        for path, name in shown
        if not (ROOT / path).is_file() or not re.search(rf"\bdef {name}\(", text_of(path))
    ]
    assert missing == []


# --- Security -----------------------------------------------------------------------------------------------


def rows_of_asvs() -> list[list[str]]:
    rows = re.findall(r"^\| (\d\.\d\.\d+ \|.*) \|$", text_of("docs/security.md"), re.MULTILINE)
    return [[cell.strip() for cell in row.split("|")] for row in rows]


def test_every_row_of_the_standard_has_its_state_once():
    assert [row[0] for row in rows_of_asvs()] == ASVS


def test_what_is_said_to_hold_is_shown():
    for id_, _what, state, tests in rows_of_asvs():
        assert re.fullmatch(r"done(: .+)?|part: .+|not yet: .+|does not apply: .+", state), id_
        assert bool(tests) is state.startswith(("done", "part")), id_


def test_the_security_page_tells_every_limit_as_it_is():
    page = text_of("docs/security.md")

    assert [name for name in settings.LIMITS if f"`LIMIT_{name}`" not in page] == []
