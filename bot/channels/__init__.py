"""Connectors between customers and the bot: each verifies, stores, removes duplicates, translates and sends."""
