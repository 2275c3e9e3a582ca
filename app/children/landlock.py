"""Landlock: the kernel keeps this process, and all that it starts later, to a few paths and one port.

Needs no rights and no library. An older kernel enforces less of it, and one without it nothing: `abi` says
which. The limits that it does not know (UDP, sockets that have a path) stay open.
"""

import ctypes
import functools
import os
import site
import stat
import struct
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
GIVE_VERSION = 1
PATH_BENEATH, NET_PORT = 1, 2
SET_NO_NEW_PRIVS = 38

# https://docs.kernel.org/userspace-api/landlock.html
EXECUTE, WRITE_FILE, READ_FILE, READ_DIR, REMOVE_DIR, REMOVE_FILE = (1 << bit for bit in range(6))
MAKE_DIR, MAKE_REG = 1 << 7, 1 << 8
TRUNCATE = 1 << 14
FOR_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE
# The highest right that each version of the interface knows.
RIGHTS_BY_ABI = {1: 1 << 12, 2: 1 << 13, 3: 1 << 14, 4: 1 << 14, 5: 1 << 15}
BIND_TCP, CONNECT_TCP = 1, 2
TCP_SINCE, SCOPES_SINCE = 4, 6
ABSTRACT_SOCKETS_AND_SIGNALS = 3

READ = READ_FILE | READ_DIR
RUN = READ_FILE | EXECUTE
# No links, pipes, sockets or devices: whoever looks into the folder later finds files.
WRITE = READ | WRITE_FILE | TRUNCATE | MAKE_REG | MAKE_DIR | REMOVE_FILE | REMOVE_DIR
CHANGE = READ_FILE | WRITE_FILE | TRUNCATE

# What any program here needs before it can do anything; none of it is ours or anybody's.
LIBRARIES = ("/usr/lib", "/usr/lib32", "/usr/lib64", "/usr/local/lib", "/lib", "/lib64", "/nix/store")
SYSTEM_FILES = (
    *("ld.so.cache", "localtime", "nsswitch.conf", "hosts", "host.conf", "gai.conf", "resolv.conf"),
    *("services", "protocols", "mime.types", "passwd", "os-release"),
    *("ssl", "pki", "ca-certificates", "crypto-policies"),
)
SHARED = ("/usr/share/zoneinfo", "/usr/share/ca-certificates", "/usr/local/share/ca-certificates")
DEVICES = ("/dev/null", "/dev/zero", "/dev/random", "/dev/urandom")
LOADERS = ("/lib", "/lib64")
PACKAGES = ("site-packages", "dist-packages")

Rule = tuple[str, int]

_loaded_from: list[str] = []


def abi() -> int:
    """The version of Landlock that this kernel enforces; 0 where it has none or it is switched off."""
    version = _libc().syscall(CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(GIVE_VERSION))
    return max(0, int(version))


def prepare(*folders: str) -> None:
    """Find out once, before a fork, what else each child would find out for itself.

    `folders` are further ones that this interpreter loads modules from.
    """
    _loaded_from.extend(folders)
    _system()


def restrict(
    *,
    reads: Iterable[str] = (),
    writes: Iterable[str] = (),
    programs: Iterable[str] = (),
    port: int | None = None,
) -> int:
    """From now on only this, for the calling thread and whatever it starts; answers the version, or 0.

    `reads` and `writes` are files or folders, with all that is in these; what is missing stays out of reach.
    `programs` may be run. `port` is the one that TCP may connect to. Call it while there is one thread.
    """
    _libc().prctl(SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    version = abi()
    if not version:
        return 0
    handled = 2 * RIGHTS_BY_ABI[min(version, max(RIGHTS_BY_ABI))] - 1
    tcp = BIND_TCP | CONNECT_TCP if version >= TCP_SINCE else 0
    scopes = ABSTRACT_SOCKETS_AND_SIGNALS if version >= SCOPES_SINCE else 0
    ruleset = _call(CREATE_RULESET, struct.pack("=QQQ", handled, tcp, scopes), 24, 0)
    for path, rights in _system():
        _add(ruleset, path, rights & handled)
    for paths, rights in ((reads, READ), (writes, WRITE), (programs, RUN)):
        for path in paths:
            # Left open: some file systems would give the same path another inode later, which no rule names.
            _add(ruleset, path, rights & handled, close=False)
    if tcp and port:
        _call(ADD_RULE, ruleset, NET_PORT, struct.pack("=QQ", CONNECT_TCP, port), 0)
    _call(RESTRICT_SELF, ruleset, 0)
    os.close(ruleset)
    return version


def _add(ruleset: int, path: str, rights: int, *, close: bool = True) -> None:
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    if not stat.S_ISDIR(os.fstat(descriptor).st_mode):
        rights &= FOR_FILES
    _call(ADD_RULE, ruleset, PATH_BENEATH, struct.pack("=Qi", rights, descriptor), 0)
    if close:
        os.close(descriptor)


@functools.cache
def _system() -> tuple[Rule, ...]:
    return (
        *((path, READ) for path in (*LIBRARIES, *SHARED, *_python())),
        *((f"/etc/{name}", READ) for name in SYSTEM_FILES),
        *((path, CHANGE) for path in DEVICES),
        *((path, RUN) for path in _loaders()),
    )


def _python() -> Iterator[str]:
    """The standard library, what is installed beside it, and this program."""
    yield str(Path(os.__file__).parent)
    yield str(Path(sys.base_prefix, "lib"))
    yield from site.getsitepackages()
    yield from _loaded_from
    root = Path(__file__).parents[2]
    yield str(root if root.name in PACKAGES else root / "app")


def _loaders() -> Iterator[str]:
    """The dynamic loaders: a program names one of them, and the kernel starts it in the program's place."""
    for folder in LOADERS:
        if Path(folder).is_dir():
            yield from (str(file) for file in Path(folder).glob("ld-*.so*"))


def _call(number: int, *arguments: int | bytes) -> int:
    answer = int(_libc().syscall(number, *(_argument(one) for one in arguments)))
    if answer < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"Landlock: {os.strerror(code)}")
    return answer


def _argument(value: int | bytes) -> ctypes.c_long | ctypes.c_char_p:
    return ctypes.c_char_p(value) if isinstance(value, bytes) else ctypes.c_long(value)


@functools.cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
