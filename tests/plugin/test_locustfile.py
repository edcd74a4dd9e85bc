"""locustfile: what comes with the package is a locustfile as any other."""

from locust.util.load_locustfile import load_locustfile

from eiload.plugin import locustfile
from eiload.plugin.users import SSDUser


def test_it_has_one_class_of_users() -> None:
    """Locust finds the class, with its task and no wait of its own."""
    classes, shapes = load_locustfile(str(locustfile.__file__))
    assert "SSD" in classes
    assert issubclass(locustfile.SSD, SSDUser)
    assert locustfile.SSD.tasks == [SSDUser.predict]
    assert not locustfile.SSD.abstract
    assert shapes == []
