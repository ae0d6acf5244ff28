"""Programs that tests run for real, where this machine has them (`make services` installs them)."""

import os
import secrets
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Self

import boto3
import httpx
import pytest

from tests.live_server import free_port

# What all scanners find, and does no harm (EICAR, 2003). In two halves: this file is no find itself.
EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
SIGNATURE = "Local.Eicar.Test.UNOFFICIAL"  # what clamd calls it: the suffix is for signatures of one's own

STREAM_MAX = 1024 * 1024  # bytes
PATIENCE = 120.0  # seconds: a machine may be busy


def program(name: str) -> str:
    """Where *name* is. Without it the test is skipped, but not where the suite runs on its services."""
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if found is None and os.environ.get("REDIS_URL"):
        pytest.fail(f"{name} isn't installed: make services does it")
    if found is None:
        pytest.skip(f"{name} isn't installed (make test-services installs it)")
    return found


class ClamServer:
    """clamd itself, in a folder of its own, with one signature. `with` starts it and ends it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.socket = folder / "clamd.sock"
        self.address = f"unix:{self.socket}"
        self._process: subprocess.Popen[bytes] | None = None
        (folder / "signatures").mkdir(parents=True)
        (folder / "signatures" / "local.ndb").write_text(f"Local.Eicar.Test:0:*:{EICAR.hex()}\n")
        (folder / "clamd.conf").write_text(
            f"DatabaseDirectory {folder}/signatures\n"
            f"LocalSocket {self.socket}\n"
            f"TemporaryDirectory {folder}\n"
            f"StreamMaxLength {STREAM_MAX}\n"
            "AlertExceedsMax yes\n"
            "MaxFileSize 512K\n"
            "Foreground yes\n"
        )

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        command = [program("clamd"), "--config-file", str(self.folder / "clamd.conf")]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        until = time.monotonic() + PATIENCE
        while not self.socket.exists():
            if self._process.poll() is not None or time.monotonic() > until:
                self.stop()
                raise RuntimeError((self.folder / "log").read_text())
            time.sleep(0.02)

    def stop(self) -> None:
        if self._process:
            self._process.terminate()
            self._process.wait(PATIENCE)
            self._process = None
        self.socket.unlink(missing_ok=True)


class S3Server:
    """A server that speaks S3 (moto's), on this machine. `with` starts it and ends it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self.url = ""
        self.bucket = ""

    def __enter__(self) -> Self:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
        with (self._folder / "log").open("wb") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        until = time.monotonic() + PATIENCE
        while True:
            try:
                httpx.get(self.url, trust_env=False)
                return self
            except httpx.TransportError:
                if self._process.poll() is not None or time.monotonic() > until:
                    self.__exit__()
                    raise RuntimeError((self._folder / "log").read_text()) from None
                time.sleep(0.05)

    def __exit__(self, *_: object) -> None:
        if self._process:
            self._process.terminate()
            self._process.wait(PATIENCE)

    def options(self, bucket: str) -> dict[str, Any]:
        """What the storages are made with, as `config/settings/services.py` does it."""
        return {
            "bucket_name": bucket,
            "endpoint_url": self.url,
            "region_name": "eu-central-1",
            "access_key": "test",
            "secret_key": "test",
            "addressing_style": "path",
            "signature_version": "s3v4",
            "default_acl": None,
            "file_overwrite": True,
        }

    @property
    def client(self) -> Any:
        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "eu-central-1"}
        return boto3.client("s3", endpoint_url=self.url, **keys)

    def new_bucket(self) -> str:
        self.bucket = f"serai-{secrets.token_hex(4)}"
        place = {"LocationConstraint": "eu-central-1"}
        self.client.create_bucket(Bucket=self.bucket, CreateBucketConfiguration=place)
        return self.bucket

    def contents(self) -> list[str]:
        """What is in the bucket."""
        found = self.client.list_objects_v2(Bucket=self.bucket).get("Contents", [])
        return sorted(each["Key"] for each in found)

    def open_uploads(self) -> int:
        """How many multipart uploads it keeps parts of."""
        return len(self.client.list_multipart_uploads(Bucket=self.bucket).get("Uploads", []))
