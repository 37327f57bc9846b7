# SPDX-License-Identifier: BSD-3-Clause
"""A program at a terminal, typed at and read from as a person would."""
import os
import pty
import re
import select
import signal
import time


class Terminal:
    def __init__(self, *command, env=None):
        self.shown = ""     # all of it, without colours and cursor movements
        self.seen = 0       # how far expect() has read
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execve(command[0], command, {**os.environ, "TERM": "xterm", **(env or {})})

    def type(self, keys):
        os.write(self.fd, keys.encode())

    def _read(self, seconds):
        if select.select([self.fd], [], [], seconds)[0]:
            try:
                data = os.read(self.fd, 65536).decode(errors="replace")
            except OSError:     # the program has ended
                data = ""
            self.shown += re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|\r|\x07", "", data)
            return bool(data)
        return True

    def expect(self, text, timeout=5.0):
        """Until the text is shown, behind what was expected before; what stood ahead of it."""
        deadline = time.monotonic() + timeout
        while (at := self.shown.find(text, self.seen)) < 0:
            if time.monotonic() > deadline or not self._read(0.05):
                raise AssertionError(f"{text!r} is not shown; it is:\n{self.shown[self.seen:]}")
        skipped = self.shown[self.seen:at]
        self.seen = at + len(text)
        return skipped

    def wait(self, timeout=5.0):
        """The exit status."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            self._read(0.02)
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.pid = None
                return os.waitstatus_to_exitcode(status)
        raise AssertionError(f"it does not end; it shows:\n{self.shown[-2000:]}")

    def close(self):
        if self.pid:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self.fd)
