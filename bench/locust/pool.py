"""More people than the process has connections, none of whom waits between two requests."""

from locust import constant

from bench.locust.talking import Talker


class Impatient(Talker):
    wait_time = constant(0)
