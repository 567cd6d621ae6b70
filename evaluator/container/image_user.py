"""Who a container runs as: the image's USER resolved to numbers in the image's own files, never root.

The engine resolves a name when the container starts, in files the image brings; numbers cannot be redirected.
"""

from __future__ import annotations

from dataclasses import dataclass

from evaluator.container.engine import ContainerEngine
from evaluator.container.images import ImageRecord
from evaluator.errors import ImageRefused

LARGEST_ID = 2**31 - 1
LARGEST_FILE = 1024**2
UNPRIVILEGED = 10001
ADD_A_USER = "Add `RUN useradd --uid 10001 user` and `USER 10001:10001` to the Dockerfile, and build it again."


@dataclass(frozen=True, kw_only=True)
class UserIds:
    uid: int
    gid: int


def resolve_user(engine: ContainerEngine, digest: str, user: str) -> UserIds:
    """The numbers behind ``name``, ``uid``, ``name:group`` or ``uid:gid``; no USER is root."""
    name, _, group = user.partition(":")
    passwd = [] if name.isdigit() and group.isdigit() else _table(engine, digest, "/etc/passwd")
    if not name:
        name = "0"
    if name.isdigit():
        entry = next((row for row in passwd if row[2:3] == [name]), None)
    else:
        entry = next((row for row in passwd if row[0] == name), None)
        if entry is None:
            raise ImageRefused(
                f"The image's USER {name!r} is not in its /etc/passwd.",
                why="A container of it could not start.",
                next_step=ADD_A_USER,
            )
    uid = _number(name if name.isdigit() else _field(entry, 2), user)
    if group:
        return UserIds(uid=uid, gid=_group(engine, digest, group, user))
    return UserIds(uid=uid, gid=_number(_field(entry, 3) if entry else "0", user))


def run_as(image: ImageRecord, *, replace_root: bool) -> str:
    """``uid:gid`` to run the image as: root is refused or, where the contract says so, replaced by 10001."""
    if image.uid != 0:
        return f"{image.uid}:{image.gid}"
    if replace_root:
        return f"{UNPRIVILEGED}:{UNPRIVILEGED}"
    raise ImageRefused(
        "The image runs as root.",
        why="Under this contract the image's own USER is honoured, and it must not be root.",
        next_step=ADD_A_USER,
    )


def _group(engine: ContainerEngine, digest: str, group: str, user: str) -> int:
    if group.isdigit():
        return _number(group, user)
    entry = next((row for row in _table(engine, digest, "/etc/group") if row[0] == group), None)
    if entry is None:
        raise ImageRefused(
            f"The image's group {group!r} is not in its /etc/group.",
            why="A container of it could not start.",
            next_step=ADD_A_USER,
        )
    return _number(_field(entry, 2), user)


def _table(engine: ContainerEngine, digest: str, path: str) -> list[list[str]]:
    content = engine.read_image_file(digest, path, max_bytes=LARGEST_FILE) or b""
    lines = content.decode("utf-8", "replace").splitlines()
    return [line.strip().split(":") for line in lines if line.strip() and not line.lstrip().startswith("#")]


def _field(entry: list[str] | None, index: int) -> str:
    return entry[index] if entry is not None and len(entry) > index else ""


def _number(text: str, user: str) -> int:
    if not (text.isascii() and text.isdigit()) or int(text) > LARGEST_ID:
        raise ImageRefused(
            f"The image's USER {user!r} does not resolve to a user id.",
            why=f"Ids are whole numbers from 0 to {LARGEST_ID}.",
            next_step=ADD_A_USER,
        )
    return int(text)
