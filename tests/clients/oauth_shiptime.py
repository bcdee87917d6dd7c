"""Authlib, a standard OAuth2 client, gets a ShipTime token, uses it, sees it expire and renews it."""

import os

from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session

from sandbox import BASE, advance, answer, check, equal

# The sandbox speaks plain HTTP on loopback, which the library refuses unless told.
os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"

TOKEN_URL = f"{BASE}/shiptime/oauth2/token"
SHIPMENTS = f"{BASE}/shiptime/rest/shipments"


def session(secret="seatrial-secret"):
    return OAuth2Session("seatrial", secret, token_endpoint_auth_method="client_secret_post")


def shipments(client):
    # The library judges expiry by the real clock, the sandbox by its own: only the latter has moved.
    return client.get(SHIPMENTS, timeout=10)


client = session()

with check("client credentials give a bearer token for an hour"):
    token = client.fetch_token(TOKEN_URL, grant_type="client_credentials")
    equal(token["token_type"], "Bearer")
    equal(token["expires_in"], 3600)

with check("the token opens the shipments"):
    assert "content" in answer(shipments(client))

with check("the token is refused after its hour"):
    advance("61m")
    equal(shipments(client).status_code, 401)

with check("a renewed token opens the shipments again"):
    old = client.token["access_token"]
    client.fetch_token(TOKEN_URL, grant_type="client_credentials")
    assert client.token["access_token"] != old, "the renewed token is the old one"
    assert "content" in answer(shipments(client))

with check("a wrong secret is an invalid_client"):
    try:
        session(secret="wrong").fetch_token(TOKEN_URL, grant_type="client_credentials")
    except OAuthError as error:
        equal(error.error, "invalid_client")
    else:
        raise AssertionError("a token was given for a wrong secret")
