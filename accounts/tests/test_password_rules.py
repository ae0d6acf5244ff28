"""What a new password must be, whoever sets it."""

import pytest
from django.contrib.auth.password_validation import password_validators_help_texts, validate_password
from django.core.exceptions import ImproperlyConfigured, ValidationError

from accounts.models import PreviousPassword, User
from accounts.services import set_password
from accounts.tests.factories import PASSWORD, UserFactory
from accounts.validators import CompositionValidator, StrengthValidator
from common.actors import SYSTEM

pytestmark = pytest.mark.django_db

PASSWORDS = [
    "falcon at the northern well",
    "gazelle at the broken well",
    "hoopoe at the silent well",
    "ibex at the hidden well",
    "lynx at the golden well",
]


@pytest.fixture
def layla() -> User:
    return UserFactory(username="layla", display_name="Layla Haddad")


def refused(password: str, user: User | None = None) -> set[str]:
    """The codes of the rules that *password* breaks."""
    try:
        validate_password(password, user)
    except ValidationError as error:
        return {each.code for each in error.error_list}
    return set()


@pytest.mark.parametrize(
    ("password", "codes"),
    [
        ("nine foxes at noon", set()),
        (PASSWORD, {"password_used_before"}),
        ("سبعة جمال عند الفجر", set()),
        ("correct horse battery staple " * 4, set()),
        ("x7#kQ2!vT9@m" * 10 + "12345678", set()),
        ("gT4-riverb", {"password_too_short"}),
        ("password1234", {"password_too_common", "password_too_weak"}),
        ("qwertyuiop12", {"password_too_common", "password_too_weak"}),
        ("abcdefghijkl", {"password_too_weak"}),
        ("aaaaaaaaaaaa", {"password_too_weak"}),
        ("a" * 128, {"password_too_weak"}),
        ("layla-haddad", {"password_too_similar"}),
        ("1234567890123", {"password_too_common", "password_too_weak"}),
    ],
)
def test_each_rule_has_a_code(password, codes, layla):
    assert refused(password, layla) == codes


def test_how_hard_to_guess_is_a_setting(layla):
    passes = []
    for least in range(5):
        try:
            StrengthValidator(min_score=least).validate("qwertyuiop12", layla)
            passes.append(least)
        except ValidationError:
            pass

    assert passes == [0, 1]


def test_what_is_known_of_somebody_makes_a_password_weaker(layla):
    layla.display_name = "Zubaydah Umm Jafar"

    with pytest.raises(ValidationError):
        StrengthValidator(min_score=3).validate("zubaydahjafar", layla)

    StrengthValidator(min_score=3).validate("zubaydahjafar", UserFactory())


@pytest.mark.parametrize("word", ["serai", "Serai", "layla", "Haddad"])
def test_words_of_the_place_and_of_the_person_guess_themselves(word):
    layla = UserFactory(username="layla", display_name="Layla Haddad")

    with pytest.raises(ValidationError):
        StrengthValidator(min_score=3).validate(f"{word}{word}2026!", layla)


def test_kinds_of_characters_are_asked_for_only_where_it_is_set(layla):
    off = refused("nine foxes at noon", layla)
    validator = CompositionValidator(kinds=["lower", "upper", "digit", "symbol"])

    with pytest.raises(ValidationError) as broken:
        validator.validate("sevencamelsatdawn", layla)

    assert off == set()
    assert [error.code for error in broken.value.error_list] == [
        "password_without_upper",
        "password_without_digit",
        "password_without_symbol",
    ]
    validator.validate("7 Camels at dawn", layla)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: StrengthValidator(min_score=5), "PASSWORD_MIN_SCORE"),
        (lambda: CompositionValidator(kinds=["emoji"]), "PASSWORD_COMPOSITION"),
    ],
)
def test_a_setting_that_means_nothing_says_so(make, message):
    with pytest.raises(ImproperlyConfigured, match=message):
        make()


def test_none_of_the_last_five_is_taken_again(layla):
    for password in PASSWORDS:
        set_password(user=layla, password=password, actor=SYSTEM)

    layla.refresh_from_db()
    again = {password: refused(password, layla) for password in [PASSWORD, *PASSWORDS]}

    assert again == {PASSWORD: set()} | {password: {"password_used_before"} for password in PASSWORDS}


def test_only_as_many_are_kept_as_are_asked_for_and_none_as_it_was(layla):
    for password in PASSWORDS:
        set_password(user=layla, password=password, actor=SYSTEM)
    omar = UserFactory()
    set_password(user=omar, password=PASSWORDS[0], actor=SYSTEM)

    kept = layla.previous_passwords.values_list("password", flat=True)

    assert len(kept) == 4
    assert not any(password in stored for password in PASSWORDS for stored in kept)
    assert PreviousPassword.objects.filter(user=omar).count() == 1


def test_people_have_their_passwords_each_for_themselves(layla):
    set_password(user=layla, password=PASSWORDS[0], actor=SYSTEM)

    assert refused(PASSWORDS[0], UserFactory()) == set()
    assert refused(PASSWORDS[0], User(username="new")) == set()


def test_the_console_tells_the_rules_that_are_on():
    texts = [text for text in password_validators_help_texts() if text]

    assert "Your password must be hard to guess: a few words that don't belong together are." in texts
    assert "Your password can't be one of your last 5." in texts
    assert not any("capital" in text for text in texts)
