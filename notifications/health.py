"""What notifications stand on beside mail."""

from typing import Any, Final

from django.conf import settings

from common.health.checks import NOT_CONFIGURED, Check

from .models import PushDevice
from .providers.push import has_account


def push() -> dict[str, Any]:
    """Whom we have an account with. Nobody is called: whether pushes arrive, the metrics say."""
    names = [name for name in PushDevice.Provider.values if has_account(name)]
    if not names:
        return {"engine": "local"} if settings.LOCAL_PUSH else NOT_CONFIGURED
    return {"engine": ", ".join(names)}


CHECKS: Final[dict[str, Check]] = {"push": push}
