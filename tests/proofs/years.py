"""Tables as a product of some years would have them, on PostgreSQL.

2,000 chats, one of them with a fifth of all messages and 1,000 members; words as common and as rare as in a
language, some Chinese, Japanese and Arabic; of a hundred messages five in threads, two that call somebody,
two with a file. Django must be set up before this is imported.
"""

import random
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection

from accounts.models import User
from common.ids import first_id_at
from files.models import File
from messaging.models import Chat, Folder, FolderPlace, Message, Participant

CHATS = 2000
PEOPLE = 1200
BATCH = 5000
TEXTS = 20_000  # different ones
SMALL_CHATS = 3  # of the quiet reader
BEHIND = 2000  # positions that the busy reader has not read in the large chat
HIDDEN = 300  # of the newest in the large chat, for the busy reader
CHINESE = ["我们在上海见面", "明天去北京吗", "今天天气很好", "请带水和外套"]
JAPANESE = ["いちばん好きです", "明日は晴れるでしょう", "上海に行きました", "カメラを忘れないで"]
ARABIC = ["أَهْلاً وسهلاً بكم", "نلتقي في المدرسة غداً", "لا تنسَ الماء", "إلى اللقاء"]

# What a message has beside comes from its template, whatever columns later features give it.
PLANNED = """
    CREATE TEMPORARY TABLE plan (
        id uuid, chat_id uuid, seq bigint, author_id uuid, created_at timestamptz, template uuid,
        thread_id uuid, mentions jsonb, mentions_all boolean, file uuid, kind text
    )
"""
SAID = """
    INSERT INTO messaging_message ({columns}) SELECT {taken}
    FROM plan JOIN template ON template.id = plan.template LEFT JOIN (
        SELECT thread_id AS root, count(*) AS reply_count, max(seq) AS last_reply_seq,
            max(created_at) AS last_reply_at
        FROM plan WHERE thread_id IS NOT NULL GROUP BY thread_id
    ) AS below ON below.root = plan.id
    ORDER BY plan.id
"""
OWN = {
    name: f"plan.{name}"
    for name in (
        "id", "chat_id", "seq", "author_id", "created_at", "thread_id", "mentions", "mentions_all", "kind"
    )
} | {
    "reply_count": "coalesce(below.reply_count, 0)",
    "last_reply_seq": "below.last_reply_seq",
    "last_reply_at": "below.last_reply_at",
}  # fmt: skip
BESIDE = [
    """
    INSERT INTO messaging_mention (id, message_id, chat_id, seq, user_id)
    SELECT gen_random_uuid(), id, chat_id, seq, (mentions->>0)::uuid FROM plan WHERE mentions <> '[]'
    """,
    """
    INSERT INTO messaging_messagefile (id, chat_id, message_id, file_id, position)
    SELECT id, chat_id, id, file, 0 FROM plan WHERE file IS NOT NULL
    """,
    """
    UPDATE messaging_chat SET last_seq = said.seq FROM (
        SELECT chat_id, max(seq) AS seq FROM plan GROUP BY chat_id
    ) AS said WHERE said.chat_id = messaging_chat.id
    """,
    """
    UPDATE messaging_chat SET last_message_id = said.id, last_activity_at = said.created_at FROM (
        SELECT DISTINCT ON (chat_id) chat_id, id, created_at FROM plan WHERE thread_id IS NULL
        ORDER BY chat_id, seq DESC
    ) AS said WHERE said.chat_id = messaging_chat.id
    """,
    # Now and then somebody hides what they said.
    """
    INSERT INTO messaging_hiddenmessage (id, user_id, message_id, created_at)
    SELECT gen_random_uuid(), author_id, id, created_at FROM plan WHERE seq % 50 = 0
    """,
    # Most have read most.
    """
    UPDATE messaging_participant SET read_seq = mark, delivered_seq = mark, shown_seq = mark FROM (
        SELECT id, greatest(last_seq - 20, 0) AS mark FROM messaging_chat
    ) AS chat WHERE chat.id = chat_id
    """,
]
FOLLOWED = """
    INSERT INTO messaging_threadmark (id, chat_id, root_id, user_id, read_seq, is_following)
    SELECT gen_random_uuid(), chat_id, id, %s, {read}, true FROM messaging_message
    WHERE chat_id = %s AND last_reply_seq IS NOT NULL
"""
HID = """
    INSERT INTO messaging_hiddenmessage (id, user_id, message_id, created_at)
    SELECT gen_random_uuid(), %s, id, now() FROM messaging_message
    WHERE chat_id = %s AND seq %% 5 = 1 ORDER BY seq DESC LIMIT %s
"""


