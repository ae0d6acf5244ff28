"""The staff console (django-unfold)."""

from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _


def item(title: Any, icon: str, changelist: str) -> dict[str, Any]:
    """A list in the sidebar, for those who may see it."""
    app, model = changelist.split("_")

    def may_see(request: HttpRequest) -> bool:
        return request.user.has_perm(f"{app}.view_{model}")

    return {
        "title": title,
        "icon": icon,
        "link": reverse_lazy(f"admin:{changelist}_changelist"),
        "permission": may_see,
    }


LOGIN_REDIRECT_URL = "admin:index"

UNFOLD = {
    "SITE_TITLE": "Serai",
    "SITE_HEADER": "Serai",
    "SITE_SUBHEADER": _("Staff console"),
    "SITE_SYMBOL": "holiday_village",
    "SITE_URL": None,
    "STYLES": [lambda request: static("common/console.css")],
    "SITE_FAVICONS": [{"rel": "icon", "href": "data:,"}],
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": False,
    "ACCOUNT": {"navigation": [{"title": _("Second factors"), "link": reverse_lazy("admin:factors")}]},
    "DASHBOARD_CALLBACK": "config.dashboard.dashboard",
    "SIDEBAR": {
        "show_search": True,
        "navigation": [
            {
                "title": _("People"),
                "items": [
                    item(_("Users"), "person", "accounts_user"),
                    item(_("Sessions"), "devices", "accounts_session"),
                    item(_("API keys"), "key", "accounts_apikey"),
                    item(_("Address rules"), "vpn_lock", "accounts_addressrule"),
                    item(_("Failed attempts"), "lock_clock", "accounts_attemptcount"),
                    item(_("Reports"), "flag", "accounts_report"),
                    item(_("Groups"), "badge", "auth_group"),
                    item(_("Erasures"), "person_remove", "accounts_erasure"),
                ],
            },
            {
                "title": _("Messaging"),
                "items": [
                    item(_("Chats"), "forum", "messaging_chat"),
                    item(_("Messages"), "chat", "messaging_message"),
                    item(_("Invitations"), "group_add", "messaging_invitation"),
                ],
            },
            {
                "title": _("Notifications"),
                "items": [
                    item(_("Notifications"), "notifications", "notifications_notification"),
                    item(_("Deliveries"), "outgoing_mail", "notifications_delivery"),
                    item(_("Push devices"), "phonelink_ring", "notifications_pushdevice"),
                    item(_("Webhooks"), "webhook", "notifications_webhook"),
                ],
            },
            {
                "title": _("Files"),
                "items": [
                    item(_("Files"), "attach_file", "files_file"),
                    item(_("Uploads"), "upload", "files_upload"),
                ],
            },
            {
                "title": _("Legal"),
                "items": [
                    item(_("Documents"), "gavel", "legal_version"),
                    item(_("Acceptances"), "task_alt", "legal_acceptance"),
                    item(_("Consents"), "how_to_reg", "legal_consent"),
                ],
            },
            {
                "title": _("Platform"),
                "items": [
                    item(_("Audit log"), "history_edu", "accounts_auditentry"),
                    item(_("Audit checks"), "verified", "accounts_auditcheck"),
                    item(_("Mails"), "mail", "common_mail"),
                    item(_("Jobs"), "hourglass_top", "common_job"),
                    item(_("Dead letters"), "unsubscribe", "common_deadletter"),
                    item(_("Usage"), "bar_chart", "common_usage"),
                    {"title": _("API documents"), "icon": "menu_book", "link": reverse_lazy("docs")},
                ],
            },
        ],
    },
}
