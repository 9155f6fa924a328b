"""Completion and man pages say what --help says. No Kafka is needed."""

from __future__ import annotations

import re
import subprocess
from functools import cache
from pathlib import Path

import pytest
from process import Semel


def run(command: list[str], stdin: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=30, check=False)


@cache
def help_of(binary: Path, command: tuple[str, ...]) -> str:
    return run([str(binary), *command, "--help"]).stdout


def subcommands(text: str) -> list[str]:
    listed = re.search(r"^Subcommands:\n((?:  .*\n|\n)*)", text, re.MULTILINE)
    return re.findall(r"^  ([a-z]+)\b", listed.group(1), re.MULTILINE) if listed else []


def options(text: str) -> list[str]:
    """-h, --help, -X ... of lines that introduce an option."""
    found: list[str] = []
    for line in re.findall(r"^  (-\S+)", text, re.MULTILINE):
        found += line.split(",")
    return found


def every_command(binary: Path, command: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    below = [(*command, name) for name in subcommands(help_of(binary, command))]
    return [command, *(deeper for each in below for deeper in every_command(binary, each))]


def bash_offers(semel: Semel, *words: str) -> list[str]:
    """What the last word, begun or empty, can become."""
    script = ('source <("$0" completion bash) && COMP_WORDS=("$@") && COMP_CWORD=$(($# - 1)) && _semel && '
              'printf "%s\\n" "${COMPREPLY[@]}"')
    done = run(["bash", "-c", script, str(semel.binary), "semel", *words])
    assert done.stderr == ""
    return done.stdout.split()


def zsh_offers(semel: Semel, *words: str) -> list[str]:
    script = ('compdef() { :; }; compadd() { print -l -- ${(P)2}; }; _files() { print FILES; }; '
              'source <("$0" completion zsh); words=("$@"); CURRENT=$#; _semel')
    done = run(["zsh", "-fc", script, str(semel.binary), "semel", *words])
    assert done.stderr == ""
    return done.stdout.split()


def test_the_tree_is_found(semel: Semel) -> None:
    commands = every_command(semel.binary)
    assert ("seen", "forget") in commands and ("scan",) in commands and len(commands) > 20
    assert {"-h", "--help", "--brokers", "-X", "--key"} <= set(options(help_of(semel.binary, ("dedup",))))


def test_completion_has_every_command_and_option(semel: Semel) -> None:
    for command in every_command(semel.binary):
        text = help_of(semel.binary, command)
        offered = bash_offers(semel, *command, "")
        assert set(options(text) + subcommands(text)) <= set(offered), command


@pytest.mark.parametrize("words, offered", [
    (("see",), ["seen"]),
    (("seen", "d"), ["dump"]),
    (("seen", "dump", "--se"), ["--seed-format"]),
    (("dedup", "--on-late", ""), ["pass", "drop", "fail"]),
    (("dedup", "--scope", ""), ["partition"]),
    (("dedup", "--from", "topic", "--fingerprint-bits", ""), ["128", "256"]),
    (("dedup", "--from", ""), []),
    (("completion", "z"), ["zsh"]),
    (("nonsense", "--bro"), []),
], ids=lambda value: " ".join(value))
def test_bash_completes(words: tuple[str, ...], offered: list[str], semel: Semel) -> None:
    assert bash_offers(semel, *words) == offered


def test_bash_completes_files(semel: Semel, tmp_path: Path) -> None:
    (tmp_path / "kafka.properties").write_text("")
    assert bash_offers(semel, "dedup", "-F", f"{tmp_path}/kaf") == [f"{tmp_path}/kafka.properties"]


def test_zsh_completes(semel: Semel) -> None:
    assert {"verify", "dump", "forget"} <= set(zsh_offers(semel, "seen", ""))
    assert zsh_offers(semel, "dedup", "--on-late", "") == ["pass", "drop", "fail"]
    assert zsh_offers(semel, "dedup", "-F", "") == ["FILES"]
    assert zsh_offers(semel, "dedup", "--from", "") == []
    assert "--seed-format" in zsh_offers(semel, "seen", "dump", "--se")


def test_completion_of_another_shell(semel: Semel) -> None:
    refused = semel.run("completion", "fish")
    assert refused.code == 2 and "fish" in refused.stderr


def plain(page: str) -> str:
    return re.sub(r"\\f[BIR]", "", page).replace("\\-", "-")


def test_man_pages_have_every_command_and_option(semel: Semel) -> None:
    for command in every_command(semel.binary):
        text = help_of(semel.binary, command)
        page = plain(semel.run("man", *command).stdout)
        name = "-".join(("semel", *command))
        assert page.startswith(f".TH {name} 1 ")
        for option in options(text):
            assert re.search(rf"^\.TP\n(.*, )?{re.escape(option)}\b", page, re.MULTILINE), (command, option)
        for below in subcommands(text):
            assert f".TP\n{name}-{below}(1)\n" in page


def test_groff_has_no_doubts_about_man_pages(semel: Semel) -> None:
    for command in every_command(semel.binary):
        page = semel.run("man", *command).stdout
        done = run(["groff", "-man", "-ww", "-z"], page)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", ""), command


def test_man_page_of_what_is_not_there(semel: Semel) -> None:
    refused = semel.run("man", "seen", "nothing")
    assert refused.code == 2 and "there is no command 'seen nothing'" in refused.stderr


def test_text_that_troff_would_read_as_its_own(semel: Semel) -> None:
    page = semel.run("man", "seen", "forget").stdout
    assert "\\(gasemel dedup\\(ga" in page
    assert "semel seen forget \\-\\-brokers localhost:9092 \\-\\-from orders \\e\n" in page
