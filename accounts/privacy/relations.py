"""What people are to the platform and to each other."""

from typing import Final

from accounts.models import Block, Report, RoleGrant, SocialLink
from common.holdings import BLANK, Erase, Field, Holding, Keep

REPORTED: Final = Keep("Staff have to look at the other all the same; it does not say who asked them to.")

HOLDINGS: Final = [
    Holding(
        model=RoleGrant,
        whose="user",
        purpose="What somebody is here as.",
        retention="until it is taken away",
        erase=Erase.DELETE_ROW,
        export="roles",
        fields={
            "id": Field("Names the row."),
            "user": Field("Who."),
            "role": Field("As what.", "role"),
            "granted_by": Field("Who of the staff said so: an id."),
            "granted_at": Field("Since when.", "granted_at"),
        },
    ),
    Holding(
        model=SocialLink,
        whose="user",
        purpose="Others find somebody's pages elsewhere.",
        retention="until it is taken away",
        erase=Erase.DELETE_ROW,
        export="social_links",
        fields={
            "id": Field("Names the row."),
            "user": Field("Whose page."),
            "network": Field("Where.", "network"),
            "url": Field("The page.", "url"),
            "position": Field("The order in which they are shown.", "position"),
        },
    ),
    Holding(
        model=Block,
        whose=("blocker", "blocked"),
        purpose="Somebody wants to have nothing to do with somebody, who is not told.",
        retention="until it is taken back, or one of the two is erased",
        erase=Erase.DELETE_ROW,
        export="blocks",
        shown="blocker",
        fields={
            "id": Field("Names the block."),
            "blocker": Field("Who wants it."),
            "blocked": Field("With whom: an id.", "blocked"),
            "created_at": Field("Since when.", "created_at"),
        },
    ),
    Holding(
        model=Report,
        whose=("reporter", "subject"),
        purpose="Staff look at somebody of whom somebody told them. Reports about a person are deleted with "
        "their account; those by them stay without them, for staff have to look all the same.",
        retention="until the account that it is about is erased",
        erase=Erase.BY_FIELD,
        export="reports",
        shown="reporter",
        fields={
            "id": Field("Names the report.", "id", REPORTED),
            "reporter": Field("Who told; the other never hears of it.", None, BLANK),
            "subject": Field("About whom: an id.", "subject", REPORTED),
            "reason": Field("What is wrong: one of a few words.", "reason", REPORTED),
            "text": Field("What they say of it.", "text", BLANK),
            "state": Field("Whether staff have looked.", "state", REPORTED),
            "created_at": Field("When.", "created_at", REPORTED),
            "closed_at": Field("When staff had looked.", "closed_at", REPORTED),
            "closed_by": Field("Who of the staff did: an id.", None, REPORTED),
            "note": Field("What staff made of it.", None, BLANK),
        },
    ),
]
