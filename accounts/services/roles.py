"""What people are here as: roles held, the one they act as, and access to the staff console."""

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts import policies
from accounts.events import RoleGranted, RoleRevoked, RoleSwitched
from accounts.models import GRANTED, Role, RoleGrant, User
from accounts.problems import LastSuperuser, RoleNotHeld
from common.actors import System
from common.events import emit
from common.problems import NotAllowed

from . import audit


@transaction.atomic
def switch_role(*, user: User, role: Role) -> User:
    """Act as *role* from now on, on every device.

    Raises:
        RoleNotHeld: it is none of theirs.

    Emits `RoleSwitched`.
    """
    row = User.objects.select_for_update().get(pk=user.pk)
    if role not in row.roles:
        raise RoleNotHeld(denied_by=policies.denied_by("role.switch", row))
    if row.role != role:
        before, row.role = row.role, role
        row.save(update_fields=["role"])
        audit.record(
            category=audit.Category.USER,
            verb="role.switched",
            actor=row,
            subject=row,
            details={"from": before, "to": role},
        )
        emit(RoleSwitched(role=role), audience=[row.pk])
    return row


@transaction.atomic
def grant_role(*, actor: User | System, user: User, role: Role) -> bool:
    """Give *user* a role. They act as before until they switch. False if they held it.

    Raises:
        NotAllowed: the policy `role.grant` says no, or it is to themselves.

    Emits `RoleGranted`.
    """
    _require_granted(role)
    row = User.objects.select_for_update().get(pk=user.pk)
    policies.require(actor, "role.grant", to=row)
    _refuse_own_rise(actor, row)
    by = None if isinstance(actor, System) else actor
    _grant, is_new = RoleGrant.objects.get_or_create(user=row, role=role, defaults={"granted_by": by})
    if is_new:
        _tell_granted(actor, row, role)
    return is_new


@transaction.atomic
def revoke_role(*, actor: User | System, user: User, role: Role) -> bool:
    """Take a role from *user*. Whoever acts as it is a member from now on. False if they didn't hold it.

    Raises:
        NotAllowed: the policy `role.revoke` says no.

    Emits `RoleRevoked`.
    """
    _require_granted(role)
    row = User.objects.select_for_update().get(pk=user.pk)
    policies.require(actor, "role.revoke", to=row)
    if not RoleGrant.objects.filter(user=row, role=role).delete()[0]:
        return False
    _tell_revoked(actor, row, role)
    return True


@transaction.atomic
def set_access(*, actor: User | System, user: User, is_staff: bool, is_superuser: bool) -> bool:
    """Let *user* into the staff console, or not; as a superuser, or not. False if nothing changed.

    Raises:
        NotAllowed: the policy `access.change` says no, or they would give themselves more.
        LastSuperuser: nobody would be left who can give access.

    Emits `RoleGranted`, `RoleRevoked` of `staff`.
    """
    row = lock_with_superusers(user)
    if (row.is_staff, row.is_superuser) == (is_staff, is_superuser):
        return False
    policies.require(actor, "access.change", to=row)
    if (is_staff, is_superuser) > (row.is_staff, row.is_superuser):
        _refuse_own_rise(actor, row)
    if row.is_superuser and not is_superuser:
        require_another_superuser(row)
    was_staff, was_superuser = row.is_staff, row.is_superuser
    row.is_staff, row.is_superuser = is_staff, is_superuser
    row.save(update_fields=["is_staff", "is_superuser"])
    if is_superuser != was_superuser:
        _record(actor, row, "superuser", is_granted=is_superuser)
    if is_staff and not was_staff:
        _tell_granted(actor, row, Role.STAFF)
    elif was_staff and not is_staff:
        _tell_revoked(actor, row, Role.STAFF)
    return True


def lock_with_superusers(user: User) -> User:
    """The row of *user*, locked with those of all superusers, in one order for everybody."""
    rows = User.objects.filter(Q(pk=user.pk) | Q(is_superuser=True)).order_by("pk")
    return next(row for row in rows.select_for_update() if row.pk == user.pk)


def require_another_superuser(user: User) -> None:
    """Of a superuser who is to be one no more; call it under `lock_with_superusers`.

    Raises:
        LastSuperuser: there is no other.
    """
    if not User.objects.filter(is_superuser=True, is_active=True).exclude(pk=user.pk).exists():
        raise LastSuperuser


def _require_granted(role: Role) -> None:
    if role not in GRANTED:
        raise TypeError(f"{role} is held without a grant")


def _refuse_own_rise(actor: User | System, user: User) -> None:
    if actor.pk == user.pk:
        raise NotAllowed(_("You can't give yourself more than you have."))


def _tell_granted(actor: User | System, user: User, role: Role) -> None:
    _record(actor, user, role, is_granted=True)
    emit(RoleGranted(role=role), audience=[user.pk])


def _tell_revoked(actor: User | System, user: User, role: Role) -> None:
    if user.role == role:
        user.role = Role.MEMBER
        user.save(update_fields=["role"])
    _record(actor, user, role, is_granted=False)
    emit(RoleRevoked(role=role, active=user.role), audience=[user.pk])


def _record(actor: User | System, user: User, role: str, *, is_granted: bool) -> None:
    audit.record(
        category=audit.Category.SECURITY,
        verb="role.granted" if is_granted else "role.revoked",
        actor=actor,
        subject=user,
        details={"role": role},
    )
