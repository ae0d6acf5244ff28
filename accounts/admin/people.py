"""Who is here, and what may they do?"""

from copy import copy
from functools import partial, wraps
from typing import Any, ClassVar, cast

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.db.models import Count, IntegerField, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.decorators import display
from unfold.enums import ActionVariant
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm
from unfold.widgets import UnfoldAdminSelectWidget

from accounts import policies
from accounts.console.pages import ask_again
from accounts.models import GRANTED, Role, Session, User, normalize_email
from accounts.services import (
    Standing,
    confirm_email,
    grant_role,
    let_in,
    order_erasure,
    remove_avatar,
    remove_factors,
    resend_verification,
    revoke_role,
    revoke_sessions,
    set_access,
    set_active,
    set_password,
    standing_of,
    update_profile,
)
from accounts.services.registration import is_taken
from common.console import (
    AuditedAdmin,
    ChoiceFilter,
    ConsoleAdmin,
    TimeSetFilter,
    console_action,
    link,
    on_one,
    panels,
)
from common.problems import NotAllowed

from .api_keys import ApiKeyInline
from .attempts import AttemptCountInline
from .identities import LinkedIdentityInline
from .reports import BlockInline, ReportInline, SocialLinkInline
from .roles import RoleGrantInline
from .sessions import SessionInline
from .staff import StaffRequest

PROFILE = [
    "display_name",
    "first_name",
    "last_name",
    "status_text",
    "language",
    "timezone",
]
ACCESS = ["is_staff", "is_superuser", "groups"]

OWN_PANELS = [
    SessionInline,
    RoleGrantInline,
    AttemptCountInline,
    ApiKeyInline,
    LinkedIdentityInline,
    ReportInline,
    BlockInline,
    SocialLinkInline,
]


def after_proof(run: Any) -> Any:
    """The same action, for whoever has proved lately who they are."""

    @wraps(run)
    def guarded(self: Any, request: HttpRequest, rows: QuerySet[Any]) -> HttpResponse | None:
        return ask_again(request) or run(self, request, rows)

    return guarded


class Verified(TimeSetFilter):
    title = _("e-mail verified")
    parameter_name = "verified"
    field = "email_verified_at"


class Holds(ChoiceFilter):
    title = _("holds the role")
    parameter_name = "holds"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(role.value, role.label) for role in GRANTED]

    def narrow(self, rows: QuerySet[User], value: str) -> QuerySet[User]:
        return rows.filter(role_grants__role=value)


