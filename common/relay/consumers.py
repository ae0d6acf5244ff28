"""Who goes through the log behind the commits: filled from `AppConfig.ready`."""

from collections.abc import Callable, Sequence
from typing import Final

from common.models import LogEntry

# Does what these entries call for, in the transaction around it and in the database alone: that transaction
# also says that they are done, so that it is done once. Entries come in the order of their commits within a
# topic, each type of every topic: a consumer passes over what is not for it. Where they are too much for one
# transaction it says how many it took, from the first on and one at least; the others come again.
Consumer = Callable[[Sequence[LogEntry]], int | None]

consumers: Final[dict[str, Consumer]] = {}
