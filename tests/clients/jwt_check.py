"""PyJWT reads the bearer tokens of the vendors whose tokens are JWTs, as clients do that look at `exp` themselves."""

import jwt
import requests

from sandbox import BASE, answer, check, equal


def claims(token):
    """What the token says. Its key is the vendor's secret, so a client cannot check the signature, nor can this."""
    equal(jwt.get_unverified_header(token)["alg"], "HS256")
    return jwt.decode(token, options={"verify_signature": False})


with check("a Shiptheory token lives an hour by its own claims"):
    login = {"email": "you@youremail.com", "password": "password"}
    body = answer(requests.post(f"{BASE}/shiptheory/v1/token", json=login, timeout=10))
    said = claims(body["data"]["token"])
    equal(said["exp"], said["iat"] + 3600)

with check("a ShipTime token lives an hour by its own claims"):
    form = {"grant_type": "client_credentials", "client_id": "seatrial", "client_secret": "seatrial-secret"}
    body = answer(requests.post(f"{BASE}/shiptime/oauth2/token", data=form, timeout=10))
    said = claims(body["access_token"])
    equal(said["exp"], said["iat"] + 3600)
