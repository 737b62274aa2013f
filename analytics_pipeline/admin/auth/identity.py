"""JSON web tokens of an identity provider: checked here, trusted for nobody but admins."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Lock
from typing import Any

import httpx
import jwt

from analytics_pipeline.admin.auth.viewer import Viewer
from analytics_pipeline.logs import logger
from analytics_pipeline.settings import Settings

ALGORITHMS = ["RS256", "ES256"]
"""Public keys only: with a shared secret, whoever can check a token could also make one."""

LEEWAY_SECONDS = 30
FRESH_SECONDS = 600
"""How long keys are taken as they were; a key that the provider withdrew works that much longer."""

RETRY_SECONDS = 10
"""Keys are asked for at most this often, whoever sends tokens with unknown key ids."""

TIMEOUT_SECONDS = 3


class NotAcceptedError(Exception):
    """The token is none of the provider's, not for us, over, or not of an admin; the log says which."""


class ProviderAwayError(Exception):
    """The provider's keys cannot be had, so that nothing can be said about the token."""


@dataclass(frozen=True)
class Provider:
    """Whose tokens are taken, and what in them makes an admin."""

    issuer: str
    audience: str
    keys_url: str
    role_claim: str
    role_value: str
    courses_claim: str | None


def provider_of(settings: Settings) -> Provider | None:
    """The provider that the settings name; None where they name none."""
    if settings.oidc_issuer is None or settings.oidc_audience is None or settings.oidc_jwks_url is None:
        return None
    return Provider(
        settings.oidc_issuer,
        settings.oidc_audience,
        settings.oidc_jwks_url,
        settings.oidc_admin_claim,
        settings.oidc_admin_value,
        settings.oidc_courses_claim,
    )


class ProviderKeys:
    """The provider's public keys, fetched when first needed, when they are old, and for an unknown key id."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._keys: dict[str, jwt.PyJWK] = {}
        self._fetched_at = self._tried_at = float("-inf")
        self._lock = Lock()

    def key(self, key_id: str) -> jwt.PyJWK:
        """The key of that id; NotAcceptedError where the provider has none, ProviderAwayError."""
        with self._lock:
            now = time.monotonic()
            is_old = now - self._fetched_at > FRESH_SECONDS
            if (is_old or key_id not in self._keys) and now - self._tried_at >= RETRY_SECONDS:
                self._tried_at = now
                self._fetch(now)
            if now - self._fetched_at > FRESH_SECONDS:
                raise ProviderAwayError
            if key_id not in self._keys:
                raise NotAcceptedError("the provider publishes no key of its id")
            return self._keys[key_id]

    def _fetch(self, now: float) -> None:
        """Renew the keys; what cannot be fetched or read leaves them as they are."""
        try:
            answer = httpx.get(self._url, timeout=TIMEOUT_SECONDS)
            answer.raise_for_status()
            keys = [_key(one) for one in answer.json()["keys"]]
        except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
            logger.warning("provider_keys_away", url=self._url, error=type(error).__name__)
            return
        self._keys = {str(key.key_id): key for key in keys if key is not None}
        self._fetched_at = now


def _key(described: Any) -> jwt.PyJWK | None:
    """A key that signs tokens; None for one of another use, or of a kind that is not known here."""
    try:
        key = jwt.PyJWK(described)
    except (jwt.PyJWTError, TypeError, AttributeError):
        return None
    is_ours = key.key_id is not None and key.algorithm_name in ALGORITHMS
    return key if is_ours and key.public_key_use in (None, "sig") else None


class Identities:
    """Checks tokens of one provider."""

    def __init__(self, provider: Provider) -> None:
        self._provider = provider
        self._keys = ProviderKeys(provider.keys_url)

    def viewer(self, token: str) -> Viewer:
        """For whom the token speaks; NotAcceptedError, ProviderAwayError."""
        try:
            header = jwt.get_unverified_header(token)
            if header.get("alg") not in ALGORITHMS or not isinstance(header.get("kid"), str):
                raise NotAcceptedError("it is not signed with RS256 or ES256 by a named key")
            claims = jwt.decode(
                token,
                self._keys.key(header["kid"]),
                algorithms=ALGORITHMS,
                audience=self._provider.audience,
                issuer=self._provider.issuer,
                leeway=LEEWAY_SECONDS,
                options={"require": ["exp", "iss", "aud", "sub"]},
            )
        except jwt.PyJWTError as error:
            raise NotAcceptedError(type(error).__name__) from error
        return viewer_of(claims, self._provider)


def viewer_of(claims: Mapping[str, Any], provider: Provider) -> Viewer:
    """Whoever these checked claims speak of; NotAcceptedError where they make no admin of him."""
    if provider.role_value not in _texts(claim(claims, provider.role_claim)):
        raise NotAcceptedError(f"its claim {provider.role_claim} does not hold {provider.role_value}")
    courses = None
    if provider.courses_claim is not None:
        # Whoever is to be restricted by a claim is not let in to everything by leaving it out.
        courses = frozenset(_texts(claim(claims, provider.courses_claim)))
    until = datetime.fromtimestamp(claims["exp"], UTC)
    return Viewer(f"{claims['iss']} {claims['sub']}", courses, expires_at=until)


def claim(claims: Mapping[str, Any], path: str) -> Any:
    """The claim at `path`, a name or names joined by dots; None where there is none."""
    if path in claims:
        return claims[path]
    value: Any = claims
    for name in path.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _texts(value: Any) -> list[str]:
    """The texts of a claim: a list of them, or one text with spaces between."""
    if isinstance(value, str):
        return value.split()
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []
