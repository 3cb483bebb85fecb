"""`caibei token`: an access token, for curl and for trying things out."""

from typing import Annotated, Any

import typer

from deploy.cli.console import As, DataDir, Json, fail, running, show_one

app = typer.Typer()


@app.command()
def token(
    client: As = "admin",
    client_id: Annotated[str, typer.Option(help="Another client than those of runtime.json.")] = "",
    client_secret: Annotated[str, typer.Option(help="Its secret.", envvar="CAIBEI_CLIENT_SECRET")] = "",
    scope: Annotated[str, typer.Option(help="Only these scopes, separated by spaces.")] = "",
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Print an access token (at most ten minutes long).

    curl -H "Authorization: Bearer $(caibei token)" http://127.0.0.1:8001/v1/branches
    """
    import httpx

    found = running(data_dir)
    known = found["api_clients"].get(client)
    if not client_id and known is None:
        fail(f"no API client {client!r}: there are {', '.join(found['api_clients'])}")
    sign_in = (client_id, client_secret) if client_id or known is None else (known["client_id"], known["client_secret"])
    form = {"grant_type": "client_credentials", **({"scope": scope} if scope else {})}
    try:
        answer = httpx.post(f"{found['services']['identity']}/oauth/token", data=form, auth=sign_in, trust_env=False)
        body: dict[str, Any] = answer.json()
    except (httpx.HTTPError, ValueError) as error:
        fail(f"identity does not answer: {error}")
    if answer.status_code != 200:
        fail(f"{answer.status_code} {body.get('error')}: {body.get('error_description') or body.get('detail') or ''}")
    if as_json:
        show_one(body, True)
    else:
        print(body["access_token"])
