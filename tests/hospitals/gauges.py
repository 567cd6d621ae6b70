"""What the platform costs: processor, memory, the database's work, and what passed through the broker."""

from __future__ import annotations

import os
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import requests
from psycopg.rows import dict_row

from tests.hospitals.services import Services

TICKS = os.sysconf("SC_CLK_TCK")
WORK = """SELECT xact_commit, xact_rollback, deadlocks, tup_returned,
    tup_inserted + tup_updated + tup_deleted AS tup_written
FROM pg_stat_database WHERE datname = current_database()"""
STATEMENTS = """SELECT sum(calls)::bigint AS calls, sum(total_exec_time) AS milliseconds FROM pg_stat_statements
WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database())"""
DEAREST = """SELECT calls, total_exec_time AS milliseconds,
    left(regexp_replace(regexp_replace(query, '\\s+', ' ', 'g'), '^SELECT .*? FROM', 'SELECT … FROM'), 160) AS query
FROM pg_stat_statements WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
ORDER BY total_exec_time DESC LIMIT 6"""


@dataclass(frozen=True, kw_only=True)
class Used:
    """By a process and all below it: seconds of a processor since they began, bytes of memory that are theirs."""

    seconds: float
    memory: int


@dataclass(frozen=True, kw_only=True)
class Reading:
    """All gauges at one moment; counts are since the beginning."""

    at: float
    used: dict[str, Used]
    database: dict[str, float]


def read(pids: dict[str, int], database: str) -> Reading:
    return Reading(at=time.time(), used={name: used(pid) for name, pid in pids.items()}, database=counts(database))


def used(pid: int) -> Used:
    """What has ended and was waited for is in its parent's times."""
    family = _family(pid)
    return Used(seconds=sum(map(_seconds, family)), memory=sum(map(_memory, family)))


def observe_statements(services: Services) -> None:
    """Have PostgreSQL count its statements: it is started again for that."""
    with psycopg.connect(services.database_url("postgres"), autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET shared_preload_libraries = 'pg_stat_statements'")
    services.postgresql.stop()
    services.postgresql.start()
    services.postgresql.wait_until(services.database_answers)


def count_statements(database: str) -> None:
    """From now on."""
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
        connection.execute("SELECT pg_stat_statements_reset()")


def counts(database: str) -> dict[str, float]:
    with psycopg.connect(database, row_factory=dict_row) as connection:
        rows = [connection.execute(query).fetchone() or {} for query in (WORK, STATEMENTS)]
    return {name: float(value or 0) for row in rows for name, value in row.items()}


def dearest(database: str) -> list[str]:
    """The statements that took the database longest."""
    with psycopg.connect(database, row_factory=dict_row) as connection:
        rows = connection.execute(DEAREST).fetchall()
    return [f"{row['milliseconds'] / 1000:7.1f} s in {row['calls']:8,d} calls: {row['query']}" for row in rows]


@dataclass(frozen=True, kw_only=True)
class Queue:
    """``taken`` are the messages that whoever reads the queue said it has; ``waiting`` those that it has not."""

    name: str
    published: int
    taken: int
    waiting: int


def queues(services: Services) -> list[Queue]:
    """As RabbitMQ's statistics know them, which are some seconds old."""
    answer = requests.get(f"{services.admin_url}/api/queues/%2F", timeout=30)
    answer.raise_for_status()
    return [_queue(document) for document in answer.json()]


def _queue(document: dict[str, Any]) -> Queue:
    stats = document.get("message_stats", {})
    return Queue(
        name=document["name"],
        published=stats.get("publish", 0),
        taken=stats.get("ack", 0),
        waiting=document.get("messages", 0),
    )


def _family(pid: int) -> list[int]:
    children = defaultdict[int, list[int]](list)
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and (stat := _stat(int(folder.name))):
            children[int(stat[1])].append(int(folder.name))
    found = [pid]
    for member in found:
        found += children[member]
    return found


def _stat(pid: int) -> list[str]:
    """From the state on, which is the third field: names may hold blanks."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []  # it has just ended


def _seconds(pid: int) -> float:
    return sum(map(int, _stat(pid)[11:15])) / TICKS  # its own, in user and system mode, and its children's


def _memory(pid: int) -> int:
    """What is shared counts in parts."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))
