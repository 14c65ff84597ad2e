"""The dashboard in Chromium, against the daemon, a parent of two servers and a real backend.

`--update-screenshots` writes what the tests see to docs/.
"""

import json
import pathlib
import random
import shutil
import subprocess
import threading
import time
import urllib.request

import dns.edns
import dns.exception
import dns.message
import dns.query
import pytest
from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

import stack
from test_toggle import SHOP, parent_zone

SOURCE = stack.ROOT / "control/dashboard"
DOCS = stack.ROOT / "docs"


class Askers:
    """Sixty resolvers at work, one in three of which validates, so that there is something to see."""

    def __init__(self, port):
        self._port, self._stop = port, threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _ask(self, source, name, rdtype, dnssec, options=(), send=dns.query.udp):
        query = dns.message.make_query(name, rdtype, want_dnssec=dnssec, options=list(options), use_edns=dnssec)
        try:
            send(query, "127.0.0.1", port=self._port, timeout=0.5, source=f"127.0.1.{source}")
        except (OSError, dns.exception.DNSException):
            pass

    def _run(self):
        draw = random.Random(7)
        number = 0
        while not self._stop.is_set():
            number += 1
            for _ in range(draw.randrange(3, 9)):
                source = draw.randrange(1, 61)
                name = draw.choice(["www.shop.example", f"n{number}.shop.example", "www.cdn.example", "mail.shop.example", "elsewhere.test"])
                self._ask(source, name, draw.choice(["A", "AAAA"]), source % 5 != 0, send=dns.query.tcp if draw.random() < 0.1 else dns.query.udp)
                if source % 3 == 0 and draw.random() < 0.5:
                    self._ask(source, "shop.example", "DNSKEY", True, [dns.edns.GenericOption(5, b"\x08\x0d")] if source % 6 == 0 else [])
            self._stop.wait(0.05)

    def stop(self):
        self._stop.set()
        self._thread.join(5)


class World:
    def __init__(self, parts):
        self.parents = [stack.Knot(parts, {"example": parent_zone(1)}, name=f"parent{n}") for n in (1, 2)]
        backend = stack.gdnsd(parts)
        servers = ", ".join(f'"127.0.0.1:{parent.port}"' for parent in self.parents)
        self.sealwire = stack.Sealwire(parts, parent=f"{{servers: [{servers}]}}")
        zone_file = self.sealwire.home / "shop.example.zone"
        zone_file.write_text(SHOP)
        self.sealwire.ctl("zone", "add", "shop.example", "--file", zone_file)
        self.sealwire.ctl("zone", "add", "cdn.example", "--forward", f"127.0.0.1:{backend}")
        entries = "\n".join(f'  - {{name: customer{n:03}.example, backend: {{forward: ["127.0.0.1:{backend}"]}}}}' for n in range(120))
        plan = self.sealwire.home / "zones.yaml"
        plan.write_text(f"zones:\n{entries}\n")
        self.sealwire.ctl("apply", plan)
        self.sealwire.ctl("dnssec", "on", "cdn.example", status=(0, 3))
        self.token = self.sealwire.token_file.read_text().strip()

    def publish(self, serial, servers=(0, 1), ds=True):
        for server in servers:
            self.parents[server].replace("example", parent_zone(serial, self.sealwire.ds("shop.example") if ds else ()))

    def check(self):
        self.sealwire.ctl("dnssec", "check", "shop.example", status=(0, 3))

    def status(self):
        return self.sealwire.ctl("dnssec", "status", "shop.example", status=(0, 3), as_json=True)


