"""The staff console of people and their sessions, a module a noun."""

from .addresses import AddressRuleAdmin
from .api_keys import ApiKeyAdmin
from .attempts import AttemptCountAdmin
from .audit import AuditCheckAdmin, AuditEntryAdmin
from .erasures import ErasureAdmin
from .people import GroupAdmin, UserAdmin
from .reports import ReportAdmin
from .sessions import SessionAdmin

__all__ = [
    "AddressRuleAdmin",
    "ApiKeyAdmin",
    "AttemptCountAdmin",
    "AuditCheckAdmin",
    "AuditEntryAdmin",
    "ErasureAdmin",
    "GroupAdmin",
    "ReportAdmin",
    "SessionAdmin",
    "UserAdmin",
]
