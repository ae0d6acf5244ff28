from django.apps import AppConfig


class FrontDoorConfig(AppConfig):
    name = "config"
    verbose_name = "Front door"
