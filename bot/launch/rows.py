"""Where the servers behind nginx listen, and with that how many there may be.

Each kind of server has a row of ports: nginx takes the first, where the profile without a name has its one server, and
the servers behind it take those after. A row ends before the next one begins.
"""

from dataclasses import dataclass

from bot.launch.problems import LaunchError
from bot.launch.supervise import HOST

MOST = 64  # servers of one kind on one machine, however many ports are free: more is a slip of the keys
_BEYOND = 65536  # the first number that is no port


@dataclass(frozen=True)
class Row:
    """The ports of one kind of server.

    Attributes:
        name: what people call it.
        moved_by: the environment variable of its first port, nginx's.
        first: that port.
        count: how many servers stand behind nginx.
        counted_by: the environment variable of that number, where there is one.
    """

    name: str
    moved_by: str
    first: int
    count: int
    counted_by: str = ""

    @property
    def ports(self) -> range:
        """Those of the servers behind nginx."""
        return range(self.first + 1, self.first + 1 + self.count)

    @property
    def addresses(self) -> list[str]:
        """The same with the host."""
        return [f"{HOST}:{port}" for port in self.ports]


def check_room(*rows: Row) -> None:
    """See that every row has the ports it needs.

    Raises:
        LaunchError: one has not, or is too long; says which, and which variables change it.
    """
    standing = sorted((row for row in rows if row.count), key=lambda row: row.first)
    for row, after in zip(standing, [*standing[1:], None], strict=True):
        if row.count > MOST:
            raise LaunchError(f"{row.name}最多 {MOST} 台，不能有 {row.count} 台，请改 {row.counted_by}")
        end = after.first if after else _BEYOND
        if row.ports.stop <= end:
            continue
        needs = f"{row.name}有 {row.count} 台，要用端口 {row.first} 到 {row.ports.stop - 1}（第一个归 nginx）"
        ends = f"但{after.name}的端口从 {end} 开始" if after else f"但端口最大是 {end - 1}"
        room = end - row.first - 1
        fewer = f"请把 {row.counted_by} 改成不超过 {room}，或者" if row.counted_by and room > 0 else "请"
        raise LaunchError(f"{needs}，{ends}。{fewer}换一个端口：{(after or row).moved_by}")
