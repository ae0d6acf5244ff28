"""Long work of accounts."""

from datetime import timedelta
from typing import Final

from common.jobs.work import Kind

from .services import erasures, exports

KINDS: Final = [
    Kind(
        name=exports.KIND,
        run=exports.build_export,
        ended=exports.mail_export,
        discard=exports.discard_export,
        kept=timedelta(days=7),
    ),
    Kind(name=erasures.KIND, run=erasures.erase),
]
