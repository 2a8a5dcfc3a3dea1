"""What the command line answers to wrong words and settings: one line that says what and where, and 2."""

from pathlib import Path

import pytest

from cli.errors import BadInputError
from cli.main import main
from cli.parts import listen, worker_options

VERBS = [
    "up", "demo", "migrate", "web", "worker", "scheduler", "emit", "replay", "log", "explain", "preview", "hold",
    "release", "suppress", "keep", "key", "seller", "policy", "task", "template", "unconfirmed", "quarantine",
]  # fmt: skip
NOBODY_THERE = "postgresql://relance:a-password@127.0.0.1:1/relance"


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, bare_environment: None) -> None:
    monkeypatch.chdir(tmp_path)


def test_help_lists_what_there_is_and_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    listed = capsys.readouterr().out.partition("Commands:")[2].splitlines()
    assert [line.split()[0] for line in listed if line.strip()] == VERBS
    assert not [line for line in listed if line.endswith("...")], "what does not fit is cut off"


def test_without_a_verb_it_says_what_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert "Commands:" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "environment", "told"),
    [
        (["dance"], {}, "relance: No such command 'dance'; try `relance --help`"),
        (["log", "--limit", "many"], {}, "relance: Invalid value for '--limit'"),
        (["key"], {}, "relance: Missing command; try `relance key --help`"),
        (
            ["log"],
            {},
            "relance: RELANCE_DATABASE_URL is not set, and no `relance up` runs in .relance (RELANCE_HOME)",
        ),
        (["task"], {}, "relance: Missing command; try `relance task --help`"),
        (["task", "close"], {}, "relance: Missing argument 'ID'; try `relance task close --help`"),
        (["task", "list"], {}, "relance: RELANCE_DATABASE_URL is not set"),
        (["task", "list", "--kind", "dance"], {}, "relance: --kind: 'dance' is no kind of task; there are phone, "),
        (["task", "list", "--customer", "\udcff"], {}, 'relance: --customer: "\\udcff" is not UTF-8'),
        (["task", "list", "--seller", " "], {}, "relance: --seller: "),
        (
            ["task", "approve", "abc", "--decline", "--postpone"],
            {},
            "relance: --decline and --postpone: say one of them",
        ),
        (["unconfirmed"], {}, "relance: Missing command; try `relance unconfirmed --help`"),
        (["unconfirmed", "list"], {}, "relance: RELANCE_DATABASE_URL is not set"),
        (
            ["unconfirmed", "resolve"],
            {},
            "relance: Missing argument 'ATTEMPT'; try `relance unconfirmed ",
        ),
        (["unconfirmed", "resolve", "a1"], {}, "relance: --sent or --not-sent: say one of them"),
        (["unconfirmed", "resolve", "a1", "--sent", "--not-sent"], {}, "relance: --sent or --not-sent: say one"),
        (["quarantine", "show", "x"], {}, "relance: Invalid value for 'ID'"),
        (["quarantine", "retry"], {}, "relance: ID or --all: say one of them"),
        (["quarantine", "retry", "1", "--all"], {}, "relance: ID or --all: say one of them"),
        (["quarantine", "drop", "1"], {}, "relance: Missing option '--reason'; try `relance quarantine drop --help`"),
        (["quarantine", "drop", "1", "--reason", " "], {}, "relance: --reason: "),
        (["quarantine", "list"], {}, "relance: RELANCE_DATABASE_URL is not set"),
        (["suppress"], {}, "relance: ADDRESS or --list: say one of them"),
        (["suppress", "anne@example.com", "--list"], {}, "relance: ADDRESS or --list: say one of them"),
        (["suppress", "--list"], {}, "relance: RELANCE_DATABASE_URL is not set"),
        (["suppress", "--list", "--channel", "sms"], {}, "relance: --list: takes neither --channel nor --lift"),
        (["suppress", "--list", "--lift"], {}, "relance: --list: takes neither --channel nor --lift"),
        (["seller", "set", "--seller", ""], {}, 'relance: --seller: "" is blank'),
        (["emit", ""], {"DATABASE_URL": NOBODY_THERE}, "relance: the file's name is empty; "),
        (["replay", "", "--policy", "standard"], {}, "relance: the file's name is empty; "),
        (["policy", "check", ""], {}, "relance: the policy's name is empty; shipped are "),
        (["template", "check", "--seller", "\udcff"], {}, 'relance: --seller: "\\udcff" is not UTF-8'),
        (
            ["template", "show", "first", "--invoice", "F-1", "--policy", "firm"],
            {},
            "relance: --invoice: a real one is no sample; leave --policy out",
        ),
        (
            ["template", "show", "first", "--invoice", "F-1", "--case", "full"],
            {},
            "relance: --invoice: a real one is no sample; leave --case out",
        ),
        (["migrate"], {}, "relance: RELANCE_DATABASE_URL is not set"),
        (["log"], {"DATABASE_URL": "somewhere"}, "relance: RELANCE_DATABASE_URL is not a database's address"),
        (
            ["log"],
            {"DATABASE_URL": "mysql://a-password@x"},
            "relance: RELANCE_DATABASE_URL begins with mysql://; ",
        ),
        (
            ["migrate"],
            {"DATABASE_URL": "sqlite:///a-password"},
            "relance: RELANCE_DATABASE_URL begins with sqlite://; ",
        ),
        (
            ["emit", "no-such-file"],
            {"DATABASE_URL": NOBODY_THERE},
            "relance: no-such-file: No such file or directory",
        ),
        (["log"], {"DATABASE_URL": NOBODY_THERE, "CLOCK": "soon"}, "relance: RELANCE_CLOCK is 'real' or START*RATE"),
        (["log"], {"DATABASE_URL": NOBODY_THERE, "POLICY": "harsh"}, "relance: harsh: no such policy or file"),
        (["log"], {"LOG_LEVEL": "loud"}, "relance: RELANCE_LOG_LEVEL: "),
        (["log"], {"SMS_PER_S": "many"}, "relance: RELANCE_SMS_PER_S: "),
        (["log"], {"TWILIO_CONTENT_SIDS": "{"}, "relance: RELANCE_TWILIO_CONTENT_SIDS: is not JSON"),
        (["log"], {"TWILIO_CONTENT_SIDS": "[]"}, "relance: RELANCE_TWILIO_CONTENT_SIDS: "),
        (["log"], {"TWILIO_CONTENT_SIDS": '{"fr.firm": 1}'}, "relance: RELANCE_TWILIO_CONTENT_SIDS: "),
        (
            ["log"],
            {"DATABASE_URL": NOBODY_THERE, "TWILIO_CONTENT_SIDS": f'{{"fr.curteous": "HX{"0" * 32}"}}'},
            'relance: RELANCE_TWILIO_CONTENT_SIDS: "fr.curteous" is no WhatsApp text; there are en.check_in, ',
        ),
        (
            ["log"],
            {"DATABASE_URL": NOBODY_THERE, "TWILIO_CONTENT_SIDS": '{"fr.courteous": "a-password"}'},
            'relance: RELANCE_TWILIO_CONTENT_SIDS: "fr.courteous" has no content SID: HX and 32 ',
        ),
        (["log"], {"SECRET_KEY": "a-password"}, "relance: RELANCE_SECRET_KEY: is too short: 32 characters or more; "),
        (["log"], {"MAIL_FROM": "A <a@b.example>"}, "relance: RELANCE_MAIL_FROM: is not an e-mail address alone, "),
        (["worker"], {"DATABASE_URL": NOBODY_THERE}, "relance: RELANCE_REDIS_URL is not set"),
        (
            ["log"],
            {"REDIS_URL": "http://a-password@x"},
            "relance: RELANCE_REDIS_URL: is not the address",
        ),
        (
            ["log"],
            {"REDIS_URL": "redis://x:a-password"},
            "relance: RELANCE_REDIS_URL: is not the address",
        ),
    ],
)
def test_a_wrong_word_or_setting_is_one_line_and_2(
    words: list[str],
    environment: dict[str, str],
    told: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(f"RELANCE_{name}", value)
    assert main(words) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith(told)
    assert said.err.count("\n") == 1
    assert "a-password" not in said.err


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (["-Q", "deliver.sms", "-c", "8"], ["--loglevel", "info"]),
        (["-l", "debug"], []),
        (["--loglevel=debug"], []),
    ],
)
def test_a_worker_gets_what_was_given_and_is_quiet_to_the_others(given: list[str], expected: list[str]) -> None:
    assert worker_options(given) == [*given, "--without-gossip", "--without-mingle", *expected]


@pytest.mark.parametrize(
    ("host", "told"),
    [
        ("", "--host is empty; "),
        ("no host", "cannot listen on no host:0: "),
        ("192.0.2.1", "cannot listen on 192.0.2.1:0: Cannot assign requested address; choose another --host"),
    ],
)
def test_a_host_that_is_none_is_told_as_such(host: str, told: str) -> None:
    """An empty one would listen on every address of the machine."""
    with pytest.raises(BadInputError, match=told) as refused:
        listen(host, 0)
    assert "--port" not in str(refused.value)
