"""Programs that look for a way out: the network, the scans, the kernel. Each ends with 70 and more if it finds one."""

from __future__ import annotations

from operator import attrgetter

import pytest

from tests.containers.hostile.harness import NOTHING_FOUND, Gauntlet, Hostile

pytestmark = pytest.mark.containers

ANSWER = "\nfor case in cases: answer(case)\n"
SYSTEM_CALL = """
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
def call(number, *arguments):
    if libc.syscall(number, *(ctypes.c_long(value) for value in arguments)) < 0:
        raise OSError(ctypes.get_errno(), "refused")
"""
PROGRAMS = (
    Hostile(
        name="raw, packet, VM and kernel-crypto sockets",
        script="import socket\nall_refused(lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, 1),"
               " lambda: socket.socket(socket.AF_INET6, socket.SOCK_RAW, 58), lambda: socket.socket(17, 3),"
               " lambda: socket.socket(40, 1), lambda: socket.socket(38, 5))" + ANSWER,
        ends=NOTHING_FOUND,
    ),
    Hostile(
        name="a way out: interfaces, routes, addresses, neighbours",
        script="import socket\nassert [name for _, name in socket.if_nameindex()] == ['lo']\n"
               "lines = open('/proc/net/route').read().splitlines()[1:]\nassert lines == []\n"
               "def six():\n  try: return open('/proc/net/ipv6_route').read().splitlines()\n"
               "  except OSError: return []\n"
               "assert {line.split()[-1] for line in six()} <= {'lo'}\n"
               "assert open('/proc/net/arp').read().splitlines()[1:] == []\n"
               "assert open('/proc/net/tcp').read().splitlines()[1:] == []\n"
               "for port in (22, 80, 2375, 5432, 5672):\n"
               "  all_refused(lambda: socket.create_connection(('127.0.0.1', port), timeout=1))" + ANSWER,
        ends=NOTHING_FOUND,
    ),
    Hostile(
        name="the engine's socket and abstract sockets of the machine",
        script="import glob, socket\nassert not glob.glob('/run/*.sock') + glob.glob('/var/run/docker*')\n"
               "seen = open('/proc/net/unix').read().splitlines()[1:]\nassert seen == []" + ANSWER,
        ends=NOTHING_FOUND,
    ),
    Hostile(
        name="writing, replacing and remounting the scans",
        script=SYSTEM_CALL + "scan = '/input/' + cases[0]['ct']\n"
               "path = ctypes.cast(ctypes.create_string_buffer(b'/input'), ctypes.c_void_p).value\n"
               "all_refused(lambda: open(scan, 'r+b'), lambda: os.remove(scan), lambda: os.chmod(scan, 0o777),"
               " lambda: open('/input/new', 'w'), lambda: os.rename('/input/cases.json', '/input/c'),"
               " lambda: os.utime(scan), lambda: os.truncate(scan, 0), lambda: os.link(scan, '/output/x'),"
               " lambda: call(165, 0, path, 0, 32, 0), lambda: call(166, path, 2), lambda: os.setxattr(scan,"
               " 'user.x', b'1'))" + ANSWER,
        ends=NOTHING_FOUND,
    ),
    Hostile(
        name="kernel settings, memory and messages in /proc and /sys",
        script="def write(path): return lambda: open(path, 'r+b')\n"
               "all_refused(*map(write, ['/proc/sysrq-trigger', '/proc/sys/kernel/core_pattern',"
               " '/proc/sys/kernel/hostname', '/proc/sys/vm/drop_caches', '/proc/sys/net/ipv4/ip_forward',"
               " '/sys/kernel/uevent_helper', '/sys/fs/cgroup/release_agent']),"
               " lambda: open('/proc/kmsg').read(1), lambda: open('/dev/mem'), lambda: open('/dev/kmsg'),"
               " lambda: open('/sys/firmware/x'))\n"
               "def empty(path):\n  try: return open(path, 'rb').read(64) == b''\n  except OSError: return True\n"
               "assert empty('/proc/kcore') and empty('/proc/keys') and empty('/proc/timer_list')\n"
               "assert not os.listdir('/sys/firmware') and not os.listdir('/proc/acpi')" + ANSWER,
        ends=NOTHING_FOUND,
    ),
    Hostile(
        name="raising its own limits through control groups",
        script="import glob\npaths = glob.glob('/sys/fs/cgroup/**/*limit*', recursive=True)"
               " + glob.glob('/sys/fs/cgroup/**/*max*', recursive=True) + glob.glob('/sys/fs/cgroup/**/devices.allow',"
               " recursive=True)\n"
               "for path in paths:\n  try: open(path, 'r+b')\n  except OSError: continue\n  os._exit(70)" + ANSWER,
        ends=NOTHING_FOUND,
    ),
    Hostile(
        name="system calls that change the machine or look into others",
        script=SYSTEM_CALL + "all_refused(*(lambda number=number: call(number, 0, 0, 0, 0, 0) for number in"
               " (155, 161, 163, 165, 167, 168, 169, 170, 175, 246, 248, 250, 272, 298, 304, 308, 313, 321, 323,"
               " 425, 428, 429, 430)), lambda: os.mknod('/tmp/sda', 0o60600, os.makedev(8, 0)),"
               " lambda: os.mknod('/output/sda', 0o60600, os.makedev(8, 0)), lambda: os.chroot('/tmp'),"
               " lambda: os.nice(-5), lambda: call(227, 0, path) if (path := 0) else call(227, 0, 0))" + ANSWER,
        ends=NOTHING_FOUND,
    ),
    Hostile(
        name="names of hospital, case, host and secrets in what it can see",
        script="seen = open('/proc/self/mountinfo').read() + json.dumps(dict(os.environ)) + open('/proc/mounts').read()"
               " + open('/etc/hosts').read() + os.uname().nodename + repr(os.listdir('/input')) + repr(cases)\n"
               "for word in ('case0', 'lakeside', 'patient', 'cohort', 'DATABASE', 'BROKER', 'PASSWORD'):\n"
               "  if word in seen: os._exit(70)" + ANSWER,
        ends=NOTHING_FOUND,
    ),
)  # fmt: skip


@pytest.mark.parametrize("hostile", PROGRAMS, ids=attrgetter("name"))
def test_it_finds_no_way_out_and_gets_the_score_of_its_answers(gauntlet: Gauntlet, hostile: Hostile) -> None:
    gauntlet.passes(hostile)
