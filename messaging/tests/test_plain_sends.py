"""Most sends are recognised without a serializer: it would say the same of each of them."""

from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from common.api.serializers import read
from messaging.api.plain import plain
from messaging.api.serializers import SendInput

TEXTS = st.one_of(
    st.text(),
    st.text(st.characters(categories=["Cs", "Cc", "Zs", "Lo"])),
    st.sampled_from(
        ["", " ", "\n\t", "\x00", "a\x00b", "\ud800", "x" * 10_000, "x" * 10_001, "\u00a0", "🐪"]
    ),
)
IDS = st.one_of(TEXTS, st.sampled_from(["c" * 255, "c" * 256]))
OTHERS = st.one_of(st.none(), st.integers(), st.booleans(), st.lists(st.text(), max_size=2))
BODIES = st.one_of(
    st.fixed_dictionaries({}, optional={"text": TEXTS | OTHERS, "client_id": IDS | OTHERS}),
    st.fixed_dictionaries(
        {"text": TEXTS}, optional={"silent": st.booleans(), "kind": st.just("text"), "x": OTHERS}
    ),
    OTHERS,
)


@settings(max_examples=300)
@given(BODIES)
@example({"text": "Salam"})
@example({"text": "Salam", "client_id": "c1"})
@example({"text": "Salam", "client_id": ""})
def test_what_is_recognised_is_what_the_serializer_reads(body: Any):
    if said := plain(body):
        given = read(SendInput, body)
        assert given == {name: getattr(said, name) for name in body}


def test_a_text_and_a_client_id_are_recognised():
    assert plain({"text": "Salam", "client_id": "c1"}) == ("Salam", "c1")
    assert plain({"text": " as it is\n"}) == (" as it is\n", "")
