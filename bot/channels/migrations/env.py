"""Alembic's environment of the chat log; `bot.db.upgrade` fills the configuration."""

from alembic import context

from bot.channels.tables import Base
from bot.db import engine_for

config = context.config


def run() -> None:
    """Migrate in one transaction; batch mode because SQLite cannot alter a table in place."""
    engine = engine_for(config.attributes["url"]).execution_options(writes=True)
    with engine.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=Base.metadata,
            version_table=config.attributes["version_table"],
            render_as_batch=True,
        )
        with context.begin_transaction():
            context.run_migrations()
        connection.commit()


run()
