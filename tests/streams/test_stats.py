"""What a worker says of its own memory."""

import subprocess
import sys
from pathlib import Path

import pytest

from streams.stats import peak_mb

LARGE = 200 * 1024**2  # bytes
SMALL = "from streams.stats import usage; print(usage()['peak_rss_mb'])"


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
def test_the_peak_of_a_process_is_not_that_of_the_one_that_began_it():
    ballast = b"x" * LARGE
    found = subprocess.run([sys.executable, "-c", SMALL], capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2])
    assert 1 < float(found.stdout) < len(ballast) / 1024**2


def test_the_peak_is_what_the_kernel_calls_the_high_water_mark(tmp_path):
    (status := tmp_path / "status").write_text("Name:\tpython\nVmPeak:\t  999999 kB\nVmHWM:\t   20480 kB\nVmRSS:\t   10240 kB\n")
    assert peak_mb(status, 7.0) == 20.0


@pytest.mark.parametrize("text", [None, "Name:\tpython\n"], ids=["no such file", "no such line"])
def test_where_the_kernel_does_not_say_another_figure_is_taken(tmp_path, text):
    status = tmp_path / "status"
    if text is not None:
        status.write_text(text)
    assert peak_mb(status, 7.0) == 7.0
