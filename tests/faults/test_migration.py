"""Two versions side by side: the next one migrates the tables under load and serves beside the old one."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import create_engine, inspect

from bot.settings import ROOT, endpoints_files
from tests.faults.cluster import Cluster
from tests.faults.conftest import UnderLoad
from tests.faults.customers import Load
from tests.running import free_ports

pytestmark = pytest.mark.faults
RELEASED = ("actions", "bot", "data", "config.yml", "domain.yml", *(file.name for file in endpoints_files()))
# What the next version adds to each room: columns that its predecessor does not know, and an index.
ADDED = {"conversations": "conversation_messages", "shop": "orders", "runtime": "tracker_turns", "events": "events_log"}
MIGRATION = '''"""What the next version adds."""

import sqlalchemy as sa
from alembic import op

revision = "next"
down_revision = "{last}"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("{table}", sa.Column("next_note", sa.String(40), server_default="", nullable=False))
    op.create_index("ix_next_{table}", "{table}", ["next_note"])


def downgrade() -> None:
    op.drop_index("ix_next_{table}", "{table}")
    op.drop_column("{table}", "next_note")
'''


@pytest.fixture
def release(tmp_path: Path) -> Path:
    """A folder with the next version."""
    folder = tmp_path / "next"
    folder.mkdir()
    left_out = shutil.ignore_patterns("__pycache__", "node_modules", "dist")
    for name in RELEASED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=left_out)
        else:
            shutil.copyfile(source, folder / name)
    (folder / "models").symlink_to(ROOT / "models")
    for room, table in ADDED.items():
        versions = folder / "bot" / room / "migrations" / "versions"
        last = max(file.stem for file in versions.glob("0*.py"))[:4]
        (versions / "next.py").write_text(MIGRATION.format(last=last, table=table))
    return folder


def test_two_versions_with_a_migration_between(cluster: Cluster, under_load: UnderLoad, release: Path) -> None:
    def breaking(load: Load) -> None:
        with next_server(cluster, release):
            migrated = subprocess.run(
                [sys.executable, "-m", "bot", "migrate"],
                cwd=release,
                env=variables_of(cluster),
                capture_output=True,
                text=True,
                timeout=120,
            )
            assert migrated.returncode == 0, migrated.stdout + migrated.stderr
            assert all(has_note(cluster, table) for table in ADDED.values())
            load.wait_answers(10)
            for kind in ("rasa", "actions", "web", "events"):  # of the old version, on the new tables
                cluster.kill(kind)
            cluster.await_all()
            load.wait_answers(10)
        load.wait_answers(5)  # back to the old version alone

    try:
        under_load(breaking, puts_off=True)  # two versions start beside each other and want the processor
    finally:
        engine = create_engine(cluster.database)
        with engine.begin() as connection:  # the tables as the other tests know them
            for room, table in ADDED.items():
                if has_note(cluster, table):
                    connection.exec_driver_sql(f"ALTER TABLE {table} DROP COLUMN next_note")
                last = max(f.stem for f in (ROOT / "bot" / room / "migrations" / "versions").glob("0*.py"))[:4]
                connection.exec_driver_sql(f"UPDATE alembic_version_{room} SET version_num = '{last}'")
        engine.dispose()


def has_note(cluster: Cluster, table: str) -> bool:
    """Whether the next version's column is there."""
    engine = create_engine(cluster.database)
    try:
        return any(column["name"] == "next_note" for column in inspect(engine).get_columns(table))
    finally:
        engine.dispose()


def variables_of(cluster: Cluster) -> dict[str, str]:
    """The environment of a server that `make run` has not started."""
    port = cluster.variables["DIANXIAOER_ACTION_PORT"]
    return {
        **cluster.variables,
        "DIANXIAOER_ACTIONS_URL": f"http://127.0.0.1:{port}",
        "DIANXIAOER_OWN_PROXIES": "1",
        "RASA_TELEMETRY_ENABLED": "false",
    }


@contextmanager
def next_server(cluster: Cluster, release: Path) -> Iterator[None]:
    """A Rasa server of the next version, which takes its share of the messages."""
    port = free_ports(1)[0]
    command = [sys.executable, "-W", "ignore", "-m", "bot.launch.rasa_server", "--interface", "127.0.0.1"]
    command += ["--port", str(port), "--credentials", cluster.variables["DIANXIAOER_CREDENTIALS"]]
    command += ["--endpoints", str(cluster.var / "endpoints.yml")]
    with (cluster.var / "log" / "rasa-next.log").open("w") as log:
        # Not one of the cluster's own, which are counted.
        server = subprocess.Popen(command, cwd=release, env=variables_of(cluster), stdout=log, stderr=log)
    try:
        cluster.await_port(port, server)
        yield
    finally:
        os.kill(server.pid, signal.SIGTERM)
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait(20)
