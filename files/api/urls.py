from django.urls import path

from . import views

files = views.FileViewSet.as_view

urlpatterns = [
    path("files", files({"get": "list"}), name="files"),
    path("files/upload", views.UploadView.as_view(), name="file-upload"),
    path("files/images", views.ImagesView.as_view(), name="images"),
    path("files/images/batch", views.ImageBatchView.as_view(), name="image-batch"),
    path("files/<uuid:pk>", files({"get": "retrieve", "delete": "destroy"}), name="file"),
    path("files/<uuid:pk>/content", views.ContentView.as_view(), name="file-content"),
    path("files/<uuid:pk>/thumbnail", views.ThumbnailView.as_view(), name="file-thumbnail"),
    path("files/uploads", views.PieceUploadsView.as_view(), name="uploads"),
    path("files/uploads/<uuid:pk>", views.PieceUploadView.as_view(), name="upload"),
    path("files/uploads/<uuid:pk>/complete", views.CompleteUploadView.as_view(), name="upload-complete"),
]
