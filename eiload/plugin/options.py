"""What `locust` is told about eiload on its command line and in its web UI's form.

What it knows: argparse, names of options, where scenarios are found. What it must not
know: runs. Locust calls the parser's hook again for every page of its web UI, so `add` is cheap and
does the same each time.
"""

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from eiload.plugin import taken
from eiload.plugin.delivery import Delivery, delivery_of
from eiload.plugin.outputs import Output, Outputs, of_locust, read_by_locust
from eiload.scenario import Scenario, finding, load

__all__ = ["REPORTS", "add", "chosen", "delivery", "find", "outputs"]

LOOPBACK = "127.0.0.1"

REPORTS = ("json", "html", "markdown", "junit", "hlog", "csv")
"""Forms of report that are written on request: to a file, CSV to a folder."""

HELP = {
    "json": "write the report as json to this file at the end; `eiload report FILE` shows it "
    "again; until then FILE.journal holds what was measured so far",
    "hlog": "write every time to this file at the end, as a log of HdrHistogram",
    "csv": "write tables to this folder at the end: per second, per percentile, per objective; "
    "and where the time went over time",
}
"""Of the reports of which there is more to say."""

DEFAULT_ENCODING = "uint8"


NO_SCENARIO = "(none)"
"""What stands for no scenario: the web UI's dropdown shows nothing for an empty text."""


class _Names(list[str]):
    """The scenarios' names for the web UI's dropdown; on the command line any path goes."""

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str)

    def take(self, name: str) -> str:
        """Return what was given for a scenario; from then on the dropdown offers it too."""
        name = name or NO_SCENARIO
        if not self.count(name):
            self.append(name)
        return name


def add(parser: argparse.ArgumentParser) -> None:
    """Add eiload's options to Locust's parser; leave with a sentence if their names are taken."""
    try:
        group = _add(parser)
    except argparse.ArgumentError as error:
        taken.adding(parser, error)
    ours = [name for each in group._group_actions for name in each.option_strings]  # noqa: SLF001
    taken.guard(parser, ours)
    _keep_processes_here(parser)


def _add(parser: argparse.ArgumentParser) -> Any:
    names = _Names([NO_SCENARIO, *finding.names()])
    group: Any = parser.add_argument_group(  # its `env_var` is Locust's parser's
        "eiload",
        "load TensorFlow Serving or Amazon Elastic Inference over gRPC; "
        f"scenarios here: {', '.join(names[1:]) or 'none'}",
    )
    in_web_ui = [
        group.add_argument(
            "--scenario",
            env_var="LOCUST_SCENARIO",
            choices=names,
            type=names.take,
            default="",
            metavar="NAME",
            help=f"a YAML file, or a name in {finding.FOLDER}/ or of one that comes with eiload; "
            "if none, Locust's users make the load; with one, host, users, ramp up, model and "
            "encoding are what its file says",
        ),
        group.add_argument(
            "--model",
            env_var="LOCUST_MODEL",
            default="",
            metavar="NAME",
            help="without a scenario: the model's name; the user class's own (ssd) if none",
        ),
        group.add_argument(
            "--encoding",
            env_var="LOCUST_ENCODING",
            choices=["uint8", "jpeg"],
            default=DEFAULT_ENCODING,
            help="without a scenario: send pixels (uint8) or the image file's own bytes (jpeg)",
        ),
    ]
    for action in in_web_ui:
        vars(action)["include_in_web_ui"] = True  # what Locust's parser does, but not its groups
    group.add_argument(
        "--image",
        env_var="LOCUST_IMAGE",
        action="append",
        metavar="FILE",
        help="without a scenario: image files, folders or globs; a synthetic image if none",
    )
    for form in REPORTS:
        group.add_argument(
            f"--report-{form}",
            env_var=f"LOCUST_REPORT_{form.upper()}",
            default="",
            metavar="FOLDER" if form == "csv" else "FILE",
            help=HELP.get(form, f"write the report as {form} to this file at the end"),
        )
    _add_exports(group)
    group.add_argument(
        "--report-to",
        env_var="LOCUST_REPORT_TO",
        default="",
        metavar="URL",
        help="send the reports there at the end, by HTTP PUT: below a URL that ends with /, the "
        "run file alone to any other; or stdout: print the run file, for `eiload report LOG`",
    )
    group.add_argument(
        "--exit-status",
        env_var="LOCUST_EXIT_STATUS",
        choices=["verdict", "zero"],
        default="verdict",
        help="zero: whatever comes of a run the exit status is 0, for what starts anew whoever "
        "ends with another; what is wrong before the load begins is told as ever",
    )
    group.add_argument(
        "--undecided",
        env_var="LOCUST_UNDECIDED",
        choices=["fail", "ok"],
        default="fail",
        help="whether a verdict that the data cannot decide makes the exit status 3 (fail) or 0",
    )
    group.add_argument(
        "--until-decided",
        env_var="LOCUST_UNTIL_DECIDED",
        default="",
        metavar="TIME",
        help="let the scenario's last phase go on until every objective of it and its comparison "
        "are decided, for TIME ('1h') at most; looked at after its own length and at planned times "
        "from there on, with the error rates of one look",
    )
    group.add_argument(
        "--eiload-token",
        metavar="TOKEN",
        help="what the master and its workers know and nobody else: secrets go to no worker that "
        "does not prove that it knows it; better in the environment, as EILOAD_TOKEN",
    )
    group.add_argument(
        "--eiload-send-secrets-unproven",
        env_var="LOCUST_EILOAD_SEND_SECRETS_UNPROVEN",
        action="store_true",
        help="send a scenario's metadata to workers without such a proof",
    )
    return group


