"""The operations on accounts, a module a subject."""

from .passwords import ChangePasswordView, ForgotPasswordView, ResetPasswordView
from .profile import MeView
from .registration import RegisterView, ResendVerificationView, VerifyEmailLinkView, VerifyEmailView
from .sessions import LoginView, LogoutAllView, LogoutView, RefreshView, SessionViewSet, TicketView

__all__ = [
    "ChangePasswordView",
    "ForgotPasswordView",
    "LoginView",
    "LogoutAllView",
    "LogoutView",
    "MeView",
    "RefreshView",
    "RegisterView",
    "ResendVerificationView",
    "ResetPasswordView",
    "SessionViewSet",
    "TicketView",
    "VerifyEmailLinkView",
    "VerifyEmailView",
]
