"""Disks that are full or may only be read, for tests of what a program does on them."""
import contextlib
import ctypes
import os
import resource
import signal
import subprocess

_NEW_MOUNTS = 0x00020000  # CLONE_NEWNS of sched.h


def _mount(*words):
    return subprocess.run(["mount", *words], capture_output=True).returncode == 0


def _may_mount():
    """Whether this process may mount; if so, only it and its children will see what it mounts."""
    libc = ctypes.CDLL(None, use_errno=True)
    return (os.geteuid() == 0 and libc.unshare(_NEW_MOUNTS) == 0 and
            _mount("--make-rprivate", "/"))


_can_mount = None


def can_mount():
    global _can_mount
    if _can_mount is None:
        _can_mount = _may_mount()
    return _can_mount


@contextlib.contextmanager
def mounted(folder, size):
    """Puts a disk of so many bytes at a folder, which is made; what it held goes with it."""
    folder.mkdir(exist_ok=True)
    if not _mount("-t", "tmpfs", "-o", f"size={size}", "none", str(folder)):
        raise OSError(f"{folder}: a tmpfs cannot be mounted")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def resize(folder, size):
    """Makes the disk at a folder smaller or larger."""
    subprocess.run(["mount", "-o", f"remount,size={size}", str(folder)], check=True)


def fill(folder):
    """Takes all the room that is left there; the file `filler` holds it."""
    with open(folder / "filler", "wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(4096))


@contextlib.contextmanager
def read_only(folder):
    """A folder, with all that is in it, where nothing can be changed."""
    if can_mount():
        _mount("--bind", str(folder), str(folder))
        if not _mount("-o", "remount,bind,ro", str(folder)):
            raise OSError(f"{folder}: cannot be made read-only")
        try:
            yield
        finally:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)
        return
    folders = [folder, *(path for path in folder.rglob("*") if path.is_dir())]
    for path in folders:
        path.chmod(0o555)
    try:
        yield
    finally:
        for path in folders:
            path.chmod(0o755)


def can_be_read_only():
    """Permissions do not stop root, who needs to mount for that."""
    return can_mount() or os.geteuid() != 0


def no_file_above(n_bytes):
    """For `preexec_fn`: the system refuses files beyond so many bytes, as a full disk would. The
    signal that it sends is left as it is."""
    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, resource.RLIM_INFINITY))
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    return limit
