"""What the tests of downloads share with those of the model store."""

from models.conftest import (  # noqa: F401 - fixtures
    content,
    describe,
    fetch_from,
    own_home,
    policy,
    registered,
    report,
    small_disk,
    start_server,
    store,
)
