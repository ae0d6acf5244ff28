"""Figures of sockets."""

import pytest

from common.tests.test_metrics import more, scraped, value
from messaging.services import send_message

from .clients import Client, enter, in_thread, live, token_of

pytestmark = pytest.mark.django_db(transaction=True)

scrape = in_thread(scraped)
grown = in_thread(more)


@live
async def test_open_sockets_and_what_goes_through_them_are_told(layla, omar, group):
    before = await scrape()
    one, other = await enter(layla), await enter(omar, f"/ws/chats/{group.pk}")
    during = await scrape()
    await in_thread(send_message)(actor=layla, chat=group, text="We leave at dawn.")
    for client in (one, other):
        await client.until("message.sent")

    assert value(during, "serai_sockets", kind="all") == 1
    assert value(during, "serai_sockets", kind="one_topic") == 1
    assert value(during, "serai_socket_topics") == 3  # the chat, and each one's own stream
    assert value(during, "serai_socket_queued_frames") == 0
    assert await grown(during, "serai_socket_frames_sent_total") >= 2  # who is there may pass by as well
    assert (
        value(during, "serai_socket_frames_received_total")
        - value(before, "serai_socket_frames_received_total")
        == 2
    )
    assert await grown(during, "serai_fan_out_delay_seconds_count") == 1  # once, however many hear it
    assert await grown(during, "serai_events_total", type="message.sent") == 1


@live
async def test_resumes_are_told_by_what_came_of_them(layla, group):
    before, client = await scrape(), await enter(layla)

    for seq in (0, 7):
        await client.say("resume", chats={str(group.pk): seq})
        await client.until("resumed")

    assert await grown(before, "serai_socket_resumes_total", outcome="whole") == 1
    assert await grown(before, "serai_socket_resumes_total", outcome="reset") == 1


@live
async def test_closes_are_told_by_their_code(layla):
    before = await scrape()
    client = await Client(token=await token_of(layla)).open()

    await client.say_text("no frame")
    await client.closed()

    assert await grown(before, "serai_socket_closes_total", code="BAD_FRAME") == 1
