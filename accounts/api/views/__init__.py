"""The operations on accounts, a module a subject."""

from .api_keys import ApiKeyViewSet
from .avatars import AvatarView
from .blocks import BlockViewSet, ReportView
from .emails import ChangeEmailView, ConfirmEmailView
from .factors import MfaView, PasskeyViewSet, RecoveryCodesView, TotpView
from .history import HistoryViewSet
from .identities import SocialProvidersView, SocialSignInView, TelegramLinkView, TelegramSignInView
from .passwords import ChangePasswordView, ForgotPasswordView, ResetPasswordView
from .people import (
    ActivityView,
    PeopleSearchViewSet,
    PersonViewSet,
    PortfolioView,
    SocialLinksView,
    StatsView,
)
from .privacy import ErasureView, ExportDownloadView, ExportView
from .profile import MeView
from .proofs import ChallengeView, PasskeyLoginView, StepUpView
from .registration import RegisterView, ResendVerificationView, VerifyEmailLinkView, VerifyEmailView
from .roles import SwitchRoleView
from .sessions import LoginView, LogoutAllView, LogoutView, RefreshView, SessionViewSet, TicketView
from .settings import SettingsView

__all__ = [
    "ActivityView",
    "ApiKeyViewSet",
    "AvatarView",
    "BlockViewSet",
    "ChallengeView",
    "ChangeEmailView",
    "ChangePasswordView",
    "ConfirmEmailView",
    "ErasureView",
    "ExportDownloadView",
    "ExportView",
    "ForgotPasswordView",
    "HistoryViewSet",
    "LoginView",
    "LogoutAllView",
    "LogoutView",
    "MeView",
    "MfaView",
    "PasskeyLoginView",
    "PasskeyViewSet",
    "PeopleSearchViewSet",
    "PersonViewSet",
    "PortfolioView",
    "RecoveryCodesView",
    "RefreshView",
    "RegisterView",
    "ReportView",
    "ResendVerificationView",
    "ResetPasswordView",
    "SessionViewSet",
    "SettingsView",
    "SocialLinksView",
    "SocialProvidersView",
    "SocialSignInView",
    "StatsView",
    "StepUpView",
    "SwitchRoleView",
    "TelegramLinkView",
    "TelegramSignInView",
    "TicketView",
    "TotpView",
    "VerifyEmailLinkView",
    "VerifyEmailView",
]
