"""Frames of tests against the AsyncAPI document."""

from functools import cache
from typing import Any

from jsonschema import Draft202012Validator

from common.tests.formats import FORMATS
from realtime.asyncapi import document


@cache
def _validator(type_: str) -> Draft202012Validator | None:
    components = document()["components"]
    if (message := components["messages"].get(type_)) is None:
        return None
    return Draft202012Validator(
        message["payload"] | {"components": components},
        format_checker=FORMATS,
    )


def faults_of(frame: dict[str, Any]) -> list[str]:
    """Where *frame* is not what the document says of its type."""
    if (validator := _validator(frame["type"])) is None:
        return [f"{frame['type']} is not in the document"]
    return [f"{fault.json_path}: {fault.message}" for fault in validator.iter_errors(frame)]
