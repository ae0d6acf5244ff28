"""The bucket of the private storage, to which clients may send parts themselves (S3's multipart uploads)."""

import posixpath
from dataclasses import dataclass
from typing import Any, BinaryIO, Final

from botocore.exceptions import ClientError
from django.core.files.storage import storages

from accounts.problems import ProviderNotConfigured
from common.storage import PRIVATE

ADDRESS_LIFETIME: Final = 3600  # seconds that an address of a part is good for; there is always another one
GONE: Final = ("404", "NoSuchKey", "NoSuchUpload", "NotFound")


@dataclass(frozen=True, kw_only=True)
class Part:
    """A part that is to be sent: `PUT` its bytes, as many as *size*, at *url*."""

    number: int
    size: int
    url: str


def is_configured() -> bool:
    return hasattr(storages[PRIVATE], "bucket_name")


def bucket() -> "Bucket":
    """The bucket of this installation.

    Raises:
        ProviderNotConfigured: files are in a folder here.
    """
    if not is_configured():
        raise ProviderNotConfigured(provider="s3")
    return Bucket(storages[PRIVATE])


class Bucket:
    def __init__(self, storage: Any) -> None:
        self._client = storage.connection.meta.client
        self._bucket = storage.bucket_name
        self._folder = storage.location

    def begin(self, name: str) -> str:
        """Open a multipart upload, and say what the bucket calls it."""
        opened = self._client.create_multipart_upload(
            **self._at(name), ContentType="application/octet-stream"
        )
        return str(opened["UploadId"])

    def address(self, name: str, multipart: str, number: int, size: int) -> str:
        """Where to put part *number*. The signature holds for exactly *size* bytes."""
        part = {**self._at(name), "UploadId": multipart, "PartNumber": number, "ContentLength": size}
        return str(
            self._client.generate_presigned_url("upload_part", Params=part, ExpiresIn=ADDRESS_LIFETIME)
        )

    def parts(self, name: str, multipart: str) -> dict[int, tuple[str, int]]:
        """The parts that are there: by number the `ETag` and the bytes."""
        there: dict[int, tuple[str, int]] = {}
        pages = self._client.get_paginator("list_parts")
        try:
            for page in pages.paginate(**self._at(name), UploadId=multipart):
                there |= {part["PartNumber"]: (part["ETag"], part["Size"]) for part in page.get("Parts", [])}
        except ClientError as error:
            if not _is_gone(error):
                raise
        return there

    def complete(self, name: str, multipart: str, tags: dict[int, str]) -> None:
        """Make one object of its parts. Twice is once."""
        parts = [{"PartNumber": number, "ETag": tag} for number, tag in sorted(tags.items())]
        try:
            self._client.complete_multipart_upload(
                **self._at(name), UploadId=multipart, MultipartUpload={"Parts": parts}
            )
        except ClientError as error:
            if not (_is_gone(error) and self.has(name)):  # another one did it in the same moment
                raise

    def has(self, name: str) -> bool:
        try:
            self._client.head_object(**self._at(name))
        except ClientError as error:
            if _is_gone(error):
                return False
            raise
        return True

    def fetch(self, name: str, into: BinaryIO) -> None:
        """Write the object to *into*, a piece at a time.

        Raises:
            FileNotFoundError
        """
        try:
            self._client.download_fileobj(self._bucket, self._at(name)["Key"], into)
        except ClientError as error:
            if _is_gone(error):
                raise FileNotFoundError(name) from None
            raise
        into.seek(0)

    def stop(self, name: str, multipart: str) -> None:
        """Have the parts deleted. What isn't there is stopped."""
        if not multipart:
            return
        try:
            self._client.abort_multipart_upload(**self._at(name), UploadId=multipart)
        except ClientError as error:
            if not _is_gone(error):
                raise

    def _at(self, name: str) -> dict[str, str]:
        return {"Bucket": self._bucket, "Key": posixpath.join(self._folder, name)}


def _is_gone(error: ClientError) -> bool:
    return str(error.response.get("Error", {}).get("Code")) in GONE
