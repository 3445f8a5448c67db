"""The commands of `python -m bot`, a module a room; each has `add_to(commands)`."""
