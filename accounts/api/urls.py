from django.urls import path

from . import views

sessions = views.SessionViewSet.as_view

urlpatterns = [
    path("auth/register", views.RegisterView.as_view(), name="register"),
    path("auth/verify-email", views.VerifyEmailView.as_view(), name="verify-email"),
    path("auth/verify-email/<str:token>", views.VerifyEmailLinkView.as_view(), name="verify-email-link"),
    path("auth/resend-verification", views.ResendVerificationView.as_view(), name="resend-verification"),
    path("auth/forgot-password", views.ForgotPasswordView.as_view(), name="forgot-password"),
    path("auth/reset-password", views.ResetPasswordView.as_view(), name="reset-password"),
    path("auth/change-password", views.ChangePasswordView.as_view(), name="change-password"),
    path("auth/login", views.LoginView.as_view(), name="login"),
    path("auth/refresh", views.RefreshView.as_view(), name="refresh"),
    path("auth/logout", views.LogoutView.as_view(), name="logout"),
    path("auth/logout-all", views.LogoutAllView.as_view(), name="logout-all"),
    path("auth/ws-ticket", views.TicketView.as_view(), name="ws-ticket"),
    path("auth/sessions", sessions({"get": "list"}), name="sessions"),
    path("auth/sessions/<uuid:pk>", sessions({"delete": "destroy"}), name="session"),
    path("users/me", views.MeView.as_view(), name="me"),
]