class Browser:
    def __init__(self, world, home):
        options = Options()
        options.binary_location = "/usr/bin/chromium"
        for word in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--force-device-scale-factor=1", "--lang=en",
                     f"--user-data-dir={home}", "--hide-scrollbars", "--window-size=1080,900"):
            options.add_argument(word)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.driver = webdriver.Chrome(service=Service("/usr/bin/chromedriver"), options=options)
        self.origin = f"http://127.0.0.1:{world.sealwire.http}"
        self.driver.execute_cdp_cmd("Browser.grantPermissions", {"origin": self.origin, "permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"]})
        self.wide()

    def wide(self, width=1080, height=900, mobile=False):
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride",
                                    {"width": width, "height": height, "deviceScaleFactor": 2 if mobile else 1, "mobile": mobile})

    def phone(self):
        self.wide(390, 844, mobile=True)

    def scheme(self, name):
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": name}]})

    def go(self, place):
        self.driver.get(f"{self.origin}/#/{place}")

    def find(self, css, within=10):
        return stack.until(within, css, lambda: (found := self.driver.find_elements(By.CSS_SELECTOR, css)) and found[0])

    def all(self, css):
        return self.driver.find_elements(By.CSS_SELECTOR, css)

    def button(self, text, within=10):
        path = f"//button[normalize-space(.)='{text}' or @aria-label='{text}']"
        return stack.until(within, text, lambda: (found := self.driver.find_elements(By.XPATH, path)) and found[0])

    def text(self, css="main"):
        return self.driver.execute_script("return (document.querySelector(arguments[0]) || {}).innerText || ''", css)

    def texts(self, css):
        """Of all at one moment: the page may draw them anew between two calls."""
        return self.driver.execute_script("return [...document.querySelectorAll(arguments[0])].map((element) => element.innerText)", css)

    def shows(self, words, css="main", within=15):
        stack.until(within, f"'{words}' in {css}, which says: {self.text(css)}", lambda: words in self.text(css))

    def press(self, *keys):
        for key in keys:
            ActionChains(self.driver).send_keys(key).perform()

    def focused(self):
        return self.driver.execute_script("const e = document.activeElement; return e.getAttribute('aria-label') || e.id || e.innerText || e.tagName")

    def tab_to(self, label, limit=60):
        """Goes to what is called `label` by the Tab key alone."""
        passed = []
        for _ in range(limit):
            self.press(Keys.TAB)
            passed.append(self.focused())
            if label in passed[-1]:
                return
        raise AssertionError(f"Tab does not reach '{label}': {passed}")

    def violations(self, axe):
        self.driver.execute_script(axe)
        found = self.driver.execute_async_script("const done = arguments[0]; axe.run(document).then((result) => done(result.violations), (fault) => done([{id: String(fault), nodes: []}]))")
        return [(item["id"], [node["target"] for node in item["nodes"]][:3], item.get("help")) for item in found]

    def overflow(self):
        return self.driver.execute_script("return document.documentElement.scrollWidth - document.documentElement.clientWidth")


@pytest.fixture(scope="module")
def world(parts):
    return World(parts)


@pytest.fixture(scope="module")
def browser(world, parts):
    made = Browser(world, parts.folder("chromium"))
    askers = Askers(world.sealwire.port)
    yield made
    askers.stop()
    made.driver.quit()


