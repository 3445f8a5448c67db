"""Chatwoot's application API, as https://developers.chatwoot.com/api-reference describes it."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any
from urllib.parse import urljoin

import aiohttp

from bot.bodies import read_within
from bot.chatwoot_settings import DeskEndpoint

INCOMING, OUTGOING = 0, 1  # `message_type` of the messages that the API lists
_UPLOAD = 3  # how many times longer than another call one with files may take


@dataclass(frozen=True)
class File:
    """Something to attach to a message; `kind` is its media type."""

    name: str
    kind: str
    content: bytes


class ChatwootError(Exception):
    """A call failed; `status` is 0 where no answer came. `again`: the same call may succeed later."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(f"{status or '没有回答'} {words}"[:300])
        self.status = status

    @property
    def again(self) -> bool:
        return self.status not in (400, 404, 413, 422)


class Client:
    """Calls of one account, with one inbox of the type API; an asynchronous context manager."""

    def __init__(self, endpoint: DeskEndpoint) -> None:
        self._base = f"{endpoint.url}/api/v1/accounts/{endpoint.account_id}"
        self._inbox = endpoint.inbox_id
        self._headers = {"api_access_token": endpoint.token}
        self._bot = {"api_access_token": endpoint.bot_token} if endpoint.bot_token else None
        self._timeout = endpoint.timeout
        self.longest = _UPLOAD * endpoint.timeout  # seconds after which no call is carried out any more

    async def __aenter__(self) -> "Client":
        # The token goes with each call, not with the session: files may lie on a server that is not Chatwoot's.
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=self._timeout))
        return self

    async def __aexit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self._session.close()

    async def contact(self, identifier: str, name: str) -> tuple[int, str]:
        """(contact, source id in the inbox) of who is known here as `identifier`, made where there is none.

        Raises:
            ChatwootError: it could not be done.
        """
        body = {"inbox_id": self._inbox, "name": name, "identifier": identifier}
        try:
            made = (await self._call("POST", "/contacts", body))["payload"]
            return int(made["contact"]["id"]), str(made["contact_inbox"]["source_id"])
        except ChatwootError as error:
            if error.status != 422:  # 422: the identifier is taken, by an earlier attempt
                raise
        found = (await self._call("GET", "/contacts/search", params={"q": identifier}))["payload"]
        mine = next((one for one in found if one.get("identifier") == identifier), None)
        if mine is None:
            raise ChatwootError(422, "联系人建不了，也找不到")
        for one in mine.get("contact_inboxes") or []:
            if one["inbox"]["id"] == self._inbox:
                return int(mine["id"]), str(one["source_id"])
        body = {"inbox_id": self._inbox, "source_id": identifier}
        return int(mine["id"]), str(
            (await self._call("POST", f"/contacts/{mine['id']}/contact_inboxes", body))["source_id"]
        )

    async def conversation(self, contact: int, source: str) -> int:
        """The contact's newest conversation in the inbox, begun where there is none.

        Raises:
            ChatwootError: it could not be done.
        """
        known = (await self._call("GET", f"/contacts/{contact}/conversations"))["payload"]
        mine = [int(one["id"]) for one in known if one["inbox_id"] == self._inbox]
        if mine:
            return max(mine)
        # With an agent bot it begins as the bot's: only what it had can be handed over.
        status = "pending" if self._bot else "open"
        body = {"source_id": source, "inbox_id": self._inbox, "contact_id": contact, "status": status}
        return int((await self._call("POST", "/conversations", body))["id"])

    async def delete_contact(self, contact: int) -> None:
        """The contact with its conversations and messages; one that is gone already is no error.

        Raises:
            ChatwootError: it could not be done.
        """
        try:
            await self._call("DELETE", f"/contacts/{contact}")
        except ChatwootError as error:
            if error.status != 404:
                raise

    async def status(self, conversation: int) -> str:
        """ "open", "resolved", "pending" or "snoozed"."""
        return str((await self._call("GET", f"/conversations/{conversation}"))["status"])

    async def set_status(self, conversation: int, status: str) -> None:
        """Open it for agents, give it back to the bot ("pending"), or resolve it.

        An agent bot that opens what was pending hands over: Chatwoot counts it so (`bot_handoff`).
        """
        path = f"/conversations/{conversation}/toggle_status"
        await self._call("POST", path, {"status": status}, headers=self._bot if status == "open" else None)

    async def post(self, conversation: int, text: str, *, private: bool, files: Sequence[File] = ()) -> int:
        """The id of a new message: a private note among agents, or the customer's."""
        kind = "outgoing" if private else "incoming"
        path = f"/conversations/{conversation}/messages"
        if not files:
            body = {"content": text, "message_type": kind, "private": private}
            return int((await self._call("POST", path, body))["id"])
        form = aiohttp.FormData({"content": text, "message_type": kind, "private": str(private).lower()})
        for file in files:
            form.add_field("attachments[]", file.content, filename=file.name, content_type=file.kind)
        timeout = aiohttp.ClientTimeout(total=self.longest)
        return int((await self._call("POST", path, data=form, timeout=timeout))["id"])

    async def fetch(self, address: str, limit: int) -> bytes | None:
        """An attachment's content; None where it is not to be had: longer than `limit` bytes, gone, no web address.

        Raises:
            ChatwootError: it may be had later.
        """
        url = urljoin(self._base, address)
        if not url.startswith(("http://", "https://")):
            return None
        try:
            async with self._session.get(url) as answer:
                content = await read_within(answer, limit)
                if answer.status >= 400:
                    error = ChatwootError(answer.status, "附件取不到")
                    if error.again and answer.status not in (401, 403, 410):
                        raise error
                    return None
        except (aiohttp.ClientError, asyncio.TimeoutError, ValueError) as error:
            raise ChatwootError(0, type(error).__name__) from error
        return content

    async def messages(self, conversation: int, after: int) -> list[dict[str, Any]]:
        """The next messages (at most 100) with a higher id than `after`, in order."""
        params = {"after": str(after)}
        found = (await self._call("GET", f"/conversations/{conversation}/messages", params=params))["payload"]
        return sorted((one for one in found if one["id"] > after), key=lambda one: int(one["id"]))

    async def _call(
        self, method: str, path: str, body: Any = None, *, headers: dict[str, str] | None = None, **more: Any
    ) -> Any:
        """The answer's JSON; None where it has no body."""
        if body is not None:
            more["json"] = body
        try:
            async with self._session.request(
                method, self._base + path, headers=headers or self._headers, **more
            ) as answer:
                if answer.status >= 400:
                    raise ChatwootError(answer.status, (await answer.text())[:200])
                return await answer.json() if await answer.read() else None
        except (aiohttp.ClientError, asyncio.TimeoutError, ValueError) as error:
            raise ChatwootError(0, type(error).__name__) from error
