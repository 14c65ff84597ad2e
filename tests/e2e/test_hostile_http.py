"""The control API among hostile clients: it refuses them, and goes on serving the others."""

import http.client
import socket
import time

import pytest

import stack


@pytest.fixture(scope="module")
def sealwire(parts):
    node = stack.Sealwire(parts)
    node.ctl("zone", "add", "a.example", "--forward", "127.0.0.1:9")
    return node


def token(sealwire):
    return sealwire.token_file.read_text().strip()


def serves(sealwire, seconds=2):
    """A good request is answered in time."""
    started = time.monotonic()
    connection = http.client.HTTPConnection("127.0.0.1", sealwire.http, timeout=10)
    connection.request("GET", "/v1/zones", headers={"Authorization": f"Bearer {token(sealwire)}"})
    status = connection.getresponse().status
    connection.close()
    return status == 200 and time.monotonic() - started < seconds


def raw(sealwire, octets, seconds=5):
    """Everything that is answered until the server closes or is silent."""
    with socket.create_connection(("127.0.0.1", sealwire.http), timeout=seconds) as client:
        client.sendall(octets)
        heard = b""
        try:
            while part := client.recv(65536):
                heard += part
        except OSError:
            pass
        return heard


def head(sealwire, *lines):
    return "\r\n".join(("PATCH /v1/zones/a.example/dnssec HTTP/1.1", "Host: x", f"Authorization: Bearer {token(sealwire)}", *lines, "", "")).encode()


SMUGGLED = b"DELETE /v1/zones/a.example HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.mark.parametrize("lines, body", [
    (("Content-Length: 4", "Transfer-Encoding: chunked"), b"0\r\n\r\n" + SMUGGLED),
    (("Transfer-Encoding: chunked", "Content-Length: 5"), b"0\r\n\r\n" + SMUGGLED),
    (("Content-Length: 0", "Content-Length: 60"), SMUGGLED),
    (("Content-Length: 0, 60",), SMUGGLED),
    (("Content-Length: +0",), SMUGGLED),
    (("Transfer-Encoding: identity, chunked",), b"0\r\n\r\n" + SMUGGLED),
    (("Transfer-Encoding: xchunked",), b"0\r\n\r\n" + SMUGGLED),
])
def test_rfc9112_section_6_3_a_message_with_two_lengths_is_refused(sealwire, lines, body):
    heard = raw(sealwire, head(sealwire, *lines) + body)
    assert heard.count(b"HTTP/1.1 ") <= 1, heard
    assert not heard.startswith(b"HTTP/1.1 2"), heard
    assert sealwire.ctl("zone", "show", "a.example")


@pytest.mark.parametrize("octets", [
    b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /v1/zones HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 100_000 + b"\r\n\r\n",
    b"GET /v1/zones HTTP/1.1\r\n" + b"X: y\r\n" * 20_000 + b"\r\n",
    b"PUT /v1/zones/b.example HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n{",
    b"PUT /v1/zones/b.example HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + b"100000\r\n" + b"x" * 0x100000 + b"\r\n" +
    (b"100000\r\n" + b"x" * 0x100000 + b"\r\n") * 4 + b"0\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 500,
    b"BREW /v1/zones HTTP/1.1\r\nHost: x\r\n\r\n",
    b"\x00" * 4096,
])
def test_what_is_too_large_or_no_request_is_refused(sealwire, octets):
    heard = raw(sealwire, octets, seconds=3)
    assert not heard.startswith(b"HTTP/1.1 2"), heard[:200]
    assert serves(sealwire)


def test_wrong_tokens_learn_nothing_and_slow_nobody(sealwire):
    right = token(sealwire)
    for number in range(300):
        wrong = (right[:-1] + ("0" if right[-1] != "0" else "1")) if number % 2 else "x" * number
        connection = http.client.HTTPConnection("127.0.0.1", sealwire.http, timeout=10)
        connection.request("DELETE", "/v1/zones/a.example", headers={"Authorization": f"Bearer {wrong}"})
        assert connection.getresponse().status == 401
        connection.close()
    assert serves(sealwire)
    # And the log is not filled by them.
    assert sealwire.process.text().count("api-refused") < 100


@pytest.fixture(scope="module")
def narrow(parts):
    """A node with little room."""
    return stack.Sealwire(parts, name="narrow", control_extra=", connections: 30, connections_per_client: 8", metrics_extra=", connections_per_client: 8")


def dial(port, source):
    client = socket.socket()
    client.settimeout(5)
    client.bind((source, 0))
    client.connect(("127.0.0.1", port))
    return client


def closed(client, seconds=0.3):
    """True when the server has closed the connection."""
    client.settimeout(seconds)
    try:
        return client.recv(1) == b""
    except TimeoutError:
        return False
    except OSError:
        return True


def answers(port, source):
    """True when the server answers a request from this address; False when it closes the connection at once."""
    try:
        with dial(port, source) as client:
            client.sendall(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
            return client.recv(100).startswith(b"HTTP/1.1 ")
    except (ConnectionError, TimeoutError):
        return False


@pytest.mark.parametrize("door", ["http", "metrics"])
def test_one_address_has_its_share_of_connections(narrow, door):
    port = getattr(narrow, door)
    flood = [dial(port, "127.0.0.2") for _ in range(60)]
    stack.until(10, "eight connections left of sixty", lambda: sum(not closed(client, 0.05) for client in flood) == 8)
    assert answers(port, "127.0.0.3")
    for client in flood:
        client.close()
    stack.until(10, "room for the address whose connections are gone", lambda: answers(port, "127.0.0.2"))


def test_a_flood_from_many_addresses_pushes_itself_out(narrow):
    flood = [dial(narrow.http, f"127.0.1.{number % 60 + 1}") for number in range(120)]
    time.sleep(1.1)
    assert serves(narrow), "who waits longest makes room"
    assert narrow.ctl("zone", "list") is not None, "the unix socket has room of its own"
    for client in flood:
        client.close()
    page = http.client.HTTPConnection("127.0.0.1", narrow.metrics, timeout=5)
    page.request("GET", "/metrics")
    text = page.getresponse().read().decode()
    count = {line.split()[0]: float(line.split()[1]) for line in text.splitlines() if line.startswith("sealwire_http_")}
    assert count['sealwire_http_refused_total{door="control"}'] >= 60
    assert count['sealwire_http_displaced_total{door="control"}'] >= 1


def test_drips_of_a_request_hold_nobody_up(sealwire):
    """Slow heads and slow bodies; that they are ended in the end is a unit test's business, which need not wait a minute."""
    heads = [socket.create_connection(("127.0.0.1", sealwire.http), timeout=5) for _ in range(25)]
    bodies = [socket.create_connection(("127.0.0.1", sealwire.http), timeout=5) for _ in range(25)]
    for client in bodies:
        client.sendall(b"PUT /v1/zones/b.example HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\n")
    for _ in range(5):
        for client in heads + bodies:
            client.sendall(b"X")
        assert serves(sealwire)
    for client in heads + bodies:
        client.close()
