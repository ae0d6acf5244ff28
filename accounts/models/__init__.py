"""People, their sessions, and what belongs to them: a module a noun."""

from .addresses import (
    AddressRule,
    AddressRuleQuerySet,
    AddressRulesVersion,
    matching_rules,
    parse_rule_value,
    rules_in_force,
)
from .api_keys import ApiKey, ApiKeyQuerySet
from .attempts import AttemptCount, AttemptCountQuerySet
from .audit import AuditCheck, AuditEntry, AuditEntryQuerySet, AuditHead, WrittenOnce
from .blocks import Block, BlockQuerySet
from .credentials import MailedCode, MailedCodeQuerySet, PreviousPassword
from .devices import KnownDevice, KnownDeviceQuerySet, KnownNetwork, KnownNetworkQuerySet
from .erasures import Erasure, ErasureQuerySet
from .factors import (
    AuthenticatorApp,
    FactorTally,
    Passkey,
    RecoveryCode,
    SignInChallenge,
    SignInChallengeQuerySet,
)
from .identities import LinkedIdentity
from .links import SocialLink
from .people import (
    NOWHERE,
    TakenUsername,
    User,
    UserManager,
    UserQuerySet,
    avatar_name,
    normalize_email,
    validate_timezone,
    validate_username,
)
from .reports import Report, ReportQuerySet
from .roles import GRANTED, Role, RoleGrant
from .sessions import Session, SessionQuerySet

__all__ = [
    "AddressRule",
    "AddressRuleQuerySet",
    "AddressRulesVersion",
    "ApiKey",
    "ApiKeyQuerySet",
    "AttemptCount",
    "AttemptCountQuerySet",
    "AuditCheck",
    "AuditEntry",
    "AuditEntryQuerySet",
    "AuditHead",
    "AuthenticatorApp",
    "Block",
    "BlockQuerySet",
    "Erasure",
    "ErasureQuerySet",
    "FactorTally",
    "GRANTED",
    "KnownDevice",
    "KnownDeviceQuerySet",
    "KnownNetwork",
    "KnownNetworkQuerySet",
    "LinkedIdentity",
    "MailedCode",
    "MailedCodeQuerySet",
    "NOWHERE",
    "Passkey",
    "PreviousPassword",
    "RecoveryCode",
    "Report",
    "ReportQuerySet",
    "Role",
    "RoleGrant",
    "Session",
    "SessionQuerySet",
    "SignInChallenge",
    "SignInChallengeQuerySet",
    "SocialLink",
    "TakenUsername",
    "User",
    "UserManager",
    "UserQuerySet",
    "WrittenOnce",
    "avatar_name",
    "matching_rules",
    "normalize_email",
    "parse_rule_value",
    "rules_in_force",
    "validate_timezone",
    "validate_username",
]
