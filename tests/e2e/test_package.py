# SPDX-License-Identifier: BSD-3-Clause
"""What `meson install` installs: all of it, and the manual pages agree with --help."""
import os
import re
import subprocess

import pytest

from lab.daemon import BUILD, ROOT, program

MAN = os.path.join(ROOT, "docs", "man")


def output(*command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout


def options_of(help_text):
    return set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", help_text.partition("Examples:")[0]))


def commands_of(*path):
    """Every command below, as a tuple of words, with its help."""
    text = output(program("sluicectl"), *path, "--help")
    listed = re.search(r"^Subcommands:\n((?:  .*\n?)+)", text, re.M)
    names = re.findall(r"^  (\S+)", listed.group(1), re.M) if listed else []
    if not names:
        return {path: text}
    found = {}
    for name in names:
        found.update(commands_of(*path, name))
    return found


def plain(page):
    """The page without its markup: `.It Cm show fib Op Fl Fl vlan Ar id` has --vlan."""
    with open(os.path.join(MAN, page), encoding="utf-8") as file:
        return re.sub(r"\bFl Fl ([a-z-]+)", r"--\1", file.read())


def test_manual_of_sluiced_has_the_options_of_its_help():
    help_text = output(program("sluiced"), "--help")
    assert options_of(plain("sluiced.8")) == options_of(help_text)


def test_manual_of_sluicectl_has_every_command_and_option():
    page = plain("sluicectl.1")
    common = options_of(output(program("sluicectl"), "--help"))
    assert common <= options_of(page)
    items = re.findall(r"^\.It Cm (.*)$", page, re.M)
    for command, text in commands_of().items():
        words = " ".join(command)
        # `static add | del` is one item for both.
        item = next((i for i in items if re.match(rf"{command[0]}\b", i)
                     and all(re.search(rf"\b{re.escape(w)}\b", i) for w in command)), None)
        assert item, f"sluicectl.1 has no {words}"
        assert options_of(item) == options_of(text) - common, f"options of {words} in sluicectl.1"


def test_completion_asks_the_program():
    script = os.path.join(ROOT, "control", "cli", "sluicectl.bash")
    reply = output("bash", "-c", f"source {script}; COMP_WORDS=({program('sluicectl')} show fi); "
                                 "COMP_CWORD=2; _sluicectl; echo \"${COMPREPLY[@]}\"")
    assert reply.split() == ["fib"]


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The tree that the programs of this build are installed into; nothing is built for it."""
    root = str(tmp_path_factory.mktemp("installed"))
    output("meson", "install", "-C", BUILD, "--no-rebuild", "--destdir", root)
    return root


def test_everything_is_installed(installed):
    found = {os.path.relpath(os.path.join(folder, name), installed)
             for folder, _, names in os.walk(installed) for name in names}
    for suffix in ("sbin/sluiced", "bin/sluicectl", "etc/sluice/sluice.toml", "system/sluiced.service",
                   "sysusers.d/sluice.conf", "man8/sluiced.8", "man1/sluicectl.1", "man5/sluice.toml.5",
                   "bash-completion/completions/sluicectl"):
        assert any(path.endswith(suffix) for path in found), f"{suffix} is not in {sorted(found)}"
    unit = next(path for path in found if path.endswith("sluiced.service"))
    with open(os.path.join(installed, unit), encoding="utf-8") as file:
        start = re.search(r"^ExecStart=(\S+) --config (\S+)$", file.read(), re.M)
    for path in start.groups():
        assert os.path.exists(installed + path), f"the unit names {path}"


def test_the_first_configuration_takes_no_interface(installed):
    path = next(os.path.join(folder, "sluice.toml") for folder, _, names in os.walk(installed)
                if "sluice.toml" in names)
    output(program("sluiced"), "--config", path, "--check")
    with open(path, encoding="utf-8") as file:
        devices = re.findall(r'^device\s*=\s*"([^"]+)"', file.read(), re.M)
    assert devices and all(device.startswith("net_tap") for device in devices)