@pytest.fixture(scope="module")
def built(parts):
    """The dashboard's sources with their packages, installed as the lock file says."""
    copy = parts.folder("dashboard") / "source"
    shutil.copytree(SOURCE, copy, ignore=shutil.ignore_patterns("node_modules", "dist"))
    done = subprocess.run(["npm", "ci", "--no-audit", "--no-fund"], cwd=copy, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stdout + done.stderr
    return copy


@pytest.fixture
def shot(browser, request):
    """Writes docs/NAME.png of the whole page, when asked for."""
    def write(name, height=None):
        if not request.config.getoption("--update-screenshots"):
            return
        time.sleep(0.4)
        full = browser.driver.execute_script("return document.documentElement.scrollHeight")
        width = browser.driver.execute_script("return innerWidth")
        mobile = width < 500
        browser.wide(width, min(full, height or full), mobile)
        browser.driver.execute_script("document.activeElement.blur()")
        time.sleep(0.3)
        browser.driver.save_screenshot(str(DOCS / f"{name}.png"))
        browser.wide(width, 844 if mobile else 900, mobile)
    return write


def test_the_bundle_is_what_its_sources_build(built):
    done = subprocess.run(["npm", "run", "build"], cwd=built, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    for name in ("app.js", "style.css"):
        assert (built / "dist" / name).read_bytes() == (SOURCE / "dist" / name).read_bytes(), f"control/dashboard: npm run build, and commit dist/{name}"
    assert (SOURCE / "dist/app.js").stat().st_size < 120_000


def test_the_page_may_load_and_run_its_own_files_only(browser, world):
    with urllib.request.urlopen(browser.origin) as reply:
        policy = reply.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy


def test_a_wrong_token_is_refused(browser, world):
    browser.go("zones")
    browser.find("#token").send_keys("wrong" + Keys.ENTER)
    browser.shows("a valid bearer token is needed")
    browser.driver.refresh()
    browser.find("#token").send_keys(world.token + Keys.ENTER)
    browser.shows("122 on this node")


def test_zones_are_found_paged_and_filtered(browser, shot):
    browser.go("zones")
    stack.until(10, "a page of zones", lambda: len(browser.all("tbody tr")) == 50)
    browser.button("More zones").click()
    browser.shows("customer050.example")
    browser.button("Back").click()
    browser.shows("customer000.example")
    browser.find("#search").send_keys("shop")
    stack.until(10, "one zone", lambda: [row.split()[0] for row in browser.texts("tbody tr")] == ["shop.example"])
    browser.find("#search").send_keys(Keys.CONTROL, "a", Keys.BACKSPACE)
    browser.find("option[value=pending]").click()
    stack.until(10, "pending zones", lambda: [row.split()[0] for row in browser.texts("tbody tr")] == ["cdn.example"])
    browser.find("option[value='']").click()


def test_many_zones_are_turned_on_at_once(browser, world, shot):
    browser.go("zones")
    for number in (0, 1, 2):
        browser.find(f"input[aria-label='Choose customer00{number}.example']").click()
    browser.button("Turn DNSSEC on").click()
    browser.shows("3 of 3 done", ".bulk")
    listed = world.sealwire.ctl("zone", "list", "--status", "pending", as_json=True)
    assert "customer002.example" in json.dumps(listed)
    shot("dashboard-zones", 900)


def test_many_are_turned_off_only_after_their_number_is_typed(browser, world):
    browser.button("Turn DNSSEC off…").click()
    browser.find("dialog input").send_keys("2")
    browser.button("Turn off").click()
    assert browser.all("dialog[open]")
    browser.press(Keys.ESCAPE)
    stack.until(5, "closed", lambda: not browser.all("dialog[open]"))
    assert world.sealwire.ctl("dnssec", "status", "customer002.example", status=(0, 3), as_json=True)["enabled"]


def test_on_shows_the_steps_and_the_ds_record(browser, world, shot):
    browser.go("zones/shop.example")
    switch = browser.find("button[role=switch]")
    assert switch.get_attribute("aria-checked") == "false"
    browser.driver.execute_script("window.sent = []; const real = fetch; window.fetch = (path, how) => { sent.push([how.method, path, how.headers]); return real(path, how); }")
    switch.click()
    browser.shows("Waiting for the parent")
    patches = [how for how in browser.driver.execute_script("return sent") if how[0] == "PATCH"]
    assert patches and patches[0][2]["If-Match"].startswith('"')
    assert "Publish DS" in browser.find("li[aria-current=step]").text
    line = world.sealwire.ds("shop.example")[0]
    assert browser.find("code[aria-label='DS record']").text == line
    assert "not validating" not in browser.text() and "no DS record" in browser.find("svg.chain").get_attribute("aria-label")


def test_every_field_can_be_copied(browser, world):
    line = world.sealwire.ds("shop.example")[0]
    tag, algorithm, digest_type, digest = line.split()[3:7]
    wanted = {"DS record": line, "Key tag": tag, "Algorithm": algorithm, "Digest type": digest_type, "Digest": digest}
    for label, text in wanted.items():
        browser.button(f"Copy {label}").click()
        stack.until(5, f"{label} is copied", lambda: browser.driver.execute_async_script("navigator.clipboard.readText().then(arguments[0], (e) => arguments[0](String(e)))") == text)
    browser.shows("Copied")


def test_the_parents_servers_are_seen_one_by_one(browser, world, shot):
    world.publish(2, servers=(0,))
    browser.button("Ask the parent now").click()
    browser.shows("1 of 2 servers of the parent have it", "li[aria-current=step]")
    shot("dashboard-zone")
    world.publish(2, servers=(1,))
    browser.button("Ask the parent now").click()
    browser.shows("Active", ".title")
    assert "vouches for the zone" in browser.find("svg.chain").get_attribute("aria-label")


def test_who_validates_keys_and_history_are_shown(browser):
    browser.shows("askers validate")
    browser.shows("key-signing")
    browser.shows("dnssec-on")
    assert browser.find("svg.timeline") and browser.find(".chart canvas")


def test_a_rollover_is_drawn_with_its_steps_and_what_lies_ahead(browser, world, shot):
    world.sealwire.ctl("key", "roll", "shop.example", "--zsk", status=(0, 3))
    rollover = stack.until(20, "the rollover", lambda: (found := browser.all(".rollover")) and found[0])
    browser.shows("New key published", ".rollover")
    assert [step.get_attribute("aria-current") for step in rollover.find_elements(By.CSS_SELECTOR, "li")] == ["step", None, None]
    # Caches must have forgotten the keys without the new one: a bar to the earliest time, and the time in words.
    stack.until(20, "what lies ahead", lambda: browser.all("svg.timeline .ahead") and browser.all("svg.timeline .next-step"))
    browser.shows("not before", ".rollover")
    shot("dashboard-rollover")
    world.sealwire.ctl("key", "cancel", "shop.example", "--zsk")
    stack.until(20, "it is taken back", lambda: "taken back" in browser.text("main") or not browser.all(".rollover"))


def test_a_change_by_another_is_seen_without_reloading(browser, world):
    world.sealwire.ctl("dnssec", "off", "shop.example", status=(0, 3))
    browser.shows("Turning off", ".title")
    world.sealwire.ctl("dnssec", "on", "shop.example", status=(0, 3))
    browser.shows("Active", ".title")


def test_off_shows_the_parent_and_asks_for_the_name(browser, world, shot):
    browser.find("button[role=switch]").click()
    dialog = browser.find("dialog[open]")
    assert "2 of 2 servers of the parent have the DS record" in dialog.text
    assert "not before" in dialog.text
    field = browser.find("dialog input")
    assert browser.driver.switch_to.active_element == field
    assert not browser.button("Turn off").is_enabled()
    field.send_keys("shop.exampl" + Keys.ENTER)
    assert world.status()["enabled"]
    shot("dashboard-off", 900)
    field.send_keys("e")
    assert browser.button("Turn off").is_enabled()
    browser.button("Turn off").click()
    browser.shows("Turning off", ".title")
    state = world.status()
    assert not state["enabled"] and state["status"] == "pending-disabled"
    assert world.sealwire.is_signed("shop.example")


def test_the_keyboard_is_enough(browser, world):
    browser.go("zones")
    browser.driver.refresh()
    browser.tab_to("search")
    browser.press("s", "h", "o", "p")
    stack.until(10, "one zone", lambda: len(browser.all("tbody tr")) == 1)
    browser.tab_to("shop.example")
    # The link after the box with the same name.
    while browser.driver.switch_to.active_element.tag_name != "a":
        browser.press(Keys.TAB)
    browser.press(Keys.ENTER)
    browser.shows("Turning off", ".title")
    browser.tab_to("DNSSEC is off")
    browser.press(Keys.SPACE)
    browser.shows("Active", ".title")
    browser.press(Keys.ENTER)
    browser.find("dialog[open]")
    browser.press(*"shop.example")
    browser.press(Keys.ESCAPE)
    stack.until(5, "closed", lambda: not browser.all("dialog[open]"))
    assert "DNSSEC is on" in browser.focused()
    assert world.status()["enabled"]


def test_the_last_hour_is_drawn(browser, shot):
    browser.go("node")
    stack.until(25, "charts", lambda: len(browser.all(".charts canvas")) == 8)
    browser.shows("NOERROR")
    browser.shows("127.0.0.1:")
    shot("dashboard-nodes")


VIEWS = ("zones", "zones/shop.example", "node")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", ["wide", "phone"])
def test_axe_finds_no_fault(browser, built, shot, scheme, size):
    axe = (built / "node_modules/axe-core/axe.min.js").read_text()
    browser.scheme(scheme)
    getattr(browser, size)()
    try:
        for view in VIEWS:
            browser.go(view)
            browser.driver.refresh()
            browser.find({"zones": "tbody tr", "node": ".charts", "zones/shop.example": ".timeline"}[view], within=20)
            assert not browser.violations(axe), view
            assert browser.overflow() <= 0, f"{view} is wider than the screen"
            if view == "zones/shop.example":
                if scheme == "dark" and size == "wide":
                    shot("dashboard-dark")
                if scheme == "light" and size == "phone":
                    shot("dashboard-phone", 2200)
                browser.find("button[role=switch]").click()
                browser.find("dialog[open]")
                assert not browser.violations(axe), "off dialog"
                browser.press(Keys.ESCAPE)
    finally:
        browser.scheme("light")
        browser.wide()


def test_nothing_was_loaded_from_elsewhere_and_nothing_failed(browser, world):
    loaded = browser.driver.execute_script("return performance.getEntriesByType('resource').map((entry) => entry.name)")
    assert loaded and all(name.startswith((browser.origin, "data:")) for name in loaded), loaded
    complaints = [entry["message"] for entry in browser.driver.get_log("browser")
                  if entry["level"] == "SEVERE" and "401" not in entry["message"]]
    assert not complaints, complaints
