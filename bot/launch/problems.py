"""What can stop a start, said in one Chinese line."""

import errno


class LaunchError(Exception):
    """The start cannot go on; the message is in Chinese and says what to do."""


def explain(error: OSError) -> LaunchError:
    """An error of the operating system as a line that says what to do."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return LaunchError("磁盘满了，请腾出空间后重试（make clean 可以删除旧模型和缓存）")
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return LaunchError(f"没有权限写 {error.filename}，请检查目录的属主和权限")
    return LaunchError(f"系统错误：{error}")
