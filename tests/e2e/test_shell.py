# SPDX-License-Identifier: BSD-3-Clause
"""sluicectl as a shell at a terminal, completion in bash, and the daemon's log."""
import os
import re
import socket
import stat
import subprocess
import threading
import time

import pytest

from lab.daemon import ROOT, program
from lab.terminal import Terminal

PROMPT = "sluice> "
GROUP = "239.7.7.7"


@pytest.fixture
def shell(tmp_path):
    """Makes shells at terminals: shell(socket)."""
    made = []

    def make(path, *options):
        made.append(Terminal(program("sluicectl"), *options,
                             env={"SLUICE_SOCKET": path, "XDG_STATE_HOME": str(tmp_path)}))
        return made[-1]

    yield make
    for terminal in made:
        terminal.close()


class Stub:
    """In the daemon's place at a socket: gives every request the same bytes, or none."""

    def __init__(self, path, answer):
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen(8)
        self.answer, self.clients = answer, []
        self.has_status = threading.Event()     # somebody waits for an answer to it
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                client = self.listener.accept()[0]
                self.clients.append(client)
                request = client.recv(65536)
                if b'"status"' in request:
                    self.has_status.set()
                if request and self.answer:
                    client.sendall(self.answer)
            except OSError:
                if self.listener.fileno() < 0:
                    return

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for client in self.clients:
            client.close()


def test_shell(net, sluiced, shell, tmp_path):
    terminal = shell(sluiced.socket)
    terminal.expect(PROMPT)
    terminal.type("sho\tmr\t\r")      # words, and the answer
    terminal.expect("show mrouters")
    terminal.expect("LEARNED-FROM")
    terminal.expect(PROMPT)
    # A group that is joined while the shell runs is offered, and so are ports and VLANs.
    net.h1.join(GROUP)
    sluiced.wait_members(GROUP, {"p1"})
    terminal.type("sh gr --gr 239.7\t--vl \t\r")
    terminal.expect(f"--gr {GROUP} ")
    terminal.expect("10 ")
    terminal.expect("p1")
    terminal.expect(PROMPT)
    terminal.type("show ports --port \t\t")     # p is common to all
    terminal.expect("p1  p2  p3  p4  p5  p6")
    terminal.expect(PROMPT)
    # Ctrl-C forgets the line; ? shows the choice; neither runs anything.
    terminal.type("9\x03")
    terminal.expect("^C")
    terminal.expect(PROMPT)
    terminal.type("static ?")
    assert "add" in terminal.expect(PROMPT) and "there is no port" not in terminal.shown
    terminal.type("\x03")
    terminal.expect(PROMPT)
    # An error is that of the command line, and the shell goes on.
    terminal.type("show groups --vlan 99\r")
    terminal.expect("sluicectl: there is no VLAN 99")
    terminal.expect(PROMPT)
    # watch ends at Ctrl-C.
    terminal.type("watch\r")
    sluiced.wait(lambda: sluiced.counters()["api_watchers"] == 1, "the watcher")
    net.h2.join(GROUP)
    terminal.expect("group-joined")
    terminal.type("\x03")
    terminal.expect(PROMPT)
    terminal.type("\x04")
    assert terminal.wait() == 0
    # The next shell knows the lines of this one.
    history = tmp_path / "sluice" / "history"
    assert stat.S_IMODE(history.stat().st_mode) == 0o600
    terminal = shell(sluiced.socket)
    terminal.expect(PROMPT)
    terminal.type("\x1b[A\x1b[A")
    terminal.expect("show groups --vlan 99")
    terminal.type("\x03quit\r")
    assert terminal.wait() == 0


def test_daemon_goes_and_comes_back(own_daemon, shell):
    sluiced = own_daemon(start=False)
    assert shell(sluiced.socket).wait() == 3
    gone = sluiced.ctl(check=False)
    assert gone.returncode == 3 and "systemctl start sluiced" in gone.stderr
    sluiced.start()
    terminal = shell(sluiced.socket)
    terminal.expect(PROMPT)
    assert sluiced.stop()[0] == 0
    terminal.type("status\r")
    terminal.expect("no daemon at")
    terminal.expect(PROMPT)
    terminal.type("show fib --vlan \t")
    terminal.type("\x03")
    terminal.expect("^C")
    sluiced.start()
    terminal.type("status\r")
    terminal.expect("running")


