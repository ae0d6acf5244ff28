"""Pages that people have elsewhere."""

from collections.abc import Sequence

from django.db import transaction

from accounts.models import AuditEntry, SocialLink, User

from . import audit


@transaction.atomic
def set_social_links(*, user: User, links: Sequence[tuple[str, str]]) -> list[SocialLink]:
    """Show these pages of *user*, in this order, and no others.

    Args:
        links: network and address, in the spelling of `normalize_link`, each network once.
    """
    row = User.objects.select_for_update().get(pk=user.pk)
    there = list(row.social_links.all())
    if [(link.network, link.url) for link in there] == list(links):
        return there
    row.social_links.all().delete()
    shown = SocialLink.objects.bulk_create(
        SocialLink(user=row, network=network, url=url, position=position)
        for position, (network, url) in enumerate(links)
    )
    audit.record(
        category=AuditEntry.Category.USER,
        verb="social_links.replaced",
        actor=user,
        subject=user,
        details={"networks": [network for network, _ in links]},
    )
    return shown
