"""The control API and the metrics page over TLS: certificates that stand for tokens, and clients that are not wanted."""

import json
import shutil
import socket
import ssl
import subprocess

import pytest

import certificates
import stack


@pytest.fixture(scope="module")
def house(parts):
    """Sealwire behind TLS; `.ca`, `.other` (a CA that it does not know) and `.files`, where its certificate lies."""
    folder = parts.folder("tls")
    (folder / "other").mkdir()
    ca, other = certificates.Authority(folder), certificates.Authority(folder / "other")
    certificate, key = folder / "live.pem", folder / "live.key"
    for source, target in zip(ca.server(), (certificate, key)):
        shutil.copy(source, target)
    tls = f"tls: {{certificate: {certificate}, key: {key}, client_ca: {ca.certificate}}}"
    clients = 'clients: [{name: toggler, san: "DNS:toggler.example", scopes: [toggle]}, {name: boss, subject: "CN=boss,O=Example", scopes: [everything]}]'
    node = stack.Sealwire(parts, control_extra=f", {tls}, {clients}", metrics_extra=f", {tls}")
    node.ctl("zone", "add", "a.example", "--forward", "127.0.0.1:9")
    node.ca, node.other, node.files = ca, other, (certificate, key)
    return node


def curl(house, path, *words, port=None, scheme="https", ca=None):
    """(status, body); status 0: no answer."""
    done = subprocess.run(
        ["curl", "-sS", "--noproxy", "*", "--max-time", "10", "--cacert", str((ca or house.ca).certificate), "-w", "\n%{http_code}", *(str(w) for w in words),
         f"{scheme}://localhost:{port or house.http}{path}"], capture_output=True, text=True, timeout=20)
    body, _, status = done.stdout.rpartition("\n")
    return int(status), body


def with_token(house):
    return ("-H", f"Authorization: Bearer {house.token_file.read_text().strip()}")


def shown(pair):
    return ("--cert", pair[0], "--key", pair[1])


def test_the_token_counts_over_tls_as_it_does_elsewhere(house):
    assert curl(house, "/v1/zones")[0] == 401
    status, body = curl(house, "/v1/zones", *with_token(house))
    assert status == 200 and json.loads(body)["zones"][0]["name"] == "a.example"


def test_a_certificate_stands_for_its_scopes(house):
    toggler = shown(house.ca.client("toggler"))
    assert curl(house, "/v1/zones", *toggler)[0] == 200
    assert curl(house, "/v1/zones/a.example", *toggler, "-X", "DELETE")[0] == 403
    boss = shown(house.ca.client("boss"))
    assert curl(house, "/v1/tokens", *boss)[0] == 200
    assert curl(house, "/v1/zones/b.example", *boss, "-X", "PUT", "-H", "Content-Type: application/json", "-d", '{"backend":{"forward":["127.0.0.1:9"]}}')[0] == 201
    history = json.loads(curl(house, "/v1/zones/b.example/history", *boss)[1])
    assert history["history"][0]["who"] == "certificate:boss", history


def test_a_certificate_that_stands_for_nothing_is_no_token(house):
    assert curl(house, "/v1/zones", *shown(house.ca.client("stranger")))[0] == 401
    # A wrong token is not mended by a good certificate.
    assert curl(house, "/v1/zones", *shown(house.ca.client("boss")), "-H", "Authorization: Bearer wrong")[0] == 401


@pytest.mark.parametrize("flaw", ["another CA", "expired", "a server's"])
def test_a_bad_certificate_ends_the_handshake(house, flaw):
    pair = {"another CA": lambda: house.other.client("boss"), "expired": lambda: house.ca.client("old", days=-1),
            "a server's": lambda: house.ca.client("server-like", usage="serverAuth")}[flaw]()
    assert curl(house, "/v1/zones", *with_token(house), *shown(pair))[0] == 0
    assert curl(house, "/v1/zones", *with_token(house))[0] == 200


