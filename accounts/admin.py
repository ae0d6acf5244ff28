"""The staff console of people and their sessions."""

from typing import Any, ClassVar
from uuid import UUID

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.db.models import Count, IntegerField, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.decorators import display
from unfold.enums import ActionVariant
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from common.console import (
    ChoiceFilter,
    ConsoleAdmin,
    ReadOnlyAdmin,
    ReadOnlyInline,
    TimeSetFilter,
    console_action,
    link,
    link_to,
    on_one,
    panels,
)
from common.problems import NotAllowed

from .models import Session, User, normalize_email
from .services import (
    confirm_email,
    resend_verification,
    revoke_session,
    revoke_sessions,
    set_active,
    set_password,
    update_profile,
)
from .services.registration import is_taken

PROFILE = ["display_name", "first_name", "last_name", "status_text", "language", "timezone"]
ACCESS = ["is_staff", "is_superuser", "groups"]
SESSION_STATE = {_("open"): "success", _("ended"): "info", _("expired"): "warning"}


class Verified(TimeSetFilter):
    title = _("e-mail verified")
    parameter_name = "verified"
    field = "email_verified_at"


class Alive(ChoiceFilter):
    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("alive", _("open")), ("ended", _("ended"))]

    def narrow(self, rows: QuerySet[Session], value: str) -> QuerySet[Session]:
        now = timezone.now()
        if value == "alive":
            return rows & Session.objects.alive(at=now)
        return rows.filter(Q(revoked_at__isnull=False) | Q(expires_at__lte=now) | Q(user__is_active=False))


class NewUserForm(UserCreationForm):
    def clean_email(self) -> str:
        return normalize_email(self.cleaned_data["email"])

    def clean_username(self) -> str:
        username: str = self.cleaned_data["username"]
        if is_taken(username):
            raise forms.ValidationError(_("Somebody has this username already."))
        return username


class NewPasswordForm(AdminPasswordChangeForm):
    user: User

    def save(self, commit: bool = True) -> User:  # noqa: FBT001, FBT002 (Django's signature)
        password = self.cleaned_data["password1"] if self.cleaned_data["set_usable_password"] else None
        self.user = set_password(user=self.user, password=password)
        return self.user


class SessionInline(ReadOnlyInline):
    model = Session
    permission = "accounts.view_session"
    fields = ["state", "device_name", "user_agent", "address", "last_seen_at", "created_at"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Session]:
        return super().get_queryset(request).select_related("user")

    @display(description=_("state"), label=SESSION_STATE)
    def state(self, session: Session) -> str:
        return session_state(session)


