"""Backends that are asked: who asks is told from hand to hand, secrets are shared, and for a while nobody is there at all."""

import base64
import socket
import urllib.request

import dns.edns
import dns.exception
import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.rdatatype
import pytest

import stack

ZONE = """$TTL 3600
@ IN SOA ns hostmaster 1 3600 600 86400 60
@ IN NS ns
ns IN A 127.0.0.1
www IN A 192.0.2.80
who IN LUA A "who:toString()"
best IN LUA A "bestwho:toString()"
big IN LUA TXT ";local t={} for i=1,30 do t[i]=who:toString()..' '..i..string.rep('x',100) end return t"
"""
PLAIN = "\n".join(line for line in ZONE.splitlines() if "LUA" not in line) + "\n"
KEYS = {name: base64.b64encode(f"a secret for {name}, long enough".encode()).decode() for name in ("edge.example", "wrong.example")}


def power_dns(parts, name, proxied):
    port, home = stack.free_port(), parts.folder(name)
    (home / "steer.example.zone").write_text("$ORIGIN steer.example.\n" + ZONE)
    (home / "named.conf").write_text(f'zone "steer.example" {{ type master; file "{home}/steer.example.zone"; }};\n')
    (home / "pdns.conf").write_text("\n".join([
        "launch=bind", f"bind-config={home}/named.conf", "local-address=127.0.0.1", f"local-port={port}", "daemon=no", "guardian=no",
        f"socket-dir={home}", "enable-lua-records=yes", "edns-subnet-processing=yes", "receiver-threads=1", "cache-ttl=0", "query-cache-ttl=0",
        "proxy-protocol-from=127.0.0.0/8" if proxied else "", ""]))
    process = parts.spawn(name, ["pdns_server", f"--config-dir={home}"])
    if proxied:  # it hears no bare query
        stack.until(15, f"pdns serves\n{process.text()}", lambda: "Done launching threads" in process.text())
    else:
        stack.until(15, f"pdns serves\n{process.text()}", lambda: stack.answers(port, "steer.example"))
    return port


def dnsdist(parts, server):
    port, home = stack.free_port(), parts.folder("dnsdist")
    (home / "dnsdist.conf").write_text(f"""
setLocal("127.0.0.1:{port}")
setACL("127.0.0.0/8")
newServer({{address="127.0.0.1:{server}", useProxyProtocol=true, checkName="steer.example.", mustResolve=true}})
""")
    process = parts.spawn("dnsdist", ["dnsdist", "--supervised", "--disable-syslog", "-C", home / "dnsdist.conf"])
    stack.until(15, f"dnsdist serves\n{process.text()}", lambda: stack.answers(port, "steer.example"))
    return port


def bind_with_tsig(parts):
    """BIND that answers nobody without the key edge.example."""
    port, home = stack.free_port(), parts.folder("bind-tsig")
    (home / "locked.example.zone").write_text("$ORIGIN locked.example.\n" + PLAIN + "".join(
        f"big IN TXT \"{i} {'x' * 200}\"\n" for i in range(20)))
    (home / "named.conf").write_text("\n".join([
        f'key "edge.example" {{ algorithm hmac-sha256; secret "{KEYS["edge.example"]}"; }};',
        "options {", f'  directory "{home}"; pid-file "{home}/named.pid"; session-keyfile "{home}/session.key";',
        f'  listen-on port {port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }}; recursion no; allow-query {{ key "edge.example"; }};',
        "};", "controls { };", f'zone "locked.example" {{ type primary; file "{home}/locked.example.zone"; }};', ""]))
    process = parts.spawn("bind-tsig", ["named", "-g", "-n", "1", "-U", "1", "-c", home / "named.conf"])
    stack.until(10, f"named serves\n{process.text()}", lambda: "running" in process.text())
    return port


