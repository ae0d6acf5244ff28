"""Proof: every page works in a real browser under the policies that it is sent with.

`make prove-pages` (ARGS="--shots folder" keeps a picture of each). Swagger UI makes a call, ReDoc renders,
somebody is pushed and mailed something and unsubscribes, the console signs in, searches, filters, runs an
action, goes dark. Whatever the browser complains of, a breach of a policy above all, ends it with 1.
"""

import argparse
import json
import re
import sys
import tempfile
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))

from tests.live_server import LiveServer  # noqa: E402
from tests.proofs.browser import WITHIN, Browser  # noqa: E402

ADMIN = "admin@serai.example"
PASSWORD = "caravan-at-dawn-26"  # noqa: S105 (of the demo world)

WANTED = re.compile(r"cdn\.redoc\.ly")  # ReDoc's logo, which it would load from its maker: the policy says no


class Walk:
    """Through the pages, one step after the other."""

    def __init__(self, browser: Browser, server: LiveServer, shots: Path) -> None:
        self.browser, self.server, self.shots = browser, server, shots
        self.faults: list[str] = []

    def step(self, name: str) -> None:
        """What was done so far is over: show it, and what the browser had against it."""
        self.browser.ask("new Promise(done => requestAnimationFrame(() => setTimeout(done, 200)))")
        self.browser.shoot(self.shots / f"{name.replace(' ', '-')}.png")
        complaints = [each for each in self.browser.complaints if not WANTED.search(each)]
        self.browser.complaints = []
        print(f"{'FAIL' if complaints else 'ok  '} {name}")
        for complaint in complaints:
            print(f"       {complaint}")
        self.faults += complaints

    def documents(self) -> None:
        browser = self.browser
        browser.open(f"{self.server.url}/api/docs")
        browser.wait("document.querySelector('.opblock')")  # it draws only what is in the window
        self.step("swagger")
        browser.type(".operation-filter-input", "platform")
        browser.wait("!document.querySelector('[id^=operations-auth-]')")
        self.step("swagger filters")
        browser.click("#operations-platform-limits .opblock-summary-control")
        browser.click("#operations-platform-limits .try-out__btn")
        browser.click("#operations-platform-limits .execute")
        browser.wait(
            "document.querySelector('#operations-platform-limits .live-responses-table .response td')"
            "?.innerText.startsWith('200')"
        )
        self.step("swagger executes a call")
        browser.click(".btn.authorize")
        browser.wait("document.querySelector('.auth-container input')")
        self.step("swagger authorizes")
        browser.open(f"{self.server.url}/api/redoc")
        browser.wait("document.querySelector('h1')?.innerText.includes('Serai')")
        browser.wait("document.querySelectorAll('[data-section-id]').length > 20")
        self.step("redoc")
        browser.type("input[placeholder^=Search]", "sessions")
        browser.wait("document.querySelectorAll('[data-role=\"search:results\"] li').length > 0")
        self.step("redoc searches")
        browser.open(f"{self.server.url}/api/docs/problems")
        browser.wait("getComputedStyle(document.querySelector('main')).maxWidth !== 'none'")
        self.step("problems")

    def signed_in(self, email: str) -> httpx.Client:
        """Somebody of the demo world, at the API."""
        person = httpx.Client(base_url=f"{self.server.url}/api/v1/")
        answer = person.post("auth/login", json={"email": email, "password": PASSWORD}).raise_for_status()
        person.headers["Authorization"] = f"Bearer {answer.json()['access']}"
        return person

    def notified(self) -> str:
        """Layla is invited to a group, by push and by mail. Where that mail's link to unsubscribe leads."""
        layla, omar = self.signed_in("layla@serai.example"), self.signed_in("omar@serai.example")
        device = {"provider": "fcm", "token": "no-device-at-all", "name": "Pixel"}
        layla.post("notifications/devices", json=device).raise_for_status()
        person = layla.get("users/me").raise_for_status().json()["id"]
        group = omar.post("chats", json={"type": "group", "title": "Wadi Rum"}).raise_for_status().json()
        omar.post(f"chats/{group['id']}/invitations", json={"user": person}).raise_for_status()
        end = time.monotonic() + WITHIN
        while time.monotonic() < end:
            links = [mail["headers"].get("List-Unsubscribe", "") for mail in self.listed("outbox")]
            if any(links) and self.listed("pushes"):
                return urlsplit(next(filter(None, links)).strip("<>")).path
        raise TimeoutError(f"waited {WITHIN:.0f} s for a mail and a push")

    def listed(self, page: str) -> list[dict[str, Any]]:
        answer = httpx.get(f"{self.server.url}/dev/{page}", headers={"Accept": "application/json"})
        results: list[dict[str, Any]] = answer.raise_for_status().json()["results"]
        return results

    def notifications(self) -> None:
        browser, url = self.browser, self.server.url
        unsubscribe = self.notified()
        browser.open(f"{url}/dev/pushes")
        browser.wait("document.querySelector('article').innerText.includes('Wadi Rum')")
        self.step("pushes")
        browser.open(url + unsubscribe)
        self.step("unsubscribe")
        browser.click("form button:not(.other)")
        browser.wait("document.querySelector('button[name=undo]')")
        self.step("unsubscribed")
        browser.click("button[name=undo]")
        browser.wait("!document.querySelector('button[name=undo]')")
        self.step("mailed again")

    def pages(self) -> None:
        browser, url = self.browser, self.server.url
        body = {"email": "zaid@serai.example", "password": "seven camels at dawn", "username": "zaid"}
        httpx.post(f"{url}/api/v1/auth/register", json=body).raise_for_status()
        httpx.post(f"{url}/api/v1/auth/forgot-password", json={"email": "layla@serai.example"})
        links = {}
        while len(links) < 2:
            text = " ".join(mail["text"] for mail in self.listed("outbox"))
            links = dict(re.findall(r"https?://[^/\s]+(/\S*?(verify-email|reset-password)/\S+)", text))
        paths = {kind: path for path, kind in links.items()}
        elsewhere = f"http://localhost:{self.server.port}/api/docs/problems"
        browser.open(f"{url}/dev/sign-in?redirect_uri={elsewhere}&code_challenge=x")
        browser.type("input[name=email]", "layla@serai.example")
        self.step("local sign-in")
        browser.click("form button")
        browser.wait("location.hostname === 'localhost'")
        self.step("sent back from the local sign-in")
        browser.open(f"{url}/dev/outbox")
        browser.wait("document.querySelector('iframe').offsetWidth > 500")
        self.step("outbox")
        browser.click("label[for^=narrow]")
        browser.wait("document.querySelector('iframe').offsetWidth === 360")
        self.step("outbox narrow")
        browser.open(url + paths["verify-email"])
        browser.wait("getComputedStyle(document.querySelector('main')).maxWidth !== 'none'")
        self.step("address verified")
        browser.open(url + paths["reset-password"])
        browser.type("input[type=password]", "nine foxes at noon, and a tenth")
        self.step("reset form")
        browser.click("form button")
        browser.wait("!document.querySelector('input[type=password]')")
        self.step("password reset")

    def console(self) -> None:
        browser, url = self.browser, self.server.url
        browser.open(f"{url}/admin/")
        browser.type("input[name=username]", ADMIN)
        browser.type("input[name=password]", PASSWORD)
        self.step("console sign-in")
        browser.click("form button")
        browser.wait("location.pathname === '/admin/'")
        self.step("console start")
        browser.open(f"{url}/admin/accounts/user/?all=")
        browser.wait("document.querySelectorAll('#result_list tbody tr').length >= 4")
        self.step("console list")
        browser.open(f"{url}/admin/accounts/user/?q=layla")
        browser.wait("document.querySelector('#result_list').innerText.includes('layla')")
        self.step("console search")
        browser.ask(
            "[...document.querySelectorAll('a, button')].find(e => e.innerText.startsWith('Filters')).click()"
        )
        browser.wait("document.querySelector('#changelist-filter')?.getBoundingClientRect().width > 0")
        self.step("console filters")
        browser.open(f"{url}/admin/accounts/user/?is_staff__exact=1")
        browser.wait("document.querySelector('#result_list').innerText.includes('admin')")
        self.step("console filtered")
        self.signed_in("omar@serai.example")
        browser.open(f"{url}/admin/accounts/session/")
        browser.click("#result_list tbody tr input[type=checkbox]")
        browser.wait("getComputedStyle(document.querySelector('select[name=action]')).display !== 'none'")
        self.step("console row chosen")
        browser.ask(
            "(() => { const s = document.querySelector('select[name=action]'); s.value = [...s.options].map("
            "o => o.value).find(Boolean); s.dispatchEvent(new Event('change', {bubbles: true})) })()"
        )
        self.step("console action chosen")
        browser.wait("document.querySelector('button[name=index]')?.getBoundingClientRect().width > 0")
        browser.click("button[name=index]")
        browser.wait("document.querySelector('form [name=answered]')")
        self.step("console action asks")
        browser.click("form:has([name=answered]) button")
        browser.wait("document.querySelector('#result_list, #changelist')")
        self.step("console action done")
        browser.open(f"{url}/admin/accounts/user/")
        browser.click("#result_list tbody th a")
        browser.wait("location.pathname.endsWith('/change/')")
        self.step("console page of a person")
        for what in ("notification", "delivery"):
            browser.open(f"{url}/admin/notifications/{what}/?q=layla")
            browser.click("#result_list tbody th a")
            browser.wait("location.pathname.endsWith('/change/')")
            self.step(f"console page of a {what}")
        self.dark()
        browser.open(f"{url}/admin/nothing/")
        browser.wait("getComputedStyle(document.querySelector('main')).maxWidth !== 'none'")
        browser.complaints.clear()  # a 404 is one
        self.step("console nothing there")

    def dark(self) -> None:
        browser = self.browser
        browser.open(f"{self.server.url}/admin/")
        before = browser.ask("getComputedStyle(document.body).backgroundColor")
        browser.click('[x-on\\:click="openUserLinks = !openUserLinks"]')
        browser.click("[x-on\\:click=\"switchTheme('dark')\"]")
        browser.wait(f"getComputedStyle(document.body).backgroundColor !== {json.dumps(before)}")
        self.step("console dark")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shots", type=Path, help="folder for a picture of each step")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        shots = given.shots or Path(folder)
        shots.mkdir(parents=True, exist_ok=True)
        with LiveServer(Path(folder) / "data") as server, Browser() as browser:
            walk = Walk(browser, server, shots)
            walk.documents()
            walk.notifications()
            walk.pages()
            walk.console()
    print(f"{len(walk.faults)} complaints")
    sys.exit(bool(walk.faults))


if __name__ == "__main__":
    main()
