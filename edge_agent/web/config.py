"""What the web layer is told by the settings."""

from dataclasses import dataclass, field

LOOPBACK_NAMES = ("127.0.0.1", "localhost", "[::1]")
"""How a browser or POS on this machine may call it; any other name would let DNS rebinding in."""


@dataclass(frozen=True, slots=True)
class WebConfig:
    """`listen` is host:port as it is really bound; `origins` are the foreign pages that may call the API.

    `token` is what a POS sends as bearer token.
    """

    listen: str
    token: str = field(repr=False)
    origins: tuple[str, ...] = ()
    version: str = "0"

    @property
    def hosts(self) -> frozenset[str]:
        """Every `Host` that means this server."""
        _, _, port = self.listen.rpartition(":")
        names = {f"{name}:{port}" for name in LOOPBACK_NAMES} | {self.listen.lower()}
        if port == "80":  # browsers leave the scheme's own port out
            names |= {name.rpartition(":")[0] for name in names}
        return frozenset(names)

    @property
    def allowed_origins(self) -> frozenset[str]:
        """Own and configured origins, as browsers write them."""
        own = {f"http://{host}" for host in self.hosts}
        return frozenset(own) | self.foreign_origins

    @property
    def foreign_origins(self) -> frozenset[str]:
        """The configured ones alone: they get CORS headers."""
        return frozenset(origin.lower().rstrip("/") for origin in self.origins)
