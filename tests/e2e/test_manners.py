"""Cookies, NSID, CHAOS and rate limits, asked by clients of other makes over real sockets."""

import re
import socket
import subprocess
import urllib.request

import dns.edns
import dns.message
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.query
import pytest

import stack

SHOP = (stack.EXAMPLE / "shop.example.zone").read_text()
FIRST, SECOND = "e5e973e5a6b2a43f48e7dc849e37bfcf", "445536bcd2513298075a5d379663c962"


class Node:
    """A sealwired with manners and one zone; `secrets` are shared by a set."""

    def __init__(self, parts, name, secrets, extra=""):
        self.secrets = parts.folder("secrets") / f"{name}.txt"
        self.secrets.write_text("\n".join(secrets) + "\n")
        self.secrets.chmod(0o600)
        config = f"cookies: {{secret_file: {self.secrets}}}\n" \
                 'identity: {nsid: "edge-7", version: "Sealwire", hostname: edge7.example}\n' + extra
        self.sealwire = stack.Sealwire(parts, name=name, config_extra=config, workers=1)
        zone_file = self.sealwire.home / "shop.example.zone"
        zone_file.write_text(SHOP)
        self.sealwire.ctl("zone", "add", "shop.example", "--file", zone_file)
        self.port = self.sealwire.port

    def count(self, metric):
        page = urllib.request.urlopen(f"http://127.0.0.1:{self.sealwire.metrics}/metrics", timeout=5).read().decode()
        return float(re.search(rf"^sealwire_{metric} (\S+)$", page, re.M).group(1))


@pytest.fixture(scope="module")
def node(parts):
    return Node(parts, "one", [FIRST])


def dig(port, *words):
    return subprocess.run(["dig", "@127.0.0.1", "-p", str(port), "+norec", *words], capture_output=True, text=True, timeout=20).stdout


def cookie_of(text):
    found = re.search(r"COOKIE: ([0-9a-f]+)(?: \((\w+)\))?", text)
    return found.group(1) if found else None


def test_rfc7873_dig_learns_a_cookie_and_finds_it_good(node):
    text = dig(node.port, "+cookie=2464c4abcf10c957", "www.shop.example", "AAAA")
    cookie = cookie_of(text)
    assert cookie.startswith("2464c4abcf10c95701000000") and len(cookie) == 48
    before = node.count("cookies_proven_total")
    assert cookie_of(dig(node.port, f"+cookie={cookie}", "www.shop.example", "AAAA")) == cookie
    assert node.count("cookies_proven_total") == before + 1


def test_rfc9018_a_server_of_another_make_verifies_our_cookie(parts, node):
    """BIND with the same secret takes what we made: it answers BADCOOKIE to all others."""
    home = parts.folder("bind")
    port = stack.free_port()
    (home / "shop.example.zone").write_text(SHOP)
    (home / "named.conf").write_text(f"""
options {{ directory "{home}"; listen-on port {port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }}; recursion no;
  pid-file "{home}/named.pid"; session-keyfile "{home}/session.key"; require-server-cookie yes; cookie-algorithm siphash24;
  cookie-secret "{FIRST}"; dnssec-validation no; check-integrity no; check-names master ignore; }};
controls {{ }};
zone "shop.example" {{ type primary; file "{home}/shop.example.zone"; }};
""")
    process = parts.spawn("named", ["named", "-g", "-c", home / "named.conf", "-n", "1"])
    stack.until(15, f"named serves\n{process.text()}", lambda: cookie_of(dig(port, "+tries=1", "+time=1", "+nobadcookie", "shop.example", "SOA")))
    ours = cookie_of(dig(node.port, "+cookie=2464c4abcf10c957", "shop.example", "SOA"))
    assert "BADCOOKIE" not in dig(port, f"+cookie={ours}", "+nobadcookie", "shop.example", "SOA")
    forged = ours[:-1] + ("0" if ours[-1] != "0" else "1")
    assert "BADCOOKIE" in dig(port, f"+cookie={forged}", "+nobadcookie", "shop.example", "SOA")
    before = node.count("cookies_proven_total")
    theirs = cookie_of(dig(port, "+cookie=2464c4abcf10c957", "+nobadcookie", "shop.example", "SOA"))
    dig(node.port, f"+cookie={theirs}", "shop.example", "SOA")
    assert node.count("cookies_proven_total") == before + 1


def test_rfc9018_section5_secrets_roll_without_a_restart(parts, node):
    cookie = cookie_of(dig(node.port, "+cookie=2464c4abcf10c957", "shop.example", "SOA"))
    node.secrets.write_text(f"{SECOND}\n{FIRST} # going\n")
    node.sealwire.process.signal(stack.HANGUP)
    stack.until(5, "new secrets", lambda: cookie_of(dig(node.port, f"+cookie={cookie}", "shop.example", "SOA")) != cookie)
    renewed = cookie_of(dig(node.port, f"+cookie={cookie}", "shop.example", "SOA"))
    node.secrets.write_text("no secret\n")
    node.sealwire.process.signal(stack.HANGUP)
    stack.until(5, "the fault is told", lambda: "cookie-secrets-refused" in node.sealwire.process.text())
    before = node.count("cookies_proven_total")
    dig(node.port, f"+cookie={renewed}", "shop.example", "SOA")
    assert node.count("cookies_proven_total") == before + 1


def test_rfc5001_and_rfc4892_the_server_says_who_it_is(node):
    assert "NSID: 65 64 67 65 2d 37" in dig(node.port, "+nsid", "shop.example", "SOA")
    assert '"Sealwire"' in dig(node.port, "CH", "TXT", "version.bind")
    assert '"edge7.example"' in dig(node.port, "CH", "TXT", "id.server")
    assert "REFUSED" in dig(node.port, "CH", "TXT", "authors.bind")


def test_rfc7828_kdig_is_told_how_long_a_connection_may_idle(node):
    query = dns.message.make_query("shop.example", "SOA", use_edns=True, options=[dns.edns.GenericOption(11, b"")])
    reply = dns.query.tcp(query, "127.0.0.1", port=node.port, timeout=5)
    assert [option.data for option in reply.options if option.otype == 11] == [b"\x00\x64"]


def flood(port, message, count):
    """`count` datagrams of the same octets; the replies."""
    replies = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.connect(("127.0.0.1", port))
        for _ in range(count):
            sender.send(message)
        sender.settimeout(1)
        try:
            while True:
                replies.append(dns.message.from_wire(sender.recv(4096), ignore_trailing=True))
        except TimeoutError:
            return replies


def test_rate_limits_a_flood_and_lets_cookies_through(parts):
    node = Node(parts, "limited", [FIRST], "rate_limit: {responses_per_second: 10, window: 5, slip: 2}\n")
    query = dns.message.make_query("www.shop.example", "AAAA", use_edns=True)
    replies = flood(node.port, query.to_wire(), 200)
    whole = [reply for reply in replies if not reply.flags & dns.flags.TC]
    assert 10 <= len(whole) <= 30  # a second or two may begin meanwhile
    cut = len(replies) - len(whole)
    assert cut == node.count("rate_limit_slipped_total")
    assert abs(cut - node.count("rate_limit_dropped_total")) <= 1
    assert dns.query.tcp(query, "127.0.0.1", port=node.port, timeout=5).answer
    text = dig(node.port, "+cookie", "www.shop.example", "AAAA")  # is sent BADCOOKIE, and asks again with the cookie
    assert "status: NOERROR" in text and "2001:db8" in text