@pytest.fixture(scope="module")
def world(parts):
    class World:
        pass

    made = World()
    made.front_side, secrets = stack.free_port(), parts.folder("secrets")
    extra = "  kept: {forward_cache: 60s}\ntsig:\n"
    for name, secret in KEYS.items():
        (secrets / name).write_text(secret + "\n")
        (secrets / name).chmod(0o600)
        extra += f'  - {{name: "{name}", algorithm: hmac-sha256, secret_file: {secrets}/{name}}}\n'
    listen = [f'{{address: "127.0.0.1:{made.front_side}", proxy_protocol: ["127.0.0.0/8"]}}']
    made.sealwire = stack.Sealwire(parts, listen=listen, config_extra=extra)
    made.proxied, made.plain = power_dns(parts, "pdns-proxied", True), power_dns(parts, "pdns", False)
    made.sealwire.ctl("zone", "add", "steer.example", "--forward", f"127.0.0.1:{made.proxied}", "--client-address", "proxy")
    made.sealwire.toggle_on("steer.example")
    made.front = dnsdist(parts, made.front_side)
    return made


def ask_from(source, port, name, rdtype, *, tcp=False, options=None):
    query = dns.message.make_query(name, rdtype, want_dnssec=True, payload=1232, options=options)
    send = dns.query.tcp if tcp else dns.query.udp
    return send(query, "127.0.0.1", port=port, source=source, timeout=5)


def addresses(reply, name):
    return stack.rdata_of(reply, name, "A")


def metric(world, name):
    text = urllib.request.urlopen(f"http://127.0.0.1:{world.sealwire.metrics}/metrics", timeout=5).read().decode()
    return sum(float(line.rsplit(" ", 1)[1]) for line in text.splitlines() if line.startswith((name + " ", name + "{")))


def test_power_dns_sees_the_client_over_udp_and_tcp(world):
    assert addresses(ask_from("127.0.0.9", world.sealwire.port, "who.steer.example", "A"), "who.steer.example") == {"127.0.0.9"}
    assert addresses(ask_from("127.0.0.8", world.sealwire.port, "who.steer.example", "A", tcp=True), "who.steer.example") == {"127.0.0.8"}
    big = ask_from("127.0.0.7", world.sealwire.port, "big.steer.example", "TXT", tcp=True)
    texts = stack.rdata_of(big, "big.steer.example", "TXT")
    assert len(texts) == 30 and all(text.startswith('"127.0.0.7 ') for text in texts)


def test_dnsdist_before_us_names_the_client_to_power_dns_behind_us(world):
    for tcp in (False, True):
        reply = ask_from("127.0.0.11", world.front, "who.steer.example", "A", tcp=tcp)
        assert addresses(reply, "who.steer.example") == {"127.0.0.11"}
    said = stack.delv(world.front, "steer.example", world.sealwire.ds("steer.example"), "who.steer.example", "A")
    assert "fully validated" in said, said


def test_a_header_is_believed_from_the_listed_only_and_missed_from_them(world):
    header = b"\r\n\r\n\0\r\nQUIT\n\x21\x12\0\x0c" + socket.inet_aton("192.0.2.1") + socket.inet_aton("192.0.2.53") + b"\x10\x01\0\x35"
    query = dns.message.make_query("who.steer.example", "A")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.settimeout(2)
        udp.sendto(header + query.to_wire(), ("127.0.0.1", world.front_side))
        assert addresses(dns.message.from_wire(udp.recv(4096)), "who.steer.example") == {"192.0.2.1"}
        udp.sendto(header + query.to_wire(), ("127.0.0.1", world.sealwire.port))
        heard = udp.recv(4096)  # the first octets of the header read as id and opcode of a query
        assert heard[3] & 0x0f == dns.rcode.NOTIMP and heard[6:8] == b"\0\0"
        before = metric(world, "sealwire_udp_bad_proxy_header_total")
        udp.settimeout(0.5)
        udp.sendto(query.to_wire(), ("127.0.0.1", world.front_side))
        with pytest.raises(TimeoutError):
            udp.recv(4096)
    assert metric(world, "sealwire_udp_bad_proxy_header_total") == before + 1
    with socket.create_connection(("127.0.0.1", world.front_side), timeout=2) as tcp:
        wire = query.to_wire()
        tcp.sendall(len(wire).to_bytes(2, "big") + wire)
        assert tcp.recv(1) == b""


