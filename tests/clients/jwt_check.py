"""PyJWT reads the bearer tokens of the vendors whose tokens are JWTs, as clients do that look at `exp` themselves."""

import jwt
import requests

from sandbox import BASE, advance, answer, check, equal, now


def claims(token):
    """What the token says. Its key is the vendor's secret, so a client cannot check the signature, nor can this."""
    equal(jwt.get_unverified_header(token)["alg"], "HS256")
    return jwt.decode(token, options={"verify_signature": False})


def shiptheory():
    login = {"email": "you@youremail.com", "password": "password"}
    return answer(requests.post(f"{BASE}/shiptheory/v1/token", json=login, timeout=10))["data"]["token"]


def shiptime():
    form = {"grant_type": "client_credentials", "client_id": "seatrial", "client_secret": "seatrial-secret"}
    return answer(requests.post(f"{BASE}/shiptime/oauth2/token", data=form, timeout=10))["access_token"]


for vendor in (shiptheory, shiptime):
    with check(f"a {vendor.__name__} token lives an hour by its own claims"):
        before = now()
        said = claims(vendor())
        after = now()
        assert before <= said["exp"] - 3600 <= after, f"made between {before} and {after}, but expires at {said['exp']}"
        # Not every vendor says when a token was made; one that does must not contradict itself.
        equal(said.get("iat", said["exp"] - 3600), said["exp"] - 3600)

with check("a token made later expires later by the sandbox's clock"):
    first = claims(shiptheory())["exp"]
    advance("24h")
    assert claims(shiptheory())["exp"] >= first + 24 * 3600
