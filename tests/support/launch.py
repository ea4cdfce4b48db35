"""Starts several processes of the program as a launcher would."""
import os
import socket
import subprocess

from support import program


def free_port():
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        return server.getsockname()[1]


def torchrun_environment(rank, size, port):
    return {"RANK": rank, "WORLD_SIZE": size, "LOCAL_RANK": rank, "LOCAL_WORLD_SIZE": size,
            "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}


def start(folder, size, *arguments, environment=torchrun_environment, ranks=None, **more):
    """The processes of one launch; `ranks`: only these of them."""
    port = free_port()
    processes = []
    for rank in range(size) if ranks is None else ranks:
        variables = {**os.environ, "RANVIER_PATIENCE": "60", **more}
        variables.update({k: str(v) for k, v in environment(rank, size, port).items()})
        processes.append(subprocess.Popen(
            [program.PROGRAM, *map(str, arguments)], cwd=folder, env=variables, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE))
    return processes


def finish(processes, timeout=300):
    """[(exit code, standard output, standard error)]."""
    try:
        outputs = [process.communicate(timeout=timeout) for process in processes]
    finally:
        for process in processes:
            if process.poll() is None:
                process.kill()
                process.communicate()
    return [(process.returncode, *output) for process, output in zip(processes, outputs)]
