"""People, devices and chats in any order of events, held against a model small enough to trust.

`test_state_machine.py` runs it shortly, `make prove-states` for long. To add a use case: a method of `Model`
that says whether it is allowed and what it changes, and a rule of `Conversations` that calls both.
"""

from .rules import PEOPLE, Conversations

__all__ = ["PEOPLE", "Conversations"]