def test_ctrl_c_and_a_daemon_that_hangs_or_never_ends(shell, tmp_path):
    path = str(tmp_path / "stub")
    stub = Stub(path, None)
    terminal = shell(path)
    terminal.expect(PROMPT)
    begin = time.monotonic()
    terminal.type("show groups --group \tx")    # nobody answers
    terminal.expect("--group x")
    assert time.monotonic() - begin < 3
    terminal.type("\x03")
    terminal.expect(PROMPT)
    terminal.type("status\r")
    terminal.expect("status\n")
    assert stub.has_status.wait(5)
    terminal.type("\x03")
    terminal.expect(PROMPT)
    stub.close()
    os.unlink(path)
    row = '{"vlan":10,"mac":"02:00:00:00:00:01","port":"%s","age":1.0}'
    rows = ",".join(row % f"p{n}" for n in range(100000))
    stub = Stub(path, ('{"ok":true,"result":{"macs":[' + rows + "]}}\n").encode())
    terminal.type("show macs\r")
    terminal.expect("02:00:00:00:00:01", timeout=20)
    terminal.type("\x03")
    terminal.expect(PROMPT)
    assert "p99999" not in terminal.shown
    stub.close()


def test_bash_completion(net, sluiced):
    """Every command and option that --help lists, and values of the daemon."""
    def completed(*words):
        script = ("source control/cli/sluicectl.bash; COMP_WORDS=(\"$@\"); COMP_CWORD=$(($# - 1)); "
                  "_sluicectl; printf '%s\\n' \"${COMPREPLY[@]}\"")
        done = subprocess.run(["bash", "-c", script, "bash", program("sluicectl"), *words], cwd=ROOT,
                              env={**os.environ, "SLUICE_SOCKET": sluiced.socket},
                              capture_output=True, text=True, check=True)
        assert done.stderr == ""
        return set(done.stdout.split("\n")) - {""}

    def commands(*family):
        text = sluiced.ctl(*family, "--help").stdout
        return set(re.findall(r"^  ([a-z][a-z-]*) ", text.split("Subcommands:")[1].split("\n\n")[0],
                              re.M))

    tops = commands()
    assert {"show", "explain", "log-level"} <= tops == completed("")
    for family in ("show", "static", "clear"):
        assert completed(family, "") == commands(family)
    for name in commands("show"):
        options = set(re.findall(r"^  (--[a-z]+)", sluiced.ctl("show", name, "--help").stdout, re.M))
        assert options <= completed("show", name, "--")
    net.h1.join(GROUP)
    sluiced.wait_members(GROUP, {"p1"})
    assert completed("show", "groups", "--group", "239.7") == {GROUP}
    assert completed("show", "groups", "--vlan", "") == {"10"}
    assert completed("show", "ports", "--port", "p") == {f"p{n}" for n in range(1, 7)}
    assert completed("explain", "--source", "") == {"*"}


LINE = re.compile(r"\S+T\S+ (trace|debug|info|warn|error) event=[a-z-]+"
                  r'( [a-z-]+=([^\s"=]+|"([^"\\]|\\.)*"))*')


def test_log(net, own_daemon):
    """Every line has the same form, at every level; a subsystem's level is its own."""
    sluiced = own_daemon({10: {"querier-source": "10.77.0.254"}}, system={"log-level": "trace"})
    sluiced.ctl("log-level", "warn")
    net.h1.join(GROUP)
    sluiced.wait_members(GROUP, {"p1"})
    assert "group-joined" not in sluiced.log
    sluiced.ctl("log-level", "igmp", "debug")
    levels = {row["subsystem"]: row["level"] for row in sluiced.json("show", "log-levels")["log-levels"]}
    assert levels.pop("igmp") == "debug" and set(levels.values()) == {"warn"}
    net.h2.join(GROUP)
    sluiced.wait(lambda: f"debug event=group-joined vlan=10 port=p2 group={GROUP}" in sluiced.log,
                 "the line")
    sluiced.write(sluiced.read() + "\n[system.log-levels]\nigmp = \"error\"\nsystem = \"info\"\n")
    sluiced.ctl("reload")
    assert "event=reloaded" in sluiced.log
    sluiced.write("x = 'a \"b\"'\n")
    assert sluiced.ctl("reload", check=False).returncode == 1
    assert 'error event=config-error error="' in sluiced.log
    sluiced.stop()
    lines = sluiced.log.splitlines()
    assert [line for line in lines if not LINE.fullmatch(line)] == []
    events = {line.split(" event=")[1].split()[0] for line in lines}
    assert {"eal", "port-link", "ready", "stopped", "reload-refused"} <= events


def test_log_in_the_journal(own_daemon):
    """Each line tells its priority when stderr is the journal's stream, and only then."""
    sluiced = own_daemon(start=False)
    read, write = os.pipe()
    info = os.fstat(write)
    sluiced.write(sluiced.read().replace("[dataplane]", "[dataplane]\nmbufs = 5"))
    for stream, begin in ((f"{info.st_dev}:{info.st_ino}", "<3>error event="), ("1:1", "20")):
        sluiced.write(sluiced.read().replace("mbufs = 5", "mbufs = 2048").replace("p1,", "nowhere,"))
        process = subprocess.Popen([program("sluiced"), "--config", sluiced.file], stderr=write,
                                   env={**os.environ, "JOURNAL_STREAM": stream})
        assert process.wait(20) == 1
        assert os.read(read, 65536).decode().splitlines()[-1].startswith(begin)
    os.close(read)
    os.close(write)
