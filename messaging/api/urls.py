from django.urls import path

from . import views

chats, people = views.ChatViewSet.as_view, views.ParticipantViewSet.as_view
contacts = views.ContactViewSet.as_view
reactions = views.ReactionViewSet.as_view
folders = views.FolderViewSet.as_view
invited, asking = views.InvitationViewSet.as_view, views.JoinRequestViewSet.as_view
pins, reactions = views.PinViewSet.as_view, views.ReactionViewSet.as_view
CHANGES = {"put": "update", "patch": "partial_update", "delete": "destroy"}

urlpatterns = [
    path("chats", chats({"get": "list", "post": "create"}), name="chats"),
    path("chats/folders", folders({"get": "list", "post": "create"}), name="chat-folders"),
    path("chats/folders/<uuid:pk>", folders({"get": "retrieve", **CHANGES}), name="chat-folder"),
    path("chats/<uuid:pk>", chats({"get": "retrieve", **CHANGES}), name="chat"),
    path("chats/<uuid:chat>/messages", views.ChatMessagesView.as_view(), name="chat-messages"),
    path("chats/<uuid:chat>/threads", views.ChatThreadsViewSet.as_view({"get": "list"}), name="chat-threads"),
    path("chats/<uuid:chat>/typing", views.TypingView.as_view(), name="chat-typing"),
    path(
        "chats/<uuid:chat>/files",
        views.ChatFileViewSet.as_view({"get": "list", "post": "create"}),
        name="chat-files",
    ),
    path("chats/<uuid:chat>/read", views.ReadView.as_view(), name="chat-read"),
    path("chats/<uuid:chat>/participants", people({"get": "list", "post": "create"}), name="participants"),
    path(
        "chats/<uuid:chat>/participants/<uuid:user>",
        people({"get": "retrieve", **CHANGES}),
        name="participant",
    ),
    path("contacts", contacts({"get": "list", "post": "create"}), name="contacts"),
    path("contacts/<uuid:pk>", contacts({"get": "retrieve", **CHANGES}), name="contact"),
    path("contacts/<uuid:pk>/block", contacts({"post": "block", "delete": "unblock"}), name="contact-block"),
    path("presence", views.PresenceView.as_view(), name="presence"),
    path("chats/<uuid:chat>/permissions", views.PermissionsView.as_view(), name="chat-permissions"),
    path("chats/<uuid:chat>/preferences", views.PreferencesView.as_view(), name="chat-preferences"),
    path("chats/<uuid:chat>/archive", views.ArchiveView.as_view(), name="chat-archive"),
    path("chats/<uuid:chat>/avatar", views.ChatAvatarView.as_view(), name="chat-avatar"),
    path("chats/<uuid:chat>/accept", views.AcceptChatView.as_view(), name="chat-accept"),
    path("chats/<uuid:chat>/mute", views.MuteView.as_view(), name="chat-mute"),
    path("chats/<uuid:chat>/unread", views.MarkUnreadView.as_view(), name="chat-unread"),
    path(
        "chats/<uuid:chat>/drafts",
        views.DraftViewSet.as_view({"get": "list", "put": "update", "delete": "destroy"}),
        name="drafts",
    ),
    path(
        "chats/<uuid:chat>/drafts/<uuid:copy>",
        views.DraftViewSet.as_view({"delete": "discard"}),
        name="draft-copy",
    ),
    path(
        "chats/<uuid:chat>/scheduled",
        views.ScheduledViewSet.as_view({"get": "list", "post": "create"}),
        name="scheduled",
    ),
    path(
        "chats/<uuid:chat>/scheduled/<uuid:pk>",
        views.ScheduledViewSet.as_view({"get": "retrieve", **CHANGES}),
        name="scheduled-message",
    ),
    path(
        "chats/<uuid:chat>/invitations", invited({"get": "list", "post": "create"}), name="chat-invitations"
    ),
    path("chats/<uuid:chat>/invitations/<uuid:pk>", invited({"delete": "destroy"}), name="chat-invitation"),
    path("chats/<uuid:chat>/join-requests", asking({"get": "list"}), name="join-requests"),
    path("chats/<uuid:chat>/join-requests/<uuid:user>/approve", asking({"post": "approve"}), name="approve"),
    path("chats/<uuid:chat>/join-requests/<uuid:user>/reject", asking({"post": "reject"}), name="reject"),
    path("invitations", views.MyInvitationViewSet.as_view({"get": "list"}), name="invitations"),
    path("invitations/<str:token>", views.InvitationView.as_view(), name="invitation"),
    path("invitations/<str:token>/accept", views.AcceptView.as_view(), name="invitation-accept"),
    path("invitations/<str:token>/decline", views.DeclineView.as_view(), name="invitation-decline"),
    path("chats/<uuid:chat>/search", views.ChatSearchView.as_view(), name="chat-search"),
    path("chats/<uuid:chat>/pins", pins({"get": "list", "post": "create"}), name="pins"),
    path("chats/<uuid:chat>/pins/<uuid:message>", pins({"delete": "destroy"}), name="pin"),
    path("messages", views.MessagesView.as_view(), name="messages"),
    path("outbox", views.OutboxView.as_view(), name="outbox"),
    path("messages/<uuid:pk>", views.MessageView.as_view(), name="message"),
    path(
        "messages/<uuid:pk>/history",
        views.MessageHistoryViewSet.as_view({"get": "list"}),
        name="message-history",
    ),
    path("messages/<uuid:pk>/thread", views.ThreadView.as_view(), name="thread"),
    path("messages/<uuid:pk>/thread/read", views.ThreadReadView.as_view(), name="thread-read"),
    path("messages/<uuid:pk>/thread/follow", views.ThreadFollowView.as_view(), name="thread-follow"),
    path("messages/<uuid:pk>/forward", views.ForwardView.as_view(), name="message-forward"),
    path(
        "messages/<uuid:pk>/reactions", reactions({"get": "list", "post": "create"}), name="message-reactions"
    ),
    path(
        "messages/<uuid:pk>/reactions/<str:reaction>",
        reactions({"delete": "destroy"}),
        name="message-reaction",
    ),
    path("messages/<uuid:pk>/status", views.StatusView.as_view(), name="message-status"),
    path(
        "messages/<uuid:pk>/notification-trace",
        views.NotificationTraceView.as_view(),
        name="message-notification-trace",
    ),
    path("messages/<uuid:pk>/receipts", views.ReceiptsView.as_view(), name="message-receipts"),
    path("search/messages", views.MessageSearchView.as_view(), name="search-messages"),
    path("search/chats", views.ChatsSearchViewSet.as_view({"get": "list"}), name="search-chats"),
    path("search/suggestions", views.SuggestionsView.as_view(), name="search-suggestions"),
]
