# SPDX-License-Identifier: BSD-3-Clause
"""Programs that a benchmark runs beside each other: started, stopped and continued in turn, and
ended whatever happens. Each dies with us (PR_SET_PDEATHSIG), even when we are killed."""
import atexit
import ctypes
import os
import shutil
import signal
import subprocess
import time

PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)
_running = []


class Broken(Exception):
    """A device under test that does not start, or does not do what the trial is about. Its text is
    one line that says why."""


def _die_with_parent():
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Program:
    """One child process in a session of its own, so that Ctrl-C at the terminal reaches only us."""

    def __init__(self, words, log, name=None, **popen):
        self.words = [str(word) for word in words]
        self.name = name or os.path.basename(self.words[0])
        self.log = log
        with open(log, "wb") as output:
            # stdin stays open: testpmd ends at end of file.
            self.process = subprocess.Popen(
                self.words, stdin=subprocess.PIPE, stdout=output, stderr=subprocess.STDOUT,
                start_new_session=True, preexec_fn=_die_with_parent, **popen)
        _running.append(self)

    def alive(self):
        return self.process.poll() is None

    def pause(self):
        """Returns when all its threads have stopped: the next one has the core for itself."""
        os.kill(self.process.pid, signal.SIGSTOP)
        while self.alive() and self._state() not in "TZ":
            time.sleep(0.0005)

    def resume(self):
        os.kill(self.process.pid, signal.SIGCONT)

    def _state(self):
        try:
            with open(f"/proc/{self.process.pid}/stat", encoding="ascii", errors="replace") as file:
                return file.read().rpartition(")")[2].split()[0]
        except OSError:
            return "Z"

    def last_words(self):
        """The last line of its log that says something, for a message."""
        with open(self.log, encoding="utf-8", errors="replace") as file:
            lines = [line.strip() for line in file if line.strip() and set(line.strip()) - set("=-")]
        complaints = [line for line in lines if "rror" in line or "annot" in line]
        return (complaints or lines or ["it said nothing"])[-1]

    def stop(self, patience=2.0):
        """SIGTERM, and SIGKILL when it is not gone in time; at once when there is no time."""
        if self in _running:
            _running.remove(self)
        if self.alive() and patience > 0:
            self.process.terminate()
            self.resume()
            try:
                self.process.wait(patience)
            except subprocess.TimeoutExpired:
                pass
        if self.alive():
            self.process.kill()
        self.process.wait()
        self.process.stdin.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


def wait_until(condition, what, program, timeout=15.0):
    """The condition's value as soon as it is true; Broken when the program ends or time is up."""
    deadline = time.monotonic() + timeout
    while True:
        if not program.alive():
            raise Broken(f"{program.name} ended with status {program.process.returncode}: "
                         f"{program.last_words()}")
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise Broken(f"waited {timeout:g} s in vain for {program.name} {what}: "
                         f"{program.last_words()}")
        time.sleep(0.01)


def find(name):
    """The program's path; Debian keeps daemons out of an ordinary user's PATH."""
    return shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")


def stop_all():
    while _running:
        _running[-1].stop(patience=0.5)


def _ended(number, _):
    raise SystemExit(128 + number)


def clean_up_on_signals():
    """SIGTERM and SIGHUP leave by the same door as Ctrl-C: every `with` and `finally` on the way."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _ended)


atexit.register(stop_all)
