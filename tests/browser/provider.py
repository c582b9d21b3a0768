"""A provider of OpenID Connect in this process: discovery, a page to choose who to be, tokens signed with a key of its
own."""

from __future__ import annotations

import json
import threading
import time
from base64 import urlsafe_b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

CLIENT_ID, CLIENT_SECRET = "evenlot", "of the tests alone"


class Provider:
    """Vouches for whoever is chosen on its page, with the claims they have in `people`."""

    def __init__(self, people: Mapping[str, Mapping[str, Any]]) -> None:
        self.people = people
        self.url = ""
        self._key = rsa.generate_private_key(65537, 2048)
        self._codes: dict[str, tuple[str, str]] = {}  # code -> (subject, nonce)

    def answer(self, path: str, asked: Mapping[str, str]) -> tuple[str, str]:
        """The type and the text of an answer."""
        if path == "/.well-known/openid-configuration":
            return "application/json", json.dumps(
                {
                    "issuer": self.url,
                    "authorization_endpoint": f"{self.url}/authorize",
                    "token_endpoint": f"{self.url}/token",
                    "jwks_uri": f"{self.url}/keys",
                    "response_types_supported": ["code"],
                    "subject_types_supported": ["public"],
                    "id_token_signing_alg_values_supported": ["RS256"],
                }
            )
        if path == "/keys":
            return "application/json", json.dumps({"keys": [self._public()]})
        if path == "/authorize":
            return "text/html", "".join(self._way_in(subject, asked) for subject in self.people)
        assert path == "/token", path
        return "application/json", json.dumps(self._tokens(*self._codes.pop(asked["code"])))

    def _way_in(self, subject: str, asked: Mapping[str, str]) -> str:
        code = f"{subject}-{time.monotonic_ns()}"
        self._codes[code] = (subject, asked.get("nonce", ""))
        back = f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}"
        return f'<p><a href="{escape(back)}">Be {subject}</a></p>'

    def _tokens(self, subject: str, nonce: str) -> dict[str, object]:
        now = int(time.time())
        said = {"iss": self.url, "aud": CLIENT_ID, "sub": subject, "iat": now, "exp": now + 600, "nonce": nonce}
        signed = jwt.encode({**said, **self.people[subject]}, self._key, "RS256", {"kid": "one"})
        return {"access_token": "nothing", "token_type": "Bearer", "expires_in": 600, "id_token": signed}

    def _public(self) -> dict[str, str]:
        numbers = self._key.public_key().public_numbers()
        n, e = (
            urlsafe_b64encode(number.to_bytes((number.bit_length() + 7) // 8, "big")).rstrip(b"=").decode()
            for number in (numbers.n, numbers.e)
        )
        return {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": "one", "n": n, "e": e}


@contextmanager
def providing(people: Mapping[str, Mapping[str, Any]]) -> Iterator[Provider]:
    """A provider that answers on a port of this machine."""
    provider = Provider(people)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            at = urlsplit(self.path)
            self._say(*provider.answer(at.path, {name: values[0] for name, values in parse_qs(at.query).items()}))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            asked = {name: values[0] for name, values in parse_qs(body).items()}
            self._say(*provider.answer(urlsplit(self.path).path, asked))

        def _say(self, kind: str, text: str) -> None:
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    provider.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
