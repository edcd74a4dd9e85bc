"""payloads: each as it was put there, from memory or from the file."""

from pathlib import Path

from eiload.sending.payloads import Payloads
from tests.sending.driver import Driver, Serve


def test_more_payloads_than_the_cache_holds(serve: Serve) -> None:
    """Payloads that do not fit the sender's cache are read again, and right."""
    with Driver(serve()) as driver:
        indices = [driver.engine.add_payload(bytes([i]) * (10 << 20)) for i in range(9)]
        for _ in range(2):
            for i in indices:
                response = driver.engine.call(0, "", i).response
                assert len(response) == 10 << 20
                assert response[:1] == response[-1:] == bytes([i])


def test_those_that_fit_are_kept(tmp_path: Path) -> None:
    """The first that fit stay in memory; the others are read anew, and all are as they were put."""
    data = [bytes([number]) * 10 for number in range(5)]
    path = tmp_path / "payloads"
    path.write_bytes(b"".join(data))
    with path.open("r+b") as file:
        payloads = Payloads(file.fileno(), cache_bytes=25)
        for number in range(5):
            payloads.add(number * 10, 10)
        assert [payloads.get(number) for number in (4, 0, 2, 4, 3, 1)] == [
            data[number] for number in (4, 0, 2, 4, 3, 1)
        ]
        file.write(b"?" * 50)
        file.flush()
        kept = [number for number in range(5) if payloads.get(number) == data[number]]
    assert kept == [0, 4]