def test_rfc7871_power_dns_hears_the_subnet_a_resolver_sends(world):
    sealwire = world.sealwire
    zones = sealwire.home / "zones.yaml"
    zones.write_text(f"zones: [{{name: steer.example, backend: {{forward: ['127.0.0.1:{world.plain}']}}, dnssec: on}}]\n")
    sealwire.ctl("apply", zones)
    stack.until(5, "the other backend answers",
                lambda: addresses(ask_from("127.0.0.9", sealwire.port, "best.steer.example", "A"), "best.steer.example") == {"127.0.0.0"})
    told = ask_from("127.0.0.9", sealwire.port, "best.steer.example", "A", options=[dns.edns.ECSOption("198.51.100.0", 24)])
    assert addresses(told, "best.steer.example") == {"198.51.100.0"}
    (back,) = [option for option in told.options if option.otype == dns.edns.ECS]
    assert (back.address, back.srclen) == ("198.51.100.0", 24)
    untold = ask_from("127.0.0.9", sealwire.port, "best.steer.example", "A")
    assert not [option for option in untold.options if option.otype == dns.edns.ECS]
    for data in (b"\0\1\x18\0\xc6\x33", b"\0\1\x18\x18\xc6\x33\x64", b"\0\1\x17\0\xc6\x33\x65"):
        broken = ask_from("127.0.0.9", sealwire.port, "best.steer.example", "A", options=[dns.edns.GenericOption(dns.edns.ECS, data)])
        assert broken.rcode() == dns.rcode.FORMERR


def test_rfc7871_gdnsd_steers_and_each_network_keeps_its_own_answer(parts, world):
    sealwire, name = world.sealwire, "geo.cdn.example"
    sealwire.ctl("zone", "add", "cdn.example", "--forward", f"127.0.0.1:{stack.gdnsd(parts)}", "--policy", "kept")
    sealwire.toggle_on("cdn.example")
    expected = {"198.51.100.0": "192.0.2.22", "203.0.113.0": "192.0.2.21"}
    before, scopes = metric(world, "sealwire_cache_hits_total"), {}
    for _ in range(12):  # each of two workers asks gdnsd twice before it keeps what it says
        for network, address in expected.items():
            reply = ask_from("127.0.0.9", sealwire.port, name, "A", options=[dns.edns.ECSOption(network, 24)])
            assert addresses(reply, name) == {address}
            (back,) = [option for option in reply.options if option.otype == dns.edns.ECS]
            assert (back.address, back.srclen) == (network, 24) and 0 < back.scopelen <= 24
            scopes.setdefault(network, set()).add(back.scopelen)
    assert metric(world, "sealwire_cache_hits_total") > before
    assert all(len(seen) == 1 for seen in scopes.values()), scopes  # kept or not, the scope is the same
    asked = metric(world, "sealwire_backend_questions_total")
    for _ in range(6):  # who wants nothing told shares nothing, and is told scope 0
        reply = ask_from("127.0.0.9", sealwire.port, name, "A", options=[dns.edns.ECSOption("0.0.0.0", 0)])
        (back,) = [option for option in reply.options if option.otype == dns.edns.ECS]
        assert (back.srclen, back.scopelen) == (0, 0)
    assert metric(world, "sealwire_backend_questions_total") >= asked + 6
    unbound = stack.Unbound(parts, {"cdn.example": sealwire.port}, sealwire.ds("cdn.example"), name="unbound-geo")
    for rdtype in ("A", "TXT"):
        reply = unbound.ask(name, rdtype)
        assert reply.flags & dns.flags.AD and reply.rcode() == dns.rcode.NOERROR
    assert addresses(unbound.ask(name, "A"), name) == {"192.0.2.21"}


def test_rfc8945_bind_answers_only_who_has_the_key(parts, world):
    sealwire, port = world.sealwire, bind_with_tsig(parts)
    assert dns.query.udp(dns.message.make_query("www.locked.example", "A"), "127.0.0.1", port=port, timeout=5).rcode() == dns.rcode.REFUSED
    sealwire.ctl("zone", "add", "locked.example", "--forward", f"127.0.0.1:{port}", "--tsig", "edge.example")
    sealwire.toggle_on("locked.example")
    assert addresses(ask_from("127.0.0.9", sealwire.port, "www.locked.example", "A"), "www.locked.example") == {"192.0.2.80"}
    big = ask_from("127.0.0.9", sealwire.port, "big.locked.example", "TXT", tcp=True)  # truncated over UDP, asked again over TCP
    assert len(stack.rdata_of(big, "big.locked.example", "TXT")) == 20
    said = stack.delv(sealwire.port, "locked.example", sealwire.ds("locked.example"), "nowhere.locked.example", "A")
    assert "fully validated" in said, said
    assert "locked.example" in sealwire.ctl("zone", "show", "locked.example") and "tsig edge.example" in sealwire.ctl("zone", "show", "locked.example")
    sealwire.ctl("zone", "add", "unknown.example", "--forward", f"127.0.0.1:{port}", "--tsig", "nobody.example", status=(1,))


