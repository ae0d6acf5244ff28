from .orm import OrmBackend


class PostgresBackend(OrmBackend):
    pass
