"""Another e-mail address."""

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import AuditEntry, Session, User, normalize_email
from accounts.problems import CodeInvalid
from common.mail.services import forget_address, queue_mail

from . import audit
from .codes import Purpose, find_by_code, find_by_token, make_code, use_code
from .freshness import require_fresh


@transaction.atomic
def change_email(*, session: Session, email: str) -> None:
    """Mail a link and a code to the address that is to be theirs. Nothing changes before one comes back.

    Who asks can't tell whether somebody has the address: that one is told by mail.

    Raises:
        StepUpRequired
    """
    require_fresh(session)
    user, email = session.user, normalize_email(email)
    made = make_code(user=user, purpose=Purpose.CHANGE_EMAIL, email=email)
    if owner := User.objects.with_email(email):
        queue_mail(
            to=owner.email,
            template="address_wanted",
            language=owner.language,
            context={"name": owner.display_name},
        )
        return
    queue_mail(
        to=email,
        template="change_email",
        language=user.language,
        context={
            "name": user.display_name,
            "link": f"{settings.PUBLIC_URL}/change-email/{made.token}",
            "code": made.code,
            "minutes": int(settings.MAILED_CODE_LIFETIME.total_seconds() // 60),
        },
        is_last=True,  # it is not theirs yet
    )


def confirm_new_email(*, token: str = "", code: str = "", user: User | None = None) -> User:
    """Take what was mailed as proof of the new address, and tell the old one.

    The sessions go on: who ends the others does so by `revoke_sessions` (ASVS 5.0 7.4.3 asks to offer it).

    Args:
        code: the six digits, of *user*; or the link's *token*, of whoever it is.

    Raises:
        CodeInvalid: the proof doesn't hold, or somebody has the address by now: one answer.
    """
    if token:
        proof = find_by_token(token=token, purpose=Purpose.CHANGE_EMAIL)
    else:
        proof = find_by_code(email=user.email if user else "", code=code, purpose=Purpose.CHANGE_EMAIL)
    try:
        with transaction.atomic():
            owner = use_code(proof)
            before, owner.email = owner.email, proof.email
            owner.email_verified_at = timezone.now()
            owner.save(update_fields=["email", "email_verified_at"])
            audit.record(
                category=AuditEntry.Category.SECURITY, verb="email.changed", actor=owner, subject=owner
            )
            queue_mail(
                to=before,
                template="email_changed",
                language=owner.language,
                context={"name": owner.display_name, "support": settings.DEFAULT_FROM_EMAIL},
            )
            forget_address(to=before)
    except IntegrityError:  # somebody has it by now
        raise CodeInvalid from None
    return owner