def test_sealctl_speaks_https(house):
    url = f"https://localhost:{house.http}"
    certificate, key = house.ca.client("toggler")
    program = [str(stack.BIN / "sealctl"), "--url", url, "--cacert", str(house.ca.certificate)]
    listed = subprocess.run([*program, "--cert", str(certificate), "--key", str(key), "zone", "list"], capture_output=True, text=True, timeout=20)
    assert listed.returncode == 0 and "a.example" in listed.stdout, listed.stderr
    listed = subprocess.run([*program, "--token-file", str(house.token_file), "zone", "list"], capture_output=True, text=True, timeout=20)
    assert listed.returncode == 0 and "a.example" in listed.stdout, listed.stderr
    unknown = subprocess.run([str(stack.BIN / "sealctl"), "--url", url, "--token-file", str(house.token_file), "zone", "list"],
                             capture_output=True, text=True, timeout=20)
    assert unknown.returncode == 1 and "certificate" in unknown.stderr, unknown.stderr


def test_metrics_ask_for_a_certificate_when_they_have_a_ca(house):
    assert curl(house, "/metrics", port=house.metrics)[0] == 0
    status, body = curl(house, "/metrics", *shown(house.ca.client("prometheus")), port=house.metrics)
    assert status == 200 and 'sealwire_http_certificate_expiry_seconds{door="control"}' in body


def test_what_comes_in_clear_is_told_so(house):
    status, body = curl(house, "/v1/zones", *with_token(house), scheme="http")
    assert status == 400 and "HTTPS" in body
    with socket.create_connection(("127.0.0.1", house.http), timeout=5) as client:
        client.sendall(b"\x00" * 5000)
        try:
            assert client.recv(100).startswith((b"", b"\x15"))
        except ConnectionResetError:
            pass
    assert curl(house, "/v1/zones", *with_token(house))[0] == 200


@pytest.mark.parametrize("version, accepted", [("-tls1_3", True), ("-tls1_2", True), ("-tls1_1", False)])
def test_old_versions_of_tls_are_not_spoken(house, version, accepted):
    done = subprocess.run(["openssl", "s_client", "-connect", f"localhost:{house.http}", "-CAfile", house.ca.certificate, "-cipher", "DEFAULT@SECLEVEL=0", version],
                          input="", capture_output=True, text=True, timeout=20)
    assert ("Verify return code: 0 (ok)" in done.stdout and "Cipher is (NONE)" not in done.stdout) == accepted, done.stdout + done.stderr


def test_a_client_cannot_renegotiate(house):
    """TLS 1.2: `R` asks for another handshake, which costs the server far more than the client."""
    done = subprocess.run(["openssl", "s_client", "-connect", f"localhost:{house.http}", "-CAfile", house.ca.certificate, "-tls1_2"],
                          input="R\nGET / HTTP/1.1\n\n", capture_output=True, text=True, timeout=20)
    assert "RENEGOTIATING" in done.stderr + done.stdout
    assert "no renegotiation" in done.stderr, done.stderr


def test_alpn_is_http_1_1(house):
    context = ssl.create_default_context(cafile=house.ca.certificate)
    context.set_alpn_protocols(["h2", "http/1.1"])
    with socket.create_connection(("127.0.0.1", house.http), timeout=5) as plain, context.wrap_socket(plain, server_hostname="localhost") as client:
        assert client.selected_alpn_protocol() == "http/1.1"


def test_a_handshake_that_drips_in_holds_nobody_up(house):
    slow = [socket.create_connection(("127.0.0.1", house.http), timeout=5) for _ in range(40)]
    for client in slow:
        client.sendall(b"\x16\x03\x01\x02\x00\x01")
    assert curl(house, "/v1/zones", *with_token(house))[0] == 200
    for client in slow:
        client.close()


def test_certificates_are_renewed_on_sighup_and_bad_ones_are_not_taken(house):
    def serial():
        context = ssl.create_default_context(cafile=house.ca.certificate)
        with socket.create_connection(("127.0.0.1", house.http), timeout=5) as plain, context.wrap_socket(plain, server_hostname="localhost") as client:
            return client.getpeercert()["serialNumber"]

    first = serial()
    held = [path.read_text() for path in house.files]
    for source, target in zip(house.ca.server("renewed"), house.files):
        shutil.copy(source, target)
    house.process.signal(stack.HANGUP)
    stack.until(5, "the new certificate is served", lambda: serial() != first)
    second = serial()
    house.files[1].write_text(held[1])  # the old key does not fit the new certificate
    house.process.signal(stack.HANGUP)
    stack.until(5, "the reload is refused", lambda: "reload-refused" in house.process.text())
    assert "live.key" in house.process.text()
    assert serial() == second
    assert curl(house, "/v1/zones", *with_token(house))[0] == 200
