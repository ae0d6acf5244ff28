"""What files holds about people."""

from typing import Final

from common.holdings import Erase, Field, Holding, Part
from common.storage import PRIVATE

from .models import File

HOLDINGS: Final = [
    Holding(
        model=File,
        whose="owner",
        purpose="What people upload, to send it or to have it there.",
        retention="as long as something names it, such as a message; a day where nothing does",
        erase=Erase.DELETE_ROW,
        export="files",
        fields={
            "id": Field("Names the file.", "id"),
            "owner": Field("Who uploaded it."),
            "name": Field("What it is called.", "name"),
            "size": Field("How many bytes it has.", "size"),
            "type": Field("What its content is.", "type"),
            "kind": Field("What that is for people.", "kind"),
            "purpose": Field("What its sender says it is for.", "purpose"),
            "scan": Field("Whether a virus was looked for in it.", "scan"),
            "stored": Field("Its content.", "stored", files=lambda file: [file.stored], storage=PRIVATE),
            "width": Field("How it is shown.", "width"),
            "height": Field("How it is shown.", "height"),
            "blurhash": Field("What is shown of it before it is there."),
            "thumbnails": Field(
                "Its smaller pictures.",
                files=lambda file: [file.thumbnail(size) for size in file.thumbnails],
                storage=PRIVATE,
            ),
            "pictured_at": Field("Whether there are smaller pictures of it."),
            "duration": Field("How long it plays.", "duration"),
            "waveform": Field("How it is shown."),
            "claimed_at": Field("Whether something names it, or it goes."),
            "created_at": Field("When it was uploaded.", "created_at"),
        },
    ),
]

PART: Final = Part(app="files", holdings=HOLDINGS)
