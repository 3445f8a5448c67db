"""Sends a text to the places that endpoints.yml names under `digest`: a group robot's webhook, e-mail."""

import smtplib
from email.message import EmailMessage

import requests

from bot.service_settings import Digest

_SECONDS = 10


class DigestError(RuntimeError):
    """The digest could not be sent; says where and what to do."""


def send(settings: Digest, subject: str, text: str) -> list[str]:
    """Send to every place that endpoints.yml names; the places that took it.

    Raises:
        DigestError: a place did not take it; the others have been tried all the same.
    """
    taken, failed = [], []
    for place, deliver in (("webhook", _post), ("email", _mail)):
        if not getattr(settings, place):
            continue
        try:
            deliver(settings, subject, text)
            taken.append(place)
        except (OSError, requests.RequestException, smtplib.SMTPException) as error:
            # Its own text may hold the address with its key.
            failed.append(f"{place}（{type(error).__name__}）")
    if failed:
        raise DigestError(f"没有发到 {'、'.join(failed)}，请检查 endpoints.yml 的 digest 和网络")
    return taken


def _post(settings: Digest, subject: str, text: str) -> None:
    bodies = {
        "wecom": {"msgtype": "markdown", "markdown": {"content": text}},
        "dingtalk": {"msgtype": "markdown", "markdown": {"title": subject, "text": text}},
        "feishu": {"msg_type": "text", "content": {"text": text}},
        "json": {"text": text},
    }
    answer = requests.post(settings.webhook, json=bodies[settings.format], timeout=_SECONDS)
    answer.raise_for_status()


def _mail(settings: Digest, subject: str, text: str) -> None:
    message = EmailMessage()
    message["Subject"], message["From"], message["To"] = subject, settings.sender, ", ".join(settings.email)
    message.set_content(text)
    server_class = smtplib.SMTP_SSL if settings.smtp_port == 465 else smtplib.SMTP
    with server_class(settings.smtp_host, settings.smtp_port, timeout=_SECONDS) as server:
        if settings.smtp_port == 587:
            server.starttls()
        if settings.smtp_user:
            server.login(settings.smtp_user, settings.smtp_password)
        server.send_message(message)