@admin.register(User)
class UserAdmin(DjangoUserAdmin, ConsoleAdmin):
    """Who is here, may they take part, and where are they signed in?

    Django's own forms make people and give them passwords, groups and permissions; all else calls services.
    Whoever is no superuser can't touch staff: a password set for an administrator is a way to become one.
    """

    form = UserChangeForm
    add_form = NewUserForm
    change_password_form = NewPasswordForm

    list_display = [
        "person",
        "email",
        "verified",
        "is_active",
        "is_staff",
        "open_sessions",
        "created_at",
        "last_login",
    ]
    list_filter = [Verified, "is_active", "is_staff", "language", "created_at", "last_login"]
    search_fields = ["email", "username", "display_name"]
    search_help_text = _("E-mail, username, name or id")
    ordering = ["-id"]
    sortable_by = ["email", "created_at"]
    fieldsets = [
        (
            None,
            {"fields": [("email", "email_verified_at"), ("id", "username"), ("created_at", "last_login")]},
        ),
        (_("Access"), {"fields": [("is_active", "password_set"), ("is_staff", "is_superuser"), "groups"]}),
        (_("Profile"), {"fields": [*PROFILE]}),
    ]
    add_fieldsets = [
        (None, {"fields": ["email", "username", "display_name"]}),
        (_("Password"), {"fields": ["usable_password", "password1", "password2"]}),
    ]
    # Changed by actions, by their owner, or never.
    readonly_fields = [
        "id",
        "email",
        "email_verified_at",
        "username",
        "is_active",
        "created_at",
        "last_login",
    ]
    autocomplete_fields = ["groups"]
    filter_horizontal: ClassVar[list[str]] = []

    actions = ["mark_verified", "resend_link", "sign_out", "deactivate", "reactivate"]
    actions_detail: ClassVar[list[Any]] = [
        "sign_out_here",
        "deactivate_here",
        {"title": _("More"), "items": ["mark_verified_here", "resend_link_here", "reactivate_here"]},
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        still_open = Session.objects.alive(at=timezone.now()).filter(user=OuterRef("pk")).order_by()
        counted = still_open.values("user").annotate(n=Count("pk")).values("n")
        return super().get_queryset(request).annotate(open=Coalesce(Subquery(counted, IntegerField()), 0))

    def search_by_words(self, request: HttpRequest, rows: QuerySet[User], words: str) -> QuerySet[User]:
        found = Q(email__icontains=words) | Q(username__icontains=words) | Q(display_name__icontains=words)
        return rows.filter(found)

    # --- columns ---
    @display(description=_("name"), header=True)
    def person(self, user: User) -> list[str]:
        return [user.display_name, f"@{user.username}", user.display_name[:1].upper()]

    @display(description=_("verified"), boolean=True)
    def verified(self, user: User) -> bool:
        return user.is_verified

    @display(description=_("open sessions"))
    def open_sessions(self, user: Any) -> str:
        page = reverse("admin:accounts_session_changelist")
        return link(f"{page}?state=alive&q={user.pk}", user.open)

    @display(description=_("password"))
    def password_set(self, user: User) -> str:
        page = reverse("admin:auth_user_password_change", args=[user.pk])
        text = _("Set a new one") if user.has_usable_password() else _("None yet: set one")
        return link(page, text)

    # --- who may do what ---
    def may_act_on(self, request: HttpRequest, row: User) -> bool:
        return request.user.is_superuser or not (row.is_staff or row.is_superuser)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        allowed: bool = super().has_change_permission(request, obj)
        return allowed and (not isinstance(obj, User) or self.may_act_on(request, obj))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False  # an account is closed by its owner; here it is deactivated

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        if obj is None:
            return []
        return [*self.readonly_fields, "password_set", *([] if request.user.is_superuser else ACCESS)]

    def get_inlines(self, request: HttpRequest, obj: Any) -> list[Any]:
        return [SessionInline, *panels["accounts.user"]] if obj else []

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:  # noqa: FBT001
        if not change:
            return super().save_model(request, obj, form, change)
        profile = {name: form.cleaned_data[name] for name in form.changed_data if name in PROFILE}
        update_profile(user=obj, **profile)
        obj.save(update_fields=["is_staff", "is_superuser"])
        return None

    # --- actions ---
    @console_action(_("Mark as verified"), question=_("Hold the address for verified?"))
    def mark_verified(self, request: HttpRequest, user: User) -> bool:
        return confirm_email(user=user)

    @console_action(_("Mail the link again"), question=_("Mail a new verification link?"))
    def resend_link(self, request: HttpRequest, user: User) -> bool:
        if user.is_verified or not user.is_active:
            return False
        resend_verification(email=user.email)
        return True

    @console_action(_("Sign out everywhere"), question=_("End every session?"))
    def sign_out(self, request: HttpRequest, user: User) -> bool:
        return revoke_sessions(user=user, reason="staff") > 0

    @console_action(_("Deactivate"), question=_("Keep out, and end every session?"))
    def deactivate(self, request: HttpRequest, user: User) -> bool:
        if user.pk == request.user.pk:
            raise NotAllowed(_("You can't deactivate yourself."))
        return set_active(user=user, active=False)

    @console_action(_("Reactivate"), question=_("Let in again?"))
    def reactivate(self, request: HttpRequest, user: User) -> bool:
        return set_active(user=user, active=True)

    mark_verified_here = on_one(mark_verified, icon="verified_user")
    resend_link_here = on_one(resend_link, icon="forward_to_inbox")
    sign_out_here = on_one(sign_out, icon="logout")
    deactivate_here = on_one(deactivate, icon="block", variant=ActionVariant.DANGER)
    reactivate_here = on_one(reactivate, icon="how_to_reg")


@admin.register(Session)
class SessionAdmin(ReadOnlyAdmin):
    """Who is signed in, on what, from where?"""

    list_display = [
        "person", "device_name", "client", "address", "state", "generation", "last_seen_at", "created_at"
    ]  # fmt: skip
    list_select_related = ["user"]
    list_filter = [Alive, "created_at", "last_seen_at"]
    search_fields = ["user", "address", "device_name"]
    search_help_text = _("Person, network address, device or id")
    sortable_by = ()
    fields = [
        "id", "user", "state", "device_name", "user_agent", "address", "generation",
        "created_at", "last_seen_at", "refreshed_at", "expires_at", "revoked_at", "revoked_reason",
    ]  # fmt: skip
    readonly_fields = ["id", "state"]
    actions = ["revoke"]
    actions_detail: ClassVar[list[str]] = ["revoke_here"]

    def search_by_id(self, rows: QuerySet[Session], wanted: UUID) -> QuerySet[Session]:
        return rows.filter(Q(pk=wanted) | Q(user=wanted))

    def search_by_words(self, request: HttpRequest, rows: QuerySet[Session], words: str) -> QuerySet[Session]:
        found = Q(user__email__icontains=words) | Q(user__username__icontains=words)
        return rows.filter(found | Q(device_name__icontains=words) | Q(address__startswith=words))

    @display(description=_("user"))
    def person(self, session: Session) -> str:
        return link_to(session.user)

    @display(description=_("client"))
    def client(self, session: Session) -> str:
        return session.user_agent[:40]

    @display(description=_("state"), label=SESSION_STATE)
    def state(self, session: Session) -> str:
        return session_state(session)

    @console_action(_("End session"), question=_("Sign the device out?"))
    def revoke(self, request: HttpRequest, session: Session) -> bool:
        return revoke_session(session=session, reason="staff")

    revoke_here = on_one(revoke, icon="logout", variant=ActionVariant.DANGER)


def session_state(session: Session) -> str:
    if session.is_alive:
        return str(_("open"))
    return str(_("expired") if session.revoked_at is None else _("ended"))


admin.site.unregister(Group)


@admin.register(Group)
class GroupAdmin(DjangoGroupAdmin, ModelAdmin):
    """What staff may do, by what they are there for."""
