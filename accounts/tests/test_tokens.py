"""What is not our token, or is for something else or too late, opens nothing."""

import base64
import json
from datetime import timedelta

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from django.conf import settings
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import Session
from accounts.tests.factories import SessionFactory
from accounts.tokens import make_access, make_refresh, make_verification

pytestmark = pytest.mark.django_db

ME = "/api/v1/users/me"
STRANGERS_KEY = "a key of somebody else, just as long as ours must be: " + "x" * 40


def me(token: str) -> tuple[int, str]:
    response = APIClient().get(ME, headers={"Authorization": f"Bearer {token}"})
    return response.status_code, response.json().get("code", "")


def claims_of(session: Session, **more: object) -> dict[str, object]:
    return jwt.decode(make_access(session), options={"verify_signature": False}) | more


def unsigned(header: dict[str, object], claims: dict[str, object], signature: str = "") -> str:
    parts = (
        base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in (header, claims)
    )
    return ".".join([*parts, signature])


def test_what_we_signed_is_ours():
    assert me(jwt.encode(claims_of(SessionFactory()), settings.SECRET_KEY, "HS256"))[0] == 200


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "nOnE", "", "HS256"])
def test_a_token_without_a_signature_is_none(algorithm):
    token = unsigned({"alg": algorithm, "typ": "JWT"}, claims_of(SessionFactory()))

    assert me(token) == (401, "token_invalid")


@pytest.mark.parametrize(
    ("key", "algorithm"),
    [(STRANGERS_KEY, "HS256"), (settings.SECRET_KEY, "HS384"), (settings.SECRET_KEY, "HS512")],
)
def test_a_token_under_another_key_or_algorithm_is_none(key, algorithm):
    assert me(jwt.encode(claims_of(SessionFactory()), key, algorithm)) == (401, "token_invalid")


@pytest.mark.parametrize("where", ["jku", "x5u", "jwk", "kid"])
def test_a_token_does_not_say_which_key_it_is_checked_with(where):
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    said = {
        "jku": "https://evil.example/keys",
        "x5u": "https://evil.example/key",
        "jwk": json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key())),
        "kid": "../../dev/null",
    }
    claims = claims_of(SessionFactory())

    tokens = [
        jwt.encode(claims, key, "RS256", headers={where: said[where]}),
        jwt.encode(claims, STRANGERS_KEY, "HS256", headers={where: said[where]}),
    ]

    assert [me(token) for token in tokens] == [(401, "token_invalid")] * 2


def test_a_letter_changed_anywhere_makes_it_none():
    token = make_access(SessionFactory())
    header, claims, signature = token.split(".")
    another = SessionFactory()

    forged = [
        unsigned({"alg": "HS256", "typ": "JWT"}, claims_of(another), signature),
        f"{header}.{claims}.{signature[:-2]}AA",
        f"{header}.{claims}A.{signature}",
        f"{header}.{claims}.",
        f"{header}.{claims}",
    ]

    assert [me(each)[0] for each in forged] == [401] * 5


@pytest.mark.parametrize(
    "times",
    [
        {"exp": timezone.now() - timedelta(seconds=1)},
        {"nbf": timezone.now() + timedelta(hours=1)},
        {"iat": timezone.now() + timedelta(hours=1)},
        {"exp": None},
        {"exp": "tomorrow"},
    ],
    ids=["over", "not yet", "made later", "without an end", "with a word for its end"],
)
def test_a_token_outside_its_time_is_none(times):
    claims = {
        name: value for name, value in claims_of(SessionFactory(), **times).items() if value is not None
    }
    claims |= {name: int(value.timestamp()) for name, value in claims.items() if hasattr(value, "timestamp")}
    key = jwt.utils.force_bytes(settings.SECRET_KEY)
    head = {"alg": "HS256", "typ": "JWT"}
    bare = unsigned(head, claims).rstrip(".")
    signature = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256).sign(bare.encode(), key)

    token = f"{bare}.{base64.urlsafe_b64encode(signature).decode().rstrip('=')}"

    assert me(token) == (401, "token_invalid")


def test_each_kind_of_token_does_its_own_work_alone():
    session = SessionFactory()
    access, refresh, verification = (
        make_access(session),
        make_refresh(session),
        make_verification(session.user),
    )

    as_access = [me(refresh), me(verification)]
    as_refresh = [
        APIClient().post("/api/v1/auth/refresh", {"refresh": token}).status_code
        for token in (access, verification)
    ]
    as_verification = [
        APIClient().post("/api/v1/auth/verify-email", {"token": token}).status_code
        for token in (access, refresh)
    ]

    assert as_access == [(401, "token_invalid")] * 2
    assert as_refresh == [401, 401]
    assert as_verification == [400, 400]
