"""The page of codes: everything that `programme check` can find."""

from edge_agent.domain.programme.findings import CODES, Severity

_INTRODUCTION = """\
# Findings

What `edge-agent programme check` can find, by the code at the end of its line. Made by `edge-agent programme codes`;
`make reference` writes it again. A file with an **error** is never loaded: it cannot be published, and a till that gets
it all the same keeps the version that it has and says so. A **warning** is told, and the file can be used.
"""

_HEADINGS = {Severity.ERROR: "## Errors", Severity.WARNING: "## Warnings"}


def codes() -> str:
    """The page in Markdown."""
    parts = [_INTRODUCTION]
    for severity, heading in _HEADINGS.items():
        rows = [
            f"| `{name}` | {code.means} | {code.instead} |"
            for name, code in CODES.items()
            if code.severity is severity
        ]
        head = [heading, "", "| code | means | what to do |", "|---|---|---|"]
        parts.append("\n".join([*head, *rows, ""]))
    return "\n".join(parts)
