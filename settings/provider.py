"""The settings of a sign-in at a provider of OpenID Connect."""

from __future__ import annotations

import re

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings

from orders.errors import SettingsError

_PRIVATE = re.compile(r"https://[^/]|http://(localhost|127\.0\.0\.1|\[::1\])([:/]|$)")  # or never leaves the machine


class ProviderSettings(BaseSettings):
    """Where users sign in instead of by a password here; all unset where they do that."""

    oidc_issuer: str = Field("", description="its address, under which /.well-known/openid-configuration is")
    oidc_client_id: str = ""
    oidc_client_secret: SecretStr = SecretStr("")
    oidc_redirect_uri: str = Field(
        "", pattern=r"^(https?://.+/oauth2callback)?$", description="ends in /oauth2callback"
    )
    oidc_name: str = Field("your organisation", description="as the sign-in card names it")
    oidc_username_claim: str = "preferred_username"
    oidc_groups_claim: str = Field("groups", description="the claim that is mapped to roles and groups")
    oidc_roles: str = Field("", description="what a value of that claim makes of somebody: desk-pm=portfolio_manager")
    oidc_groups: str = Field(
        "", description="and the portfolio groups it entitles to: desk-us=BIG6 PUBLICPRE,desk-all=*"
    )

    def at_provider(self, cookie_key: str) -> dict[str, str] | None:
        """What `st.login` needs, where users sign in at a provider; `SettingsError` where that is half-set."""
        needed = {
            "OIDC_ISSUER": self.oidc_issuer,
            "OIDC_CLIENT_ID": self.oidc_client_id,
            "OIDC_CLIENT_SECRET": self.oidc_client_secret.get_secret_value(),
            "OIDC_REDIRECT_URI": self.oidc_redirect_uri,
            "OIDC_ROLES": self.oidc_roles,
        }
        if not any(needed.values()):
            return None
        missing = [name for name, value in needed.items() if not value]
        if not cookie_key:
            missing.append("COOKIE_KEY")
        if missing:
            raise SettingsError(f"Sign-in at a provider is half-configured: {', '.join(missing)} missing.")
        if not _PRIVATE.match(self.oidc_issuer):
            raise SettingsError("OIDC_ISSUER would be asked, and told the client's secret, unencrypted: use https.")
        return {
            "server_metadata_url": f"{self.oidc_issuer.rstrip('/')}/.well-known/openid-configuration",
            "client_id": self.oidc_client_id,
            "client_secret": self.oidc_client_secret.get_secret_value(),
            "redirect_uri": self.oidc_redirect_uri,
            "cookie_secret": cookie_key,
        }
