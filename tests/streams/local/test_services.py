"""Local services end with whoever started them."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from streams.local import services as local
from streams.local.processes import Child, answers
from streams.local.redis import LocalRedis


def until(condition, patience=20.0):
    deadline = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.02)


def test_a_child_dies_with_a_parent_that_was_killed(tmp_path):
    code = (
        "import sys, time; from pathlib import Path; from streams.local.redis import LocalRedis\n"
        f"r = LocalRedis(Path({str(tmp_path)!r})); r.start(); print(r.port, flush=True); time.sleep(600)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as parent:
        port = int(parent.stdout.readline())
        assert answers(port)
        os.kill(parent.pid, signal.SIGKILL)
        until(lambda: not answers(port))


def test_redis_comes_back_with_its_data_on_the_same_port(tmp_path):
    import redis

    server = LocalRedis(tmp_path)
    server.start()
    redis.Redis(port=server.port).set("a", "1")
    server.kill()
    server.start()
    assert redis.Redis(port=server.port).get("a") == b"1"
    server.stop()


def test_services_in_the_background_are_found_and_ended(tmp_path):
    up = "import sys; from pathlib import Path; from streams.local.services import up; up(Path(sys.argv[1]), print)"
    subprocess.run([sys.executable, "-c", up, str(tmp_path)], check=True)
    state = local.status(tmp_path)
    assert state["running"]
    assert local.down(tmp_path)
    assert local.status(tmp_path) is None
    assert not answers(int(state["brokers"].rsplit(":", 1)[1]))


def test_a_stale_state_file_never_touches_a_process_of_somebody_else(tmp_path):
    with subprocess.Popen(["sleep", "60"]) as other:
        (tmp_path / local.STATE).write_text(f'{{"brokers": "127.0.0.1:1", "redis_url": "", "processes": {{"kafka": {{"pid": {other.pid}, "started": "1"}}}}}}')
        assert local.down(tmp_path) is False
        assert other.poll() is None
        other.kill()


def test_a_process_that_ends_at_once_is_told_with_the_end_of_its_log(tmp_path):
    from streams.errors import LocalFault

    child = Child([sys.executable, "-c", "import sys; sys.exit('no such thing')"], Path(tmp_path) / "log")
    with pytest.raises(LocalFault, match="no such thing"):
        child.wait_until(lambda: False, "It")
