"""Whatever any app records in the audit log has words for people."""

import re
from pathlib import Path
from typing import Final

from accounts.services import audit

ROOT: Final = Path(__file__).parent.parent


def verbs_in_the_code() -> set[str]:
    """Those that are written out. Whatever is made of parts `record` itself refuses, if it has no words."""
    files = [path for app in ROOT.glob("*/apps.py") for path in app.parent.rglob("*.py")]
    code = "\n".join(path.read_text() for path in files if "tests" not in path.parts)
    return set(re.findall(r'(?:\bverb=|\b_record\(\s*)"([^"{}]+)"', code))


def test_every_verb_that_is_recorded_has_words():
    assert "username.changed" in verbs_in_the_code()
    assert sorted(verbs_in_the_code() - audit.verbs.keys()) == []


def test_a_verb_is_a_noun_and_what_was_done_to_it():
    assert [verb for verb in audit.verbs if not re.fullmatch(r"[a-z_]{2,}\.[a-z_]+", verb)] == []
    assert max(len(verb) for verb in audit.verbs) <= 64
    assert all(str(words) and str(words)[0].isupper() for words in audit.verbs.values())
