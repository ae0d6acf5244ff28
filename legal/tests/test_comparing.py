"""What changed between two texts."""

from hypothesis import given
from hypothesis import strategies as st

from legal.comparing import Row, compare


def test_the_same_text_has_no_changes():
    assert compare("One.\n\nTwo.", "One.\n\nTwo.") == []


def test_within_a_changed_line_the_words_that_changed_are_marked():
    assert compare("You pay 5 % of it.", "You pay 7 % of it.") == [
        Row(
            [(False, "You pay "), (True, "5"), (False, " % of it.")],
            [(False, "You pay "), (True, "7"), (False, " % of it.")],
        )
    ]


def test_lines_that_came_and_went_stand_on_one_side():
    assert compare("One.\nTwo.", "One.") == [
        Row([(False, "One.")], [(False, "One.")], is_same=True),
        Row([(True, "Two.")], None),
    ]
    assert compare("", "One.") == [Row(None, [(True, "One.")])]


def test_far_from_a_change_lines_are_counted_only():
    old = "\n".join(str(number) for number in range(20))

    rows = compare(old, old.replace("10", "ten"))

    same = [Row([(False, str(n))], [(False, str(n))], is_same=True) for n in range(20)]
    changed = Row([(True, "10")], [(True, "ten")])
    assert rows == [Row(skipped=8), *same[8:10], changed, *same[11:13], Row(skipped=7)]


@given(*[st.text(alphabet="ab \n", max_size=60)] * 2)
def test_both_sides_are_there_whole(old, new):
    rows = compare(old, new)

    if rows:
        sides = [
            ["".join(words for _, words in side) for row in rows if (side := getattr(row, name)) is not None]
            for name in ("before", "after")
        ]
        skipped = sum(row.skipped for row in rows)
        assert [len(side) + skipped for side in sides] == [len(old.splitlines()), len(new.splitlines())]
        assert set(sides[0]) <= set(old.splitlines())
        assert set(sides[1]) <= set(new.splitlines())
    else:
        assert old.splitlines() == new.splitlines()
