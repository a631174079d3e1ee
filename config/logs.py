"""Log lines as JSON, without personal data: messages and stack lines, never local variables or request bodies."""

import structlog

# Of what libraries hang on a record only these are written: a request or a query may carry names.
_EXTRAS = ("page", "method", "status", "ms", "account")

_SHARED: list = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.ExtraAdder(allow=_EXTRAS),
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso"),
]


class JsonFormatter(structlog.stdlib.ProcessorFormatter):
    """`ProcessorFormatter` with our one chain; plain tracebacks, because rich ones print local variables."""

    def __init__(self) -> None:
        super().__init__(
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
            foreign_pre_chain=_SHARED,
        )


structlog.configure(
    processors=[
        *(one for one in _SHARED if not isinstance(one, structlog.stdlib.ExtraAdder)),
        structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
    ],
    logger_factory=structlog.stdlib.LoggerFactory(),
    wrapper_class=structlog.stdlib.BoundLogger,
    cache_logger_on_first_use=True,
)
