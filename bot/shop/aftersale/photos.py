"""Pictures that customers send with a ticket: checked, stored by their content, kept with the ticket."""

import hashlib
from pathlib import Path

from sqlalchemy import func, select

from bot.clock import now
from bot.db import reading, repeated, writing
from bot.files import store_whole
from bot.picture_types import SUFFIXES, picture_type
from bot.settings import get_settings
from bot.shop.access import Access
from bot.shop.aftersale.ticket_rows import owned_ticket
from bot.shop.errors import NotFound, Refused
from bot.shop.service_tables import PhotoRow
from bot.shop.service_views import Photo


@repeated
def add_photo(url: str, access: Access, ticket_no: str, content: bytes) -> Photo:
    """Store a picture with a ticket; the same one twice is stored once.

    Raises:
        NotFound; Refused: photo_type, photo_size, photo_count.
    """
    settings = get_settings().operations.after_sale
    limit = settings.photo_max_mb * 2**20
    if len(content) > limit:
        raise Refused("photo_size", max_bytes=limit)
    photo = Photo(hashlib.sha256(content).hexdigest(), media_type(content), len(content))
    name = photo.id + SUFFIXES[photo.media_type]
    with writing(url) as session:
        ticket = owned_ticket(session, access, ticket_no)
        if session.get(PhotoRow, (ticket.no, photo.id)) is not None:
            return photo
        stored = select(func.count()).select_from(PhotoRow).where(PhotoRow.ticket_no == ticket.no)
        if (session.scalar(stored) or 0) >= settings.photos_per_ticket:
            raise Refused("photo_count", max_count=settings.photos_per_ticket)
        store_whole(folder() / name, content)
        session.add(
            PhotoRow(
                ticket_no=ticket.no, id=photo.id, media_type=photo.media_type, size=photo.size, file=name,
                stored_at=now(),
            )
        )  # fmt: skip
    return photo


def photo_file(url: str, access: Access, ticket_no: str, photo_id: str) -> Path:
    """The file of a ticket's picture.

    Raises:
        NotFound: no such picture, or not this account's.
    """
    with reading(url) as session:
        ticket = owned_ticket(session, access, ticket_no)
        row = session.get(PhotoRow, (ticket.no, photo_id))
        if row is None:
            raise NotFound("photo", photo_id)
        return folder() / row.file


def folder() -> Path:
    """Where pictures lie."""
    return get_settings().var / "photos"


def media_type(content: bytes) -> str:
    """The kind of picture by its first bytes, whatever a sender calls it.

    Raises:
        Refused: photo_type.
    """
    kind = picture_type(content)
    if kind not in SUFFIXES:
        raise Refused("photo_type")
    return kind
