"""After-sale services on the shop database: one module a topic, rules in `rules`."""
