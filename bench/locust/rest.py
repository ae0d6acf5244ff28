"""People who do so twice a second."""

from locust import constant_throughput

from bench.locust.talking import Talker


class Somebody(Talker):
    wait_time = constant_throughput(2)
