"""Reports of few people simulate few studies here; p by simulated studies has tests of its own."""

from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session", autouse=True)
def few_simulated_studies() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("app.analysis.statistics.bootstrap.SMALLEST", 0.5)
        yield
