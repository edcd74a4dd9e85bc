"""What a target wants observed: short forms in full, and what cannot be meant."""

from pathlib import Path
from typing import Any

import pytest

from eiload.base.errors import ScenarioError
from eiload.scenario import Scenario, Target, build
from eiload.scenario.observe import Observe


def scenario(observe: object, **target: Any) -> Scenario:
    """Return a scenario whose one target is observed so."""
    where = target or {"server": "gpu.internal:8500"}
    return build(
        {
            "name": "observed",
            "targets": {"gpu": {**where, "model": "ssd", "observe": observe}},
            "payload": {"synthetic": "8x8"},
            "traffic": [{"phase": "x", "rate": "1/s", "for": "1 s"}],
        },
        "test",
        Path(),
    )


def observed(observe: object, **target: Any) -> tuple[Target, Observe]:
    """Return the target, and what it wants observed."""
    (found,) = scenario(observe, **target).targets.values()
    assert found.observe is not None
    return found, found.observe


@pytest.mark.parametrize(
    ("written", "page"),
    [
        (":8501", "http://gpu.internal:8501/monitoring/prometheus/metrics"),
        (":9400", "http://gpu.internal:9400/metrics"),
        ("other:9100", "http://other:9100/metrics"),
        ("other:8501", "http://other:8501/monitoring/prometheus/metrics"),
        ("http://other:8501", "http://other:8501/monitoring/prometheus/metrics"),
        ("http://other:8501/", "http://other:8501/monitoring/prometheus/metrics"),
        ("https://other/metrics?a=b", "https://other/metrics?a=b"),
        ("http://[::1]:9000/metrics", "http://[::1]:9000/metrics"),
        ("[::1]:8501", "http://[::1]:8501/monitoring/prometheus/metrics"),
    ],
)
def test_a_short_page_is_one_that_is_known(written: str, page: str) -> None:
    """By its port; without a host it is the server's."""
    target, observe = observed({"metrics": written})
    assert observe.pages(target.server or "") == (page,)


@pytest.mark.parametrize(
    ("server", "host"),
    [
        ("10.0.0.1:8500", "10.0.0.1"),
        ("[::1]:8500", "[::1]"),
        ("dns:///gpu:8500", "gpu"),
        ("ipv4:10.0.0.1:8500,10.0.0.2:8500", "10.0.0.1"),
        ("grpcs://gpu:8500", "gpu"),
    ],
)
def test_the_host_is_the_servers(server: str, host: str) -> None:
    """However gRPC's address is written."""
    target, observe = observed({"metrics": ":9400"}, server=server)
    assert observe.pages(target.server or "") == (f"http://{host}:9400/metrics",)


def test_a_stand_in_has_its_own() -> None:
    """Wherever it is, which is known when it serves."""
    _, observe = observed({"metrics": "stand-in", "gpu": "stand-in"}, stand_in="p2.xlarge")
    assert observe.pages("", "127.0.0.1:5") == ("http://127.0.0.1:5/monitoring/prometheus/metrics",)
    assert observe.gpu == "stand-in"


@pytest.mark.parametrize("gpu", ["nvml", "ssh me@gpu", "command", "command docker exec x"])
def test_where_a_gpu_is(gpu: str) -> None:
    """Through the library, or by nvidia-smi somewhere."""
    assert observed({"gpu": gpu})[1].gpu == gpu


@pytest.mark.parametrize(
    ("observe", "target", "said"),
    [
        ({}, {}, "observe: nothing to observe; expected 'metrics:', 'gpu:' or 'host: local'"),
        ({"metrics": []}, {}, "nothing to observe"),
        ({"metrics": "gpu"}, {}, "metrics: not a page of metrics, got 'gpu'; expected such as"),
        ({"metrics": "standin"}, {}, "(did you mean 'stand-in'?)"),
        ({"metrics": ":70000"}, {}, "not a port, got ':70000'"),
        ({"metrics": "http://:8501/x"}, {}, "not an address, got 'http://:8501/x'"),
        ({"metrics": "http://me:pw@h/x"}, {}, "a user in the address, got one for 'h'"),
        ({"metrics": "stand-in"}, {}, "observe.metrics: 'stand-in' of what"),
        ({"metrics": [":1", "stand-in"]}, {}, "observe.metrics[1]: 'stand-in' of what"),
        ({"gpu": "stand-in"}, {}, "observe.gpu: 'stand-in' of what"),
        ({"gpu": "nvlm"}, {}, "(did you mean 'nvml'?)"),
        ({"gpu": "ssh"}, {}, "whom to ask, got 'ssh'; expected such as 'ssh user@host'"),
        ({"gpu": "ssh -oProxyCommand=x"}, {}, "whom to ask"),
        ({"metrics": ":8501"}, {"stand_in": "p2.xlarge"}, "a stand-in chooses its port"),
        ({"metrics": ":8501"}, {"server": "unix:/tmp/x"}, "a socket has no host, got ':8501'"),
        ({"host": "gpu"}, {}, "observe.host"),
        ({"gpu": "nvml", "every": "1"}, {}, "observe.every: no unit"),
        ({"gpu": "nvml", "every": "1 ms"}, {}, "out of range, got '1 ms'"),
        ({"gpus": "nvml"}, {}, "(did you mean 'gpu'?)"),
    ],
)
def test_what_cannot_be_meant(observe: object, target: dict[str, Any], said: str) -> None:
    """It is said where it is, and what was expected."""
    with pytest.raises(ScenarioError) as caught:
        scenario(observe, **target)
    assert said in str(caught.value)


def test_it_reads_back() -> None:
    """The resolved form is written as a scenario is."""
    asked = {
        "metrics": [":8501", "h:9400"], "gpu": "nvml", "host": "local", "every": "2 s",
        "required": True,
    }  # fmt: skip
    whole = scenario(asked)
    assert Scenario.model_validate_json(whole.to_json()).targets == whole.targets
