"""Money as the shop shows it."""


def format_fen(fen: int) -> str:
    """`fen` (分) as text: 599900 → "¥5,999.00"."""
    sign, fen = ("-", -fen) if fen < 0 else ("", fen)
    return f"{sign}¥{fen // 100:,}.{fen % 100:02d}"
