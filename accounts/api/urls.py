from django.urls import path

from . import views

blocks = views.BlockViewSet.as_view
people = views.PersonViewSet.as_view
passkeys = views.PasskeyViewSet.as_view
sessions = views.SessionViewSet.as_view
api_keys = views.ApiKeyViewSet.as_view

urlpatterns = [
    path("auth/register", views.RegisterView.as_view(), name="register"),
    path("auth/verify-email", views.VerifyEmailView.as_view(), name="verify-email"),
    path("auth/verify-email/<str:token>", views.VerifyEmailLinkView.as_view(), name="verify-email-link"),
    path("auth/resend-verification", views.ResendVerificationView.as_view(), name="resend-verification"),
    path("auth/forgot-password", views.ForgotPasswordView.as_view(), name="forgot-password"),
    path("auth/reset-password", views.ResetPasswordView.as_view(), name="reset-password"),
    path("auth/change-password", views.ChangePasswordView.as_view(), name="change-password"),
    path("auth/change-email", views.ChangeEmailView.as_view(), name="change-email"),
    path("auth/change-email/confirm", views.ConfirmEmailView.as_view(), name="confirm-email"),
    path("auth/login", views.LoginView.as_view(), name="login"),
    path("auth/refresh", views.RefreshView.as_view(), name="refresh"),
    path("auth/logout", views.LogoutView.as_view(), name="logout"),
    path("auth/logout-all", views.LogoutAllView.as_view(), name="logout-all"),
    path("auth/mfa", views.MfaView.as_view(), name="mfa"),
    path("auth/mfa/totp", views.TotpView.as_view(), name="totp"),
    path("auth/mfa/recovery-codes", views.RecoveryCodesView.as_view(), name="recovery-codes"),
    path("auth/mfa/passkeys", passkeys({"get": "list", "post": "create"}), name="passkeys"),
    path(
        "auth/mfa/passkeys/<uuid:pk>",
        passkeys({"get": "retrieve", "put": "update", "patch": "partial_update", "delete": "destroy"}),
        name="passkey",
    ),
    path("auth/mfa/challenge", views.ChallengeView.as_view(), name="mfa-challenge"),
    path("auth/passkeys/login", views.PasskeyLoginView.as_view(), name="passkey-login"),
    path("auth/step-up", views.StepUpView.as_view(), name="step-up"),
    path("auth/ws-ticket", views.TicketView.as_view(), name="ws-ticket"),
    path("auth/sessions", sessions({"get": "list"}), name="sessions"),
    path("auth/sessions/<uuid:pk>", sessions({"delete": "destroy"}), name="session"),
    path("auth/api-keys", api_keys({"get": "list", "post": "create"}), name="api-keys"),
    path("auth/api-keys/<uuid:pk>", api_keys({"delete": "destroy"}), name="api-key"),
    path("auth/api-keys/<uuid:pk>/rotate", api_keys({"post": "rotate"}), name="api-key-rotate"),
    path("auth/social", views.SocialProvidersView.as_view(), name="social-providers"),
    path("auth/social/<str:provider>", views.SocialSignInView.as_view(), name="social"),
    path("auth/telegram", views.TelegramSignInView.as_view(), name="telegram"),
    path("users/me/telegram", views.TelegramLinkView.as_view(), name="my-telegram"),
    path("users/me", views.MeView.as_view(), name="me"),
    path("users/me/history", views.HistoryViewSet.as_view({"get": "list"}), name="history"),
    path("users/me/switch-role", views.SwitchRoleView.as_view(), name="switch-role"),
    path("users/me/activity", views.ActivityView.as_view(), name="activity"),
    path("users/me/avatar", views.AvatarView.as_view(), name="avatar"),
    path("users/me/blocks", blocks({"get": "list", "post": "create"}), name="blocks"),
    path("users/me/blocks/<uuid:user>", blocks({"get": "retrieve", "delete": "destroy"}), name="block"),
    path("users/me/settings", views.SettingsView.as_view(), name="settings"),
    path("users/me/social-links", views.SocialLinksView.as_view(), name="social-links"),
    path("users/me/stats", views.StatsView.as_view(), name="stats"),
    path("search/users", views.PeopleSearchViewSet.as_view({"get": "list"}), name="search-users"),
    path("users", people({"get": "list"}), name="users"),
    path("users/<uuid:pk>", people({"get": "retrieve"}), name="user"),
    path("users/<uuid:pk>/portfolio", views.PortfolioView.as_view(), name="portfolio"),
    path("users/<uuid:pk>/report", views.ReportView.as_view(), name="report"),
    path("users/me/export", views.ExportView.as_view(), name="export"),
    path("users/me/export/download", views.ExportDownloadView.as_view(), name="export-download"),
    path("users/me/erasure", views.ErasureView.as_view(), name="erasure"),
]