class World(NamedTuple):
    """Whom and what the questions need."""

    busy: User  # in the largest chat, 2,000 behind, and sixty others
    quiet: User  # in three small ones
    idle: User  # in the largest, and has read nothing anywhere
    author: User  # of some in the largest
    large: Chat
    small: Chat
    folder: Folder  # of the busy one, with half of their chats
    words: list[str]


class Talk:
    """Texts whose words are as frequent as in a language (Zipf): *the* in most, *w19000* in a few."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        syllables = [a + b for a in "bdfgklmnprstvz" for b in ("a", "e", "i", "o", "u", "an", "er", "il")]
        made = {"".join(chance.choices(syllables, k=chance.randint(1, 4))) for _ in range(40_000)}
        self.words = ["the", "and", "dawn", "water", *sorted(made)[:20_000]]
        chance.shuffle(tail := self.words[4:])
        self.words[4:] = tail
        self.weights = [1 / (rank + 2) for rank in range(len(self.words))]

    def texts(self, count: int) -> list[str]:
        drawn = iter(self.chance.choices(self.words, self.weights, k=count * 24))
        made = []
        for number in range(count):
            text = " ".join(next(drawn) for _ in range(self.chance.randint(3, 20)))
            if number % 30 == 0:
                text = self.chance.choice([*CHINESE, *JAPANESE, *ARABIC])
            made.append(text)
        return made


def fill(messages: int) -> World:
    """Fill the empty tables of a migrated database with so many messages."""
    chance = random.Random(7)  # noqa: S311 (no secret)
    people = User.objects.bulk_create(
        User(
            email=f"person{number}@example.com",
            username=f"person{number}",
            display_name=f"Person {number}",
            password="!",  # noqa: S106
            email_verified_at=datetime.now(UTC),
        )
        for number in range(PEOPLE)
    )
    busy, quiet = people[0], people[1]
    members = [
        people[:1000] if number == 0 else chance.sample(people[2:], chance.randint(2, 30))
        for number in range(CHATS)
    ]
    members[0] = [person for person in members[0] if person != quiet]
    for number in range(1, 61):
        members[number * 30].append(busy)
    for number in range(SMALL_CHATS):
        members[CHATS - 1 - number].append(quiet)
    chats = Chat.objects.bulk_create(
        Chat(type="group", title=f"Chat {number}", participant_count=len(inside))
        for number, inside in enumerate(members)
    )
    Participant.objects.bulk_create(
        (
            Participant(chat=chat, user=person, role="owner" if person is inside[0] else "member")
            for chat, inside in zip(chats, members, strict=True)
            for person in inside
        ),
        batch_size=BATCH,
    )
    talk = Talk(chance)
    _say(messages, chance, talk, chats, members)
    large, idle = Chat.objects.get(pk=chats[0].pk), members[0][-1]
    _read(max(large.last_seq - BEHIND, 0), chat=large, user=busy)
    _read(0, user=idle)
    with connection.cursor() as cursor:
        cursor.execute(FOLLOWED.format(read="last_reply_seq - 3"), [busy.pk, large.pk])
        cursor.execute(FOLLOWED.format(read="seq"), [idle.pk, large.pk])
        cursor.execute(HID, [busy.pk, large.pk, HIDDEN])
    folder = Folder.objects.create(user=busy, title="Half of them")
    FolderPlace.objects.bulk_create(
        FolderPlace(folder=folder, chat=chats[number * 30], position=number) for number in range(1, 31)
    )
    return World(
        busy=busy,
        quiet=quiet,
        idle=idle,
        author=members[0][500],
        large=large,
        small=chats[CHATS - 1],
        folder=folder,
        words=talk.words,
    )


def _read(seq: int, **whose: Any) -> None:
    Participant.objects.filter(**whose).update(read_seq=seq, delivered_seq=seq, shown_seq=seq)


def _id_at(moment: datetime, chance: random.Random) -> UUID:
    """As `uuid7` would have made it then."""
    return UUID(int=first_id_at(moment).int | 7 << 76 | 2 << 62 | chance.getrandbits(62))


def _say(
    messages: int, chance: random.Random, talk: Talk, chats: list[Chat], members: list[list[User]]
) -> None:
    templates = Message.objects.bulk_create(
        (
            Message(chat=chats[0], seq=seq, author=members[0][0], text=text, fingerprint="")
            for seq, text in enumerate(["a xylophone and nothing else", *talk.texts(TEXTS)], 1)
        ),
        batch_size=BATCH,
    )
    rare = templates.pop(0)
    files = File.objects.bulk_create(
        File(
            owner=members[0][0],
            name=f"photo-{number}.jpg",
            size=1000,
            type="image/jpeg" if number % 2 else "application/pdf",
            kind="image" if number % 2 else "document",
            scan="clean",
            stored=f"files/00/{number}",
        )
        for number in range(100)
    )
    # A few are loud, most are not; the first has a fifth of everything.
    loudness = [0.0, *(1 / (rank + 5) for rank in range(1, CHATS))]
    loudness[0] = sum(loudness) / 4
    loudness = list(accumulate(loudness))
    start, seqs, roots = datetime.now(UTC) - timedelta(days=730), [0] * CHATS, dict[int, UUID]()
    with connection.cursor() as cursor:
        cursor.execute(PLANNED)
        with cursor.copy("COPY plan FROM STDIN") as copy:
            for index in range(messages):
                is_rare = index % (messages // 5) == 0
                number = 0 if is_rare else chance.choices(range(CHATS), cum_weights=loudness)[0]
                template = rare if is_rare else templates[chance.randrange(TEXTS)]
                seqs[number] += 1
                luck, at = chance.random(), start + timedelta(days=729) * (index / messages)
                pk = _id_at(at, chance)
                root = roots.get(number) if luck < 0.05 else None
                if root is None and luck > 0.998:
                    roots[number] = pk
                called = chance.choice(members[number]).pk if 0.1 < luck < 0.12 else None
                has_file = 0.2 < luck < 0.22
                copy.write_row(
                    (
                        pk,
                        chats[number].pk,
                        seqs[number],
                        chance.choice(members[number]).pk,
                        at,
                        template.pk,
                        root,
                        f'["{called}"]' if called else "[]",
                        0.12 < luck < 0.121,
                        chance.choice(files).pk if has_file else None,
                        "voice" if has_file and luck < 0.202 else "file" if has_file else "text",
                    )
                )
        cursor.execute("ANALYZE plan")
        cursor.execute("CREATE TEMPORARY TABLE template AS SELECT * FROM messaging_message")
        Message.objects.all().delete()
        cursor.execute(
            "SELECT column_name FROM information_schema.columns WHERE table_schema = current_schema()"
            " AND table_name = 'messaging_message' AND is_generated = 'NEVER'"
        )
        columns = [name for (name,) in cursor.fetchall()]
        taken = ", ".join(OWN.get(name, f"template.{name}") for name in columns)
        cursor.execute(SAID.format(columns=", ".join(columns), taken=taken))
        for statement in BESIDE:
            cursor.execute(statement)