class RoleForm(forms.Form):
    role = forms.ChoiceField(
        label=_("Role"),
        choices=[(role.value, role.label) for role in GRANTED],
        widget=UnfoldAdminSelectWidget,
    )


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

    def __init__(self, *args: Any, actor: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.actor = actor

    def save(self, commit: bool = True) -> User:  # noqa: FBT001, FBT002 (Django's signature)
        password = self.cleaned_data["password1"] if self.cleaned_data["set_usable_password"] else None
        self.user = set_password(user=self.user, password=password, actor=self.actor)
        return self.user


@admin.register(User)
class UserAdmin(DjangoUserAdmin, ConsoleAdmin):
    """Who is here, may they take part, and where are they signed in?

    Django's own forms make people and give them passwords, groups and permissions; all else calls services.
    Whoever is no superuser can't touch staff: a password set for an administrator is a way to become one.
    """

    form = UserChangeForm
    add_form = NewUserForm

    list_display = [
        "person",
        "email",
        "verified",
        "is_active",
        "is_staff",
        "held",
        "open_sessions",
        "created_at",
        "last_login",
    ]
    list_filter = [Verified, "is_active", "is_staff", Holds, "role", "language", "created_at", "last_login"]
    search_fields = ["email", "username", "display_name"]
    search_help_text = _("E-mail, username, name or id")
    ordering = ["-id"]
    sortable_by = ["email", "created_at"]
    fieldsets = [
        (
            None,
            {"fields": [("email", "email_verified_at"), ("id", "username"), ("created_at", "last_login")]},
        ),
        (
            _("Access"),
            {
                "fields": [
                    ("is_active", "password_set"),
                    "factors",
                    ("is_staff", "is_superuser"),
                    "role",
                    "groups",
                ]
            },
        ),
        (_("Profile"), {"fields": [*PROFILE, ("status_expires_at", "picture")]}),
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
        "role",
        "status_expires_at",
        "created_at",
        "last_login",
    ]
    autocomplete_fields = ["groups"]
    filter_horizontal: ClassVar[list[str]] = []

    actions = [
        "mark_verified",
        "resend_link",
        "remove_picture",
        "sign_out",
        "let_in_now",
        "lift_factors",
        "grant",
        "revoke",
        "deactivate",
        "reactivate",
        "erase",
    ]
    actions_detail: ClassVar[list[Any]] = [
        "sign_out_here",
        "deactivate_here",
        {"title": _("Roles"), "items": ["grant_here", "revoke_here"]},
        {
            "title": _("More"),
            "items": [
                "let_in_now_here",
                "mark_verified_here",
                "resend_link_here",
                "lift_factors_here",
                "remove_picture_here",
                "reactivate_here",
                "erase_here",
            ],
        },
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        still_open = Session.objects.alive(at=timezone.now()).filter(user=OuterRef("pk")).order_by()
        counted = still_open.values("user").annotate(n=Count("pk")).values("n")
        people = super().get_queryset(request).prefetch_related("role_grants")
        return people.annotate(open=Coalesce(Subquery(counted, IntegerField()), 0))

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> User | None:
        """With their factors: the page asks for the field more than once."""
        user: Any = super().get_object(request, object_id, from_field)
        if user:
            user.standing = standing_of(user)
        return cast(User | None, user)

    def search_by_words(self, request: HttpRequest, rows: QuerySet[User], words: str) -> QuerySet[User]:
        found = Q(email__icontains=words) | Q(username__icontains=words) | Q(display_name__icontains=words)
        return rows.filter(found)

    # --- columns ---
    @display(description=_("name"), header=True)
    def person(self, user: User) -> list[Any]:
        avatars = user.avatars
        picture = {"path": avatars["64"], "width": 32, "height": 32} if avatars else None
        return [user.display_name, f"@{user.username}", user.display_name[:1].upper(), picture]

    @display(description=_("verified"), boolean=True)
    def verified(self, user: User) -> bool:
        return user.is_verified

    @display(description=_("roles"))
    def held(self, user: User) -> str:
        return ", ".join(str(role.label) for role in user.roles if role != Role.MEMBER)

    @display(description=_("open sessions"))
    def open_sessions(self, user: Any) -> str:
        page = reverse("admin:accounts_session_changelist")
        return link(f"{page}?state=alive&q={user.pk}", user.open)

    @display(description=_("password"))
    def password_set(self, user: User) -> str:
        page = reverse("admin:auth_user_password_change", args=[user.pk])
        text = _("Set a new one") if user.has_usable_password() else _("None yet: set one")
        return link(page, text)

    @display(description=_("picture"))
    def picture(self, user: User) -> str:
        avatars = user.avatars
        return format_html('<img src="{}" width="64" height="64" alt="">', avatars["64"]) if avatars else "-"

    @display(description=_("second factors"))
    def factors(self, user: Any) -> str:
        """Which there are, never what is in them."""
        standing: Standing = user.standing
        there = [
            _("authenticator app") if standing.totp else "",
            ngettext("%d passkey", "%d passkeys", standing.passkeys) % standing.passkeys
            if standing.passkeys
            else "",
            _("recovery codes left: %d") % standing.recovery_codes if standing.methods else "",
        ]
        return ", ".join(str(each) for each in there if each) or "-"

    # --- who may do what ---
    def has_lift_factors_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return request.user.has_perm("accounts.remove_second_factor")

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
        return [
            *self.readonly_fields,
            "password_set",
            "picture",
            "factors",
            *([] if request.user.is_superuser else ACCESS),
        ]

    def get_inlines(self, request: HttpRequest, obj: Any) -> list[Any]:
        return [*OWN_PANELS, *panels["accounts.user"]] if obj else []

    def has_grant_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return policies.may(cast(User, request.user), "role.grant")

    def has_revoke_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return policies.may(cast(User, request.user), "role.revoke")

    def change_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Access is given by whoever has proved lately who they are."""
        if request.method == "POST" and request.user.is_superuser and (asked := ask_again(request)):
            return asked
        return super().change_view(request, *args, **kwargs)

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:  # noqa: FBT001
        if not change:
            return super().save_model(request, obj, form, change)
        profile = {name: form.cleaned_data[name] for name in form.changed_data if name in PROFILE}
        update_profile(actor=cast(User, request.user), user=obj, **profile)
        if request.user.is_superuser:
            access = {name: form.cleaned_data[name] for name in ("is_staff", "is_superuser")}
            set_access(actor=request.user, user=obj, **access)
        return None

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> Any:  # noqa: A002
        """Django's page, with a form that knows who fills it in."""
        page = copy(self)  # this one serves every request
        page.change_password_form = partial(NewPasswordForm, actor=cast(User, request.user))
        return ask_again(request) or super(UserAdmin, page).user_change_password(request, id, form_url)

    # --- actions ---
    @console_action(_("Mark as verified"), question=_("Hold the address for verified?"))
    def mark_verified(self, request: StaffRequest, user: User) -> bool:
        return confirm_email(user=user, actor=request.user)

    @console_action(_("Mail the link again"), question=_("Mail a new verification link?"))
    def resend_link(self, request: HttpRequest, user: User) -> bool:
        if user.is_verified or not user.is_active:
            return False
        resend_verification(email=user.email)
        return True

    @console_action(_("Sign out everywhere"), question=_("End every session?"))
    def sign_out(self, request: StaffRequest, user: User) -> bool:
        return revoke_sessions(user=user, reason="staff", actor=request.user) > 0

    @console_action(_("Let in now"), question=_("Forget the failed attempts to sign in?"))
    def let_in_now(self, request: StaffRequest, user: User) -> bool:
        return let_in(user=user, actor=request.user)

    @console_action(_("Grant a role"), question=_("Which role?"), permissions=["grant"], form=RoleForm)
    def grant(self, request: HttpRequest, user: User, role: str) -> bool:
        return grant_role(actor=cast(User, request.user), user=user, role=Role(role))

    @console_action(_("Take a role away"), question=_("Which role?"), permissions=["revoke"], form=RoleForm)
    def revoke(self, request: HttpRequest, user: User, role: str) -> bool:
        return revoke_role(actor=cast(User, request.user), user=user, role=Role(role))

    @after_proof
    @console_action(
        _("Remove second factors"),
        question=_(
            "Take away every second factor, and end every session? Be as sure who asks as of a newcomer."
        ),
        permissions=("lift_factors",),
    )
    def lift_factors(self, request: HttpRequest, user: User) -> bool:
        return remove_factors(user=user, actor=cast(User, request.user))

    @console_action(_("Deactivate"), question=_("Keep out, and end every session?"))
    def deactivate(self, request: StaffRequest, user: User) -> bool:
        if user.pk == request.user.pk:
            raise NotAllowed(_("You can't deactivate yourself."))
        return set_active(user=user, active=False, actor=request.user)

    @console_action(_("Reactivate"), question=_("Let in again?"))
    def reactivate(self, request: StaffRequest, user: User) -> bool:
        return set_active(user=user, active=True, actor=request.user)

    @console_action(
        _("Erase"), question=_("Forget them in 14 days, unless they or you call it off? They asked for it?")
    )
    def erase(self, request: HttpRequest, user: User) -> bool:
        return order_erasure(actor=cast(User, request.user), user=user)

    mark_verified_here = on_one(mark_verified, icon="verified_user")
    resend_link_here = on_one(resend_link, icon="forward_to_inbox")

    @console_action(_("Remove picture"), question=_("Take the picture away?"))
    def remove_picture(self, request: HttpRequest, user: User) -> bool:
        return remove_avatar(user=user, actor=cast(User, request.user))

    lift_factors_here = on_one(lift_factors, icon="phonelink_erase")
    sign_out_here = on_one(sign_out, icon="logout")
    let_in_now_here = on_one(let_in_now, icon="lock_open")
    grant_here = on_one(grant, icon="add_moderator")
    revoke_here = on_one(revoke, icon="remove_moderator")
    deactivate_here = on_one(deactivate, icon="block", variant=ActionVariant.DANGER)
    remove_picture_here = on_one(remove_picture, icon="hide_image")
    reactivate_here = on_one(reactivate, icon="how_to_reg")
    erase_here = on_one(erase, icon="person_remove", variant=ActionVariant.DANGER)


admin.site.unregister(Group)


@admin.register(Group)
class GroupAdmin(DjangoGroupAdmin, AuditedAdmin):
    """What staff may do, by what they are there for."""
