"""What files holds about people."""

from typing import Final

from common.holdings import Erase, Field, Holding, Part
from common.storage import PRIVATE

from .models import File, FileScan, Upload, UploadPiece

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
            "pictures": Field("Where they are."),
            "pictured_at": Field("Whether there are smaller pictures of it."),
            "duration": Field("How long it plays.", "duration"),
            "waveform": Field("How it is shown."),
            "playable": Field("Whether it can be played as it is."),
            "claimed_at": Field("Whether something names it, or it goes."),
            "created_at": Field("When it was uploaded.", "created_at"),
        },
    ),
    Holding(
        model=FileScan,
        whose="file__owner",
        purpose="A virus is looked for in every file; what was found can be told.",
        retention="as long as the file",
        erase=Erase.DELETE_ROW,
        export="file_scans",
        fields={
            "file": Field("In which file.", "file"),
            "attempts": Field("When to try again."),
            "tried_at": Field("When it was tried."),
            "due_at": Field("When to try again."),
            "error": Field("Why it could not be done."),
            "finding": Field("What was found: a name.", "finding"),
            "scanned_at": Field("When it was done.", "scanned_at"),
            "purged_at": Field("Whether an infected content is gone.", "purged_at"),
        },
    ),
    Holding(
        model=UploadPiece,
        whose="upload__owner",
        purpose="What came of a file that is still on its way.",
        retention="until the file is whole, or a day after the last piece",
        erase=Erase.DELETE_ROW,
        fields={
            "id": Field("Names the piece."),
            "upload": Field("Of which upload."),
            "offset": Field("Its place."),
            "size": Field("How many bytes it has."),
            "stored": Field("Its content.", files=lambda piece: [piece.stored], storage=PRIVATE),
        },
    ),
    Holding(
        model=Upload,
        whose="owner",
        purpose="A file that comes in pieces goes on after an interruption.",
        retention="a day after the last piece",
        erase=Erase.DELETE_ROW,
        export="uploads",
        fields={
            "id": Field("Names the upload.", "id"),
            "owner": Field("Whose it is."),
            "name": Field("What the file is called.", "name"),
            "purpose": Field("What its sender says it is for.", "purpose"),
            "metadata": Field("What the sender's program says of it, given back to it."),
            "size": Field("How many bytes it will have.", "size"),
            "offset": Field("How many have come.", "offset"),
            "state": Field("Whether it is done.", "state"),
            "error": Field("Why the file was refused: a code.", "error"),
            "file": Field("What it became.", "file"),
            "is_direct": Field("Which way it goes."),
            "stored": Field(
                "Its content, in the bucket.",
                files=lambda upload: [upload.stored] if upload.stored else [],
                storage=PRIVATE,
            ),
            "multipart": Field("What the bucket calls it."),
            "created_at": Field("When it was begun.", "created_at"),
            "expires_at": Field("When it ends by itself.", "expires_at"),
        },
    ),
]

PART: Final = Part(app="files", holdings=HOLDINGS)
