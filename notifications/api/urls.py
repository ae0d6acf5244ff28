from django.urls import path

from . import views

devices = views.PushDeviceViewSet.as_view
notifications = views.NotificationViewSet.as_view
CHANGES = {"put": "update", "patch": "partial_update", "delete": "destroy"}
hooks = views.WebhookViewSet.as_view
hook_deliveries = views.WebhookDeliveryViewSet.as_view

urlpatterns = [
    path("notifications", notifications({"get": "list"}), name="notifications"),
    path("notifications/all", views.AllView.as_view(), name="notifications-all"),
    path("notifications/unread-count", views.UnreadCountView.as_view(), name="notifications-unread-count"),
    path("notifications/read-all", views.ReadAllView.as_view(), name="notifications-read-all"),
    path("notifications/bulk-action", views.BulkActionView.as_view(), name="notifications-bulk-action"),
    path("notifications/preferences", views.PreferencesView.as_view(), name="notification-preferences"),
    path(
        "notifications/deliveries",
        views.DeliveryViewSet.as_view({"get": "list"}),
        name="notification-deliveries",
    ),
    path("notifications/devices", devices({"get": "list", "post": "create"}), name="push-devices"),
    path("notifications/devices/keys", views.PushKeysView.as_view(), name="push-keys"),
    path("notifications/devices/<uuid:pk>", devices({"get": "retrieve", **CHANGES}), name="push-device"),
    path(
        "notifications/<uuid:pk>",
        notifications({"get": "retrieve", "delete": "destroy"}),
        name="notification",
    ),
    path(
        "notifications/<uuid:pk>/read",
        notifications({"put": "read", "delete": "unread"}),
        name="notification-read",
    ),
    path(
        "notifications/<uuid:pk>/archive",
        notifications({"post": "archive", "delete": "unarchive"}),
        name="notification-archive",
    ),
    path(
        "notifications/<uuid:pk>/snooze",
        notifications({"post": "snooze", "delete": "wake"}),
        name="notification-snooze",
    ),
    path("notifications/<uuid:pk>/trace", views.TraceView.as_view(), name="notification-trace"),
    path("webhooks", hooks({"get": "list", "post": "create"}), name="webhooks"),
    path("webhooks/event-types", views.EventTypesView.as_view(), name="webhook-event-types"),
    path(
        "webhooks/<uuid:pk>",
        hooks({"get": "retrieve", "put": "update", "patch": "partial_update", "delete": "destroy"}),
        name="webhook",
    ),
    path("webhooks/<uuid:pk>/rotate", hooks({"post": "rotate"}), name="webhook-rotate"),
    path("webhooks/<uuid:webhook>/test", hook_deliveries({"post": "test"}), name="webhook-test"),
    path("webhooks/<uuid:webhook>/deliveries", hook_deliveries({"get": "list"}), name="webhook-deliveries"),
    path(
        "webhooks/<uuid:webhook>/deliveries/<uuid:pk>/redeliver",
        hook_deliveries({"post": "redeliver"}),
        name="webhook-redeliver",
    ),
    path("webhooks/<uuid:webhook>/events", views.WebhookEventsView.as_view(), name="webhook-events"),
]
