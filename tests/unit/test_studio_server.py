"""The studio's server on the loopback address: who gets credentials, and what the page may do."""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from botocore.exceptions import EndpointConnectionError, NoCredentialsError
from tools.client import Response, fetch
from tools.local.stack import StackError
from tools.local.studio import Site, deployed, serving

API = "https://a1b2c3.execute-api.ap-south-1.amazonaws.com/dev"
KEYS = {"accessKeyId": "ASIAX", "secretAccessKey": "s3cr3t", "sessionToken": "t"}


class Open:
    """A studio that is served: its address without the token, and the token."""

    def __init__(self, address: str) -> None:
        self.origin, _, self.token = address.partition("/#token=")

    def get(self, path: str, **headers: str) -> Response:
        return fetch(self.origin + path, headers={name.replace("_", "-"): value for name, value in headers.items()})


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Open]:
    tmp_path = tmp_path_factory.mktemp("studio")
    (tmp_path / "dist").mkdir()
    (tmp_path / "dist" / "index.html").write_text("<title>Studio</title>")
    (tmp_path / "secret").write_text("not for pages")
    site = Site(tmp_path / "dist", API, "ap-south-1", "https://*.s3.ap-south-1.amazonaws.com", lambda: KEYS)
    with serving(site, 0) as address:
        yield Open(address)


def test_who_has_the_token_gets_credentials(studio: Open) -> None:
    assert studio.get("/credentials", Authorization=f"Bearer {studio.token}").json() == KEYS


@pytest.mark.parametrize("given", ["", "Bearer ", "Bearer x", "Basic x", "Bearer \N{LATIN SMALL LETTER E WITH ACUTE}"])
def test_nobody_else_does(studio: Open, given: str) -> None:
    for path in ("/credentials", "/credentials?token=x"):
        answer = studio.get(path, **({"Authorization": given} if given else {}))
        assert answer.status == 403
        assert b"s3cr3t" not in answer.body


def test_credentials_that_have_ended_are_said_so(tmp_path: Path) -> None:
    def ended() -> dict[str, str]:
        raise NoCredentialsError

    with serving(Site(tmp_path, API, "x", "", ended), 0) as address:
        answer = Open(address).get("/credentials", Authorization=f"Bearer {Open(address).token}")
    assert (answer.status, "sign in again" in answer.json()["message"]) == (503, True)


def test_a_browser_gets_the_page_compressed(studio: Open) -> None:
    answer = studio.get("/", Accept_Encoding="gzip, deflate")
    assert answer.headers["content-encoding"] == "gzip"
    assert gzip.decompress(answer.body) == b"<title>Studio</title>"
    assert studio.get("/").body == b"<title>Studio</title>"


def test_the_token_is_new_at_every_start(studio: Open, tmp_path: Path) -> None:
    with serving(Site(tmp_path, API, "x", "", dict), 0) as other:
        assert Open(other).token != studio.token
        assert len(studio.token) > 30


@pytest.mark.parametrize("origin", ["null", "https://evil.example", "http://localhost:4600", "http://127.0.0.1"])
def test_a_page_of_another_origin_gets_nothing(studio: Open, origin: str) -> None:
    for path in ("/", "/config.json", "/credentials"):
        answer = studio.get(path, Origin=origin, Authorization=f"Bearer {studio.token}")
        assert answer.status == 403
        assert "access-control-allow-origin" not in answer.headers


def test_another_name_of_this_machine_is_refused(studio: Open) -> None:
    for host in ("evil.example", "localhost", "127.0.0.1"):
        assert studio.get("/", Host=host).status == 421
    assert studio.get("/").status == 200


@pytest.mark.parametrize(
    "path", ["/../secret", "/%2e%2e/secret", "/..%2fsecret", "//etc/passwd", "/nowhere", "/starter"]
)
def test_only_files_of_the_page_are_served(studio: Open, path: str) -> None:
    answer = studio.get(path)
    assert answer.status == 404
    assert b"not for pages" not in answer.body


def test_the_page_may_load_and_call_only_what_it_needs(studio: Open) -> None:
    answer = studio.get("/")
    rules = dict(rule.strip().split(" ", 1) for rule in answer.headers["content-security-policy"].split(";"))
    assert rules["default-src"] == rules["base-uri"] == rules["form-action"] == rules["frame-ancestors"] == "'none'"
    assert rules["script-src"] == rules["style-src"] == "'self'"
    assert rules["connect-src"].split() == [
        "'self'",
        "https://a1b2c3.execute-api.ap-south-1.amazonaws.com",
        "https://*.s3.ap-south-1.amazonaws.com",
    ]
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cache-control"] == "no-store"


def test_the_page_is_told_where_the_api_is(studio: Open) -> None:
    told = json.loads(studio.get("/config.json").body)
    assert told == {"apiUrl": API, "region": "ap-south-1", "credentials": "/credentials"}


def test_a_language_has_a_list_to_begin_with(studio: Open) -> None:
    hindi = json.loads(studio.get("/starter/hi.json").body)
    assert "एक" in {one["phrase"] for one in hindi}
    for name in ("xx", "..%2fhi", "HI"):
        assert studio.get(f"/starter/{name}.json").status == 404


def test_a_port_in_use_is_an_error(studio: Open, tmp_path: Path) -> None:
    port = int(studio.origin.rpartition(":")[2])
    with pytest.raises(OSError, match="in use"), serving(Site(tmp_path, API, "x", "", dict), port):
        pass


@pytest.mark.parametrize(
    "url",
    [
        "",
        "http://a.execute-api.ap-south-1.amazonaws.com/dev",
        "https://evil.example",
        "https://evil.example/execute-api.x",
    ],
)
def test_credentials_are_for_an_api_on_aws_only(url: str) -> None:
    with pytest.raises(StackError, match="ApiUrl"):
        deployed(url)


def test_of_keys_that_do_not_end_the_page_gets_a_session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An emulator's API: the profile says where its AWS is."""
    (tmp_path / "config").write_text("[profile field-team]\nregion = eu-west-1\nendpoint_url = http://127.0.0.1:1\n")
    keys = tmp_path / "credentials"
    keys.write_text("[field-team]\naws_access_key_id = AKIAX\naws_secret_access_key = long-lived\n")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(keys))
    monkeypatch.setenv("AWS_PROFILE", "field-team")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    site = deployed("http://localhost:1/_aws/execute-api/a1b2c3/local")
    assert (site.region, site.audio) == ("eu-west-1", "http://127.0.0.1:1")
    with pytest.raises(EndpointConnectionError):
        site.credentials()  # it asks for a session, and gives no key away without one
    keys.write_text(keys.read_text() + "aws_session_token = t\n")  # somebody signed in meanwhile
    assert site.credentials()["sessionToken"] == "t"
