"""NOTIFY(CDS) to whom the parent's DSYNC record names (RFC 9859): Knot serves the parent, a receiver takes the notices."""

import json
import socket
import threading
import time
import urllib.request

import dns.flags
import dns.message
import dns.opcode
import dns.rdatatype
import pytest

import stack

PARENT = """\
$ORIGIN example.
$TTL 2
@ SOA ns hostmaster {serial} 7200 1800 1209600 2
@ NS ns
ns A 127.0.0.1
scanner A 127.0.0.1
; RRtype CDS, scheme NOTIFY, port, scanner.example. RFC 9859 section 2.1
*._dsync TYPE66 \\# 22 003B01{port:04X}077363616E6E6572076578616D706C6500
shop NS ns.shop
ns.shop A 127.0.0.1
{ds}
"""
SHOP = """\
$TTL 2
@ SOA ns hostmaster 1 7200 1800 1209600 2
@ NS ns
ns A 127.0.0.1
"""


class Receiver:
    """Keeps every notice, and answers all but the first of each form."""

    def __init__(self):
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.settimeout(0.2)
        self.port, self.notices, self._stop = self._socket.getsockname()[1], [], threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        while not self._stop.is_set():
            try:
                octets, sender = self._socket.recvfrom(4096)
            except TimeoutError:
                continue
            notice = dns.message.from_wire(octets)
            self.notices.append((time.monotonic(), notice))
            if len(self.notices) > 1:
                reply = dns.message.make_response(notice)
                reply.flags |= dns.flags.AA
                self._socket.sendto(reply.to_wire(), sender)

    def stop(self):
        self._stop.set()
        self._thread.join(5)
        self._socket.close()


@pytest.fixture(scope="module")
def receiver():
    made = Receiver()
    yield made
    made.stop()


def test_the_parent_is_told_of_each_new_cds(parts, receiver):
    knot = stack.Knot(parts, {"example": PARENT.format(serial=1, port=receiver.port, ds="")}, name="registry", signed=True)
    sealwire = stack.Sealwire(parts, parent=f'{{servers: ["127.0.0.1:{knot.port}"]}}', workers=1)
    zone = sealwire.home / "shop.example.zone"
    zone.write_text(SHOP)
    sealwire.ctl("zone", "add", "shop.example", "--file", zone)
    sealwire.toggle_on("shop.example")

    stack.until(15, "a notice, and its repetition", lambda: len(receiver.notices) >= 2)
    for _, notice in receiver.notices:
        question = notice.question[0]
        assert notice.opcode() == dns.opcode.NOTIFY
        assert (question.name.to_text(), question.rdtype) == ("shop.example.", dns.rdatatype.CDS)
    assert receiver.notices[1][0] - receiver.notices[0][0] > 0.5, "a silent receiver is not pestered"
    served = stack.rdata_of(stack.ask(sealwire.port, "shop.example", "CDS", dnssec=True, tcp=True), "shop.example", "CDS")
    assert served and served != {"0 0 0 00"}, "what the notice speaks of is served"
    stack.until(5, "the history says so", lambda: "parent-notified" in history(sealwire))

    # The CDS that asks for removal is told of too.
    knot.replace("example", PARENT.format(
        serial=2, port=receiver.port, ds="\n".join(f"shop 2 DS {ds}" for ds in sorted(served))))
    stack.until(30, "active", lambda: status(sealwire) == "active")
    before = len(receiver.notices)
    sealwire.ctl("dnssec", "off", "shop.example", status=(0, 3))
    stack.until(15, "another notice", lambda: len(receiver.notices) > before)
    assert stack.rdata_of(stack.ask(sealwire.port, "shop.example", "CDS", dnssec=True, tcp=True), "shop.example", "CDS") == {"0 0 0 00"}


def status(sealwire):
    return sealwire.ctl("dnssec", "check", "shop.example", status=(0, 3), as_json=True)["status"]


def history(sealwire):
    request = urllib.request.Request(
        f"http://127.0.0.1:{sealwire.http}/v1/zones/shop.example/history",
        headers={"Authorization": f"Bearer {sealwire.token_file.read_text().strip()}"},
    )
    with urllib.request.urlopen(request, timeout=5) as reply:
        return [row["what"] for row in json.load(reply)["history"]]
