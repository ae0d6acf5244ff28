"""A letter handed to the mail server, and what the server says to it."""

from __future__ import annotations

import smtplib
from contextlib import suppress

from django.core.mail import get_connection

from notifications.mails import Letter, compose
from notifications.outcomes import Outcome, Result


def send_letter(letter: Letter) -> Outcome:
    """Try once.

    What the server says of the recipient or the mail itself is taken at its word: 4yz is for now, 5yz for good
    (RFC 5321 §4.2.1). What it has against us, our address, our password, our greeting, somebody has to mend:
    it is tried again, like any trouble on the way.
    """
    message = compose(letter)
    try:
        connection = get_connection()
        connection.open()
        try:
            connection.send_messages([message])
        finally:
            with suppress(Exception):  # it has taken the mail, or said why not
                connection.close()
    except smtplib.SMTPRecipientsRefused as refusal:
        [(code, words)] = refusal.recipients.values()
        return _said(code, words, is_about_it=True)
    except smtplib.SMTPDataError as refusal:
        return _said(refusal.smtp_code, refusal.smtp_error, is_about_it=True)
    except smtplib.SMTPResponseException as refusal:
        return _said(refusal.smtp_code, refusal.smtp_error, is_about_it=False)
    except smtplib.SMTPNotSupportedError as refusal:  # an address that this server can't write to (RFC 6531)
        return Outcome(result=Result.REFUSED, code="not_supported", answer=str(refusal))
    except TimeoutError:
        return _again("timeout", "The mail server took too long.")
    except smtplib.SMTPServerDisconnected as trouble:
        return _again("disconnected", str(trouble))
    except (smtplib.SMTPException, OSError) as trouble:
        return _again("unreachable", f"{type(trouble).__name__}: {trouble}")
    return Outcome.sent()


def _said(code: int, words: bytes | str, *, is_about_it: bool) -> Outcome:
    text = words.decode(errors="replace") if isinstance(words, bytes) else words
    is_final = is_about_it and 500 <= code < 600
    result = Result.REFUSED if is_final else Result.AGAIN
    return Outcome(result=result, code=f"smtp_{code}", answer=f"{code} {text}")


def _again(code: str, answer: str) -> Outcome:
    return Outcome(result=Result.AGAIN, code=code, answer=answer)
