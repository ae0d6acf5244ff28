"""Where settings come from."""

import importlib.util
import json
import os
import stat
import subprocess
import sys
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from types import ModuleType

import pytest
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from django.core.exceptions import ImproperlyConfigured

from common.tests.threads import at_once
from config.settings.environment import ROOT

Load = Callable[..., ModuleType]


@pytest.fixture
def load(tmp_path) -> Iterator[Load]:
    """Reads the environment anew, with these variables and no others."""
    before = dict(os.environ)

    def load(**variables: object) -> ModuleType:
        os.environ.clear()
        os.environ.update({"ENV_FILE": os.devnull, "DATA_DIR": str(tmp_path / "data")})
        os.environ.update({name: str(value) for name, value in variables.items()})
        spec = importlib.util.spec_from_file_location("anew", ROOT / "config/settings/environment.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    yield load
    os.environ.clear()
    os.environ.update(before)


def test_a_key_is_made_once_and_is_nobody_elses(load, tmp_path):
    key = load().secret_key()

    path = tmp_path / "data/secret_key"
    assert len(key) >= 64
    assert path.read_text() == key
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert load().secret_key() == key
    assert [each.name for each in path.parent.iterdir()] == ["secret_key"]


def test_processes_that_start_at_once_agree_on_the_key(load):
    environment = load()

    keys = at_once(8, lambda _: environment.secret_key())

    assert len(set(keys)) == 1
    assert len(keys[0]) >= 64


def test_a_key_that_is_set_is_taken_and_not_kept(load, tmp_path):
    assert load(SECRET_KEY="k" * 60).secret_key() == "k" * 60
    assert not (tmp_path / "data").exists()


def test_production_makes_no_key_of_its_own(load, tmp_path):
    with pytest.raises(ImproperlyConfigured, match="SECRET_KEY"):
        load(ENVIRONMENT="production").secret_key()

    assert not (tmp_path / "data").exists()


def test_a_production_process_does_not_start_without_a_key(tmp_path):
    environment = {"ENVIRONMENT": "production", "ENV_FILE": os.devnull, "DATA_DIR": str(tmp_path)}

    done = subprocess.run(
        [sys.executable, "manage.py", "check"], cwd=ROOT, env=environment, capture_output=True, text=True
    )

    assert done.returncode != 0
    assert "SECRET_KEY (or SECRET_KEY_FILE) must be set in production." in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_production_process_lets_no_stranger_call_the_network_around(tmp_path):
    environment = {
        "ENVIRONMENT": "production",
        "ENV_FILE": os.devnull,
        "DATA_DIR": str(tmp_path),
        "SECRET_KEY": "k" * 60,
        "FIELD_KEYS": Fernet.generate_key().decode(),
        "AUDIT_KEYS": "a" * 48,
        "ALLOWED_HOSTS": "serai.example",
        "OUTBOUND_PRIVATE": "true",
    }

    done = subprocess.run(
        [sys.executable, "manage.py", "check"], cwd=ROOT, env=environment, capture_output=True, text=True
    )

    assert done.returncode != 0
    assert "OUTBOUND_PRIVATE would let strangers call the network around: unset it." in done.stderr


@pytest.mark.parametrize("name", ["SECRET_KEY", "DATABASE_URL", "REDIS_URL", "EMAIL_URL"])
def test_a_secret_may_stand_in_a_file_of_its_own(name, load, tmp_path):
    file = tmp_path / "secret"
    file.write_text("from the file\n")

    assert load(**{f"{name}_FILE": file}).env.str(name) == "from the file"


def test_what_is_set_wins_over_its_file(load, tmp_path):
    file = tmp_path / "secret"
    file.write_text("from the file")

    assert load(SECRET_KEY="set", SECRET_KEY_FILE=file).env.str("SECRET_KEY") == "set"


def test_files_of_other_programs_are_left_alone(load, tmp_path):
    file = tmp_path / "certificates"
    file.write_text("x" * 200_000)

    load(SSL_CERT_FILE=file)

    assert "SSL_CERT" not in os.environ


def test_the_dot_env_file_fills_in_what_is_not_set(load, tmp_path):
    file = tmp_path / ".env"
    file.write_text("PORT=8123\nLOG_LEVEL=DEBUG\n")

    env = load(ENV_FILE=file, PORT=9000).env

    assert (env.int("PORT"), env.str("LOG_LEVEL")) == (9000, "DEBUG")


@pytest.mark.parametrize("value", ["staging", "Production", "prod"])
def test_an_environment_that_is_none_is_refused(value, load):
    with pytest.raises(ImproperlyConfigured, match="use development or production"):
        load(ENVIRONMENT=value)


def test_production_has_no_field_keys_of_its_own(load):
    with pytest.raises(ImproperlyConfigured, match="FIELD_KEYS .* must be set in production"):
        load(ENVIRONMENT="production").field_keys("k" * 60)


def test_a_field_key_that_is_none_is_refused(load):
    with pytest.raises(ImproperlyConfigured, match="no Fernet key"):
        load(FIELD_KEYS="abc").field_keys("k" * 60)


def test_field_keys_are_taken_in_their_order(load):
    first, second = "A" * 43 + "=", "B" * 42 + "A="

    assert load(FIELD_KEYS=f"{first},{second}").field_keys("k" * 60) == [first, second]


def test_development_makes_its_field_key_of_the_secret_one(load):
    assert load().field_keys("k" * 60) == load().field_keys("k" * 60) != load().field_keys("l" * 60)


def test_production_has_no_audit_keys_of_its_own(load):
    with pytest.raises(ImproperlyConfigured, match="AUDIT_KEYS .* must be set in production"):
        load(ENVIRONMENT="production").audit_keys("k" * 60)


def test_an_audit_key_that_is_too_short_is_refused(load):
    with pytest.raises(ImproperlyConfigured, match="less than 32 characters"):
        load(AUDIT_KEYS="k" * 32 + "," + "k" * 31).audit_keys("k" * 60)


def test_audit_keys_are_taken_in_their_order(load):
    first, second = "a" * 32, "b" * 32

    assert load(AUDIT_KEYS=f"{first},{second}").audit_keys("k" * 60) == [first, second]


def test_development_makes_its_audit_key_of_the_secret_one(load):
    assert load().audit_keys("k" * 60) == load().audit_keys("k" * 60) != load().audit_keys("l" * 60)
    assert load().audit_keys("k" * 60) != load().field_keys("k" * 60)


# --- Keys of others ---------------------------------------------------------------------------------------

P256 = ec.generate_private_key(ec.SECP256R1())
NUMBER = urlsafe_b64encode(P256.private_numbers().private_value.to_bytes(32, "big")).decode()


def pem(key) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


@pytest.mark.parametrize(
    "text", [pem(P256), pem(P256).replace("\n", "\\n"), NUMBER, NUMBER.rstrip("=")], ids=range(4)
)
def test_a_signing_key_is_pem_or_its_bare_number(text, load):
    assert load(VAPID_PRIVATE_KEY=text).signing_key("VAPID_PRIVATE_KEY") == pem(P256)


def test_a_signing_key_that_is_not_set_is_none(load):
    assert load().signing_key("APNS_KEY") == ""


@pytest.mark.parametrize(
    "text",
    [
        "secret",
        urlsafe_b64encode(b"\0" * 32).decode(),
        urlsafe_b64encode(b"\xff" * 32).decode(),
        urlsafe_b64encode(b"short").decode(),
        "-----BEGIN PRIVATE KEY-----",
        pem(ec.generate_private_key(ec.SECP384R1())),
        pem(rsa.generate_private_key(public_exponent=65537, key_size=2048)),
    ],
    ids=range(7),
)
def test_anything_else_is_no_signing_key(text, load):
    with pytest.raises(ImproperlyConfigured, match="APNS_KEY is no private key of P-256"):
        load(APNS_KEY=text).signing_key("APNS_KEY")


def test_a_service_account_is_read_whole(load):
    account = {"project_id": "serai", "client_email": "a@b.example", "private_key": pem(P256), "more": "x"}

    assert load(FCM_CREDENTIALS=json.dumps(account)).service_account("FCM_CREDENTIALS") == account
    assert load().service_account("FCM_CREDENTIALS") == {}


@pytest.mark.parametrize("text", ["{", "[]", "7", "{}", '{"private_key": "x"}', '{"private_key": 7}'])
def test_anything_else_is_no_service_account(text, load):
    with pytest.raises(ImproperlyConfigured, match="FCM_CREDENTIALS is not the JSON of a service account"):
        load(FCM_CREDENTIALS=text).service_account("FCM_CREDENTIALS")