def test_rfc8945_a_wrong_secret_is_failure_and_said_so(parts, world):
    """BIND knows the name wrong.example by another secret."""
    sealwire, port, home = world.sealwire, stack.free_port(), parts.folder("bind-other")
    other = base64.b64encode(b"another secret, as long as others").decode()
    (home / "apart.example.zone").write_text("$ORIGIN apart.example.\n" + PLAIN)
    (home / "named.conf").write_text("\n".join([
        f'key "wrong.example" {{ algorithm hmac-sha256; secret "{other}"; }};',
        "options {", f'  directory "{home}"; pid-file "{home}/named.pid"; session-keyfile "{home}/session.key";',
        f"  listen-on port {port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }}; recursion no;",
        "};", "controls { };", f'zone "apart.example" {{ type primary; file "{home}/apart.example.zone"; }};', ""]))
    parts.spawn("bind-other", ["named", "-g", "-n", "1", "-U", "1", "-c", home / "named.conf"])
    stack.until(10, "named serves", lambda: stack.answers(port, "apart.example"))
    sealwire.ctl("zone", "add", "apart.example", "--forward", f"127.0.0.1:{port}", "--tsig", "wrong.example")
    reply = ask_from("127.0.0.9", sealwire.port, "www.apart.example", "A")
    assert reply.rcode() == dns.rcode.SERVFAIL
    assert [option.code for option in reply.options if option.otype == dns.edns.EDE] == [22]
    assert metric(world, "sealwire_backend_tsig_refused_total") > 0
    stack.until(10, "the log says why", lambda: "backend-tsig-refused" in sealwire.process.text() and "BADSIG" in sealwire.process.text())


def test_rfc8767_what_was_last_said_is_given_while_nobody_answers(parts, world):
    """Knot, killed by its process id and started again."""
    knot = stack.Knot(parts, {"gone.example": "$ORIGIN gone.example.\n" + PLAIN})
    sealwire = world.sealwire
    sealwire.ctl("zone", "add", "gone.example", "--forward", f"127.0.0.1:{knot.port}")
    sealwire.toggle_on("gone.example")
    for name in ("www.gone.example", "nowhere.gone.example"):
        for _ in range(16):  # each of two workers must have seen a denial twice
            assert not [o for o in ask_from("127.0.0.9", sealwire.port, name, "A").options if o.otype == dns.edns.EDE]
    knot._process.kill()

    def errors(name):
        reply = ask_from("127.0.0.9", sealwire.port, name, "A")
        return reply, [option.code for option in reply.options if option.otype == dns.edns.EDE]

    reply, codes = errors("www.gone.example")
    assert addresses(reply, "www.gone.example") == {"192.0.2.80"} and codes == [3]
    assert all(rrset.ttl <= 30 for rrset in reply.answer)
    reply, codes = errors("nowhere.gone.example")
    assert codes == [19] and all(rrset.ttl <= 30 for rrset in reply.authority)
    reply, codes = errors("unseen.gone.example")
    assert reply.rcode() == dns.rcode.SERVFAIL and codes == [22]
    for name, what in (("www.gone.example", "fully validated"), ("nowhere.gone.example", "negative response, fully validated")):
        said = stack.delv(sealwire.port, "gone.example", sealwire.ds("gone.example"), name, "A")
        assert what in said, said
    unbound = stack.Unbound(parts, {"gone.example": sealwire.port}, sealwire.ds("gone.example"), name="unbound-stale")
    reply = unbound.ask("www.gone.example", "A")
    assert reply.flags & dns.flags.AD and addresses(reply, "www.gone.example") == {"192.0.2.80"}
    assert metric(world, "sealwire_answers_stale_total") > 0
    knot._process.start()
    stack.until(20, "the backend is back and heard", lambda: errors("www.gone.example")[1] == [])
