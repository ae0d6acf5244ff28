"""The staff console (django-unfold)."""

from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _


def item(title: str, icon: str, changelist: str) -> dict[str, object]:
    return {"title": title, "icon": icon, "link": reverse_lazy(f"admin:{changelist}_changelist")}


UNFOLD = {
    "SITE_TITLE": "Serai",
    "SITE_HEADER": "Serai",
    "SITE_SUBHEADER": _("Staff console"),
    "SITE_SYMBOL": "holiday_village",
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": False,
    "DASHBOARD_CALLBACK": "config.dashboard.dashboard",
    "SIDEBAR": {
        "show_search": True,
        "navigation": [
            {
                "title": _("People"),
                "items": [
                    item(_("Users"), "person", "accounts_user"),
                    item(_("Sessions"), "devices", "accounts_session"),
                ],
            },
            {
                "title": _("Messaging"),
                "items": [
                    item(_("Chats"), "forum", "messaging_chat"),
                    item(_("Messages"), "chat", "messaging_message"),
                ],
            },
            {
                "title": _("Platform"),
                "items": [item(_("Mails"), "mail", "common_mail")],
            },
        ],
    },
}
