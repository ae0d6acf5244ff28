"""Sending: the hot path. Whatever is sent at the same time is sent together, in as few statements as one."""

from .gathering import gather
from .ground import Send
from .send import Sent, send_message, send_messages

__all__ = ["Send", "Sent", "gather", "send_message", "send_messages"]
