"""What drivers log, for tests that look at it."""

from io import StringIO

import pytest
import structlog


@pytest.fixture
def logged(plain_logs: None) -> StringIO:
    """What is logged by whatever is made after this, tracebacks too."""
    lines = StringIO()
    structlog.configure(
        processors=[
            structlog.processors.format_exc_info,
            structlog.processors.KeyValueRenderer(key_order=["event"]),
        ],
        logger_factory=structlog.WriteLoggerFactory(lines),
    )
    return lines