def _add_exports(group: Any) -> None:
    group.add_argument(
        "--prometheus",
        env_var="LOCUST_PROMETHEUS",
        default="",
        metavar="PORT",
        help="serve the run's numbers for Prometheus at /metrics on this port of loopback, or at "
        "HOST:PORT; of a master or alone",
    )
    group.add_argument(
        "--otlp",
        env_var="LOCUST_OTLP",
        default="",
        metavar="ENDPOINT",
        help="bring the run's numbers to an OpenTelemetry collector by OTLP over HTTP, such as "
        "http://localhost:4318; needs the extra eiload[otel]",
    )
    group.add_argument(
        "--otlp-temporality",
        env_var="LOCUST_OTLP_TEMPORALITY",
        choices=["cumulative", "delta"],
        default="cumulative",
        help="whether these count from the run's beginning, or each from the one before",
    )


class _Unsaid(str):
    """A default, told from the same text on the command line."""

    __slots__ = ()


def _keep_processes_here(parser: argparse.ArgumentParser) -> None:
    """Have the port of a master with ``--processes`` on loopback only, unless the user says where.

    Its workers are on this machine. Locust binds all addresses, and fires no event between reading
    its options and binding; argparse passes a default through the option's type when all else has
    been read.
    """
    actions = {action.dest: action for action in parser._actions}  # noqa: SLF001  # no other way
    processes, bind = actions.get("processes"), actions.get("master_bind_host")
    if processes is None or bind is None:
        return
    forks = elsewhere = False

    def count(text: str) -> int:
        nonlocal forks
        forks = True
        return int(text)

    def host(text: str) -> str:
        nonlocal elsewhere
        elsewhere = text not in {LOOPBACK, "localhost"}
        return text

    def address(text: str) -> str:
        return LOOPBACK if forks and not elsewhere and isinstance(text, _Unsaid) else str(text)

    processes.type = count
    bind.type = address
    if "master_host" in actions:  # where workers look for their master
        actions["master_host"].type = host
    bind.default = _Unsaid(bind.default)


def chosen(name: str) -> str:
    """Return the name or path of the scenario that an option or a form says; empty for none."""
    return "" if name == NO_SCENARIO else name


def find(name: str, environ: Mapping[str, str]) -> Scenario:
    """Read the scenario of that name or path.

    Raises:
        ScenarioError: there is none, or it has mistakes; all of them are listed.
    """
    return load(finding.find(name), environ)


def outputs(options: Any, environ: Mapping[str, str]) -> Outputs:
    """Return where runs write, as the command line says, looked at before the load.

    Raises:
        ScenarioError: one could not be written, or would be written over another.
    """
    reports = {form: Path(path) for form in REPORTS if (path := getattr(options, f"report_{form}"))}
    scenarios = {*finding.names(), chosen(options.scenario)} - {""}
    read = [Output("--scenario", finding.listed(name) or Path(name)) for name in sorted(scenarios)]
    return Outputs(reports, of_locust(options, environ), [*read, *read_by_locust(options)])


def delivery(options: Any, environ: Mapping[str, str]) -> Delivery:
    """Return where reports go to beside files, as the command line says.

    Raises:
        ScenarioError: that is no place.
    """
    return delivery_of(
        options.report_to, environ, stdout_taken="--json" if getattr(options, "json", False) else ""
    )
