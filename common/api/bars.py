"""What bars the way of somebody who is signed in, whatever they ask for. Filled by other apps."""

from collections.abc import Callable
from typing import Any, Final

# Asked of a request whose sender is known, after its limits and before its view. Raises a `Problem`, or lets
# it through; which paths stay open is the bar's own to say. It is on everybody's way: it must be quick.
Bar = Callable[[Any], None]

bars: Final[list[Bar]] = []
