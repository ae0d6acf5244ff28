"""Long work of files."""

from typing import Final

from common.jobs.work import Kind

from .services import media

KINDS: Final = [Kind(name=media.KIND, run=media.look_into_media)]
