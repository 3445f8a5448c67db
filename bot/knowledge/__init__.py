"""The knowledge base: entries, their search, their freshness, and what customers ask of them."""

from bot.knowledge.asked import forget_asked, note_asked, note_chosen, note_hand_over, note_helpful
from bot.knowledge.current import CurrentIndex, current_index
from bot.knowledge.entries import Entry, read_entries
from bot.knowledge.fields import FieldError, Shop, Words, check_fields, fill
from bot.knowledge.heat import HeatMap, heat_map
from bot.knowledge.search import Found, search
from bot.knowledge.store import EntryImport, find_entry, import_entries, load_entries
from bot.knowledge.vectors import shared_encoder

__all__ = [
    "CurrentIndex",
    "Entry",
    "EntryImport",
    "FieldError",
    "Found",
    "HeatMap",
    "Shop",
    "Words",
    "check_fields",
    "current_index",
    "fill",
    "find_entry",
    "forget_asked",
    "heat_map",
    "import_entries",
    "load_entries",
    "note_asked",
    "note_chosen",
    "note_hand_over",
    "note_helpful",
    "read_entries",
    "search",
    "shared_encoder",
]
