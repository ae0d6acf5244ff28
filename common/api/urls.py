from django.urls import path

from .allowance import LimitsView

urlpatterns = [
    path("limits", LimitsView.as_view(), name="limits"),
]
