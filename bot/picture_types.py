"""What kind of picture some bytes are, by how they begin, whatever a sender calls them."""

# JPEG, PNG and WebP: what pages, the desk and tickets take. Animated stickers of chat platforms are GIFs.
SUFFIXES = {"image/jpeg": ".jpg", "image/png": ".png", "image/webp": ".webp"}
GIF = "image/gif"
LONGEST_START = 12  # bytes that tell the kind


def picture_type(start: bytes) -> str | None:
    """The media type of a JPEG, PNG, WebP or GIF from its first bytes; None for anything else."""
    if start.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if start.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if start[:4] == b"RIFF" and start[8:12] == b"WEBP":
        return "image/webp"
    return GIF if start.startswith((b"GIF87a", b"GIF89a")) else None
