"""A passkey in a real browser: Chromium with its virtual authenticator, at the console of a running server.

Staff who must have a second factor sign in by password, are led to set one up, add a passkey, sign out, come
in by the passkey alone, and once more by password and passkey. `CHROMIUM` names the browser; an argument
names a folder for pictures of the pages.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from base64 import b64decode
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

import httpx
from websockets.sync.client import connect

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))

from tests.live_server import LiveServer  # noqa: E402

PASSWORD = "caravan-at-dawn-26"  # of the demo world
CHROMIUM = os.environ.get("CHROMIUM", "chromium")
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1280,1000",
    "--remote-debugging-port=0",
]
# Of a laptop: it keeps the passkey, and asks for a finger, which is always there.
AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


class Browser:
    """One page of a Chromium, spoken to over the DevTools protocol."""

    def __init__(self, pictures: Path | None) -> None:
        self.pictures = pictures
        self.profile = tempfile.mkdtemp(prefix="serai-chromium-")
        self.number = 0
        self.closed_after = ExitStack()

    def __enter__(self) -> Self:
        self.process = subprocess.Popen(
            [CHROMIUM, *FLAGS, f"--user-data-dir={self.profile}", "about:blank"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        told = Path(self.profile) / "DevToolsActivePort"
        wait_for(told.exists)
        wait_for(lambda: told.read_text().count("\n") >= 1)
        pages = httpx.get(f"http://127.0.0.1:{told.read_text().splitlines()[0]}/json/list").json()
        page = next(each for each in pages if each["type"] == "page")
        self.socket = self.closed_after.enter_context(connect(page["webSocketDebuggerUrl"], max_size=None))
        for domain in ("Page", "Runtime", "WebAuthn"):
            self.call(f"{domain}.enable")
        added = self.call("WebAuthn.addVirtualAuthenticator", options=AUTHENTICATOR)
        self.authenticator = added["authenticatorId"]
        return self

    def __exit__(self, *exception: object) -> None:
        self.closed_after.close()
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.profile, ignore_errors=True)

    def call(self, method: str, **parameters: Any) -> Any:
        self.number += 1
        self.socket.send(json.dumps({"id": self.number, "method": method, "params": parameters}))
        while (answer := json.loads(self.socket.recv(timeout=30))).get("id") != self.number:
            pass
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']}")
        return answer["result"]

    def run(self, script: str) -> Any:
        return self.call("Runtime.evaluate", expression=script, returnByValue=True)["result"].get("value")

    def open(self, url: str) -> None:
        self.call("Page.navigate", url=url)
        wait_for(lambda: self.run("document.readyState") == "complete")

    def arrive(self, path: str) -> None:
        """Wait for the page at *path*."""
        wait_for(lambda: self.run("document.readyState === 'complete' && location.pathname") == path)

    def type(self, name: str, text: str) -> None:
        self.run(f"document.querySelector('[name={name}]').focus()")
        self.call("Input.insertText", text=text)

    def press(self, key: str, code: int, text: str = "") -> None:
        for kind in ("keyDown", "keyUp"):
            more = {"text": text} if text and kind == "keyDown" else {}
            self.call("Input.dispatchKeyEvent", type=kind, key=key, windowsVirtualKeyCode=code, **more)

    def press_enter_on(self, selector: str) -> None:
        """By keyboard alone: what has no focus by Tab is not found."""
        focused = f"document.activeElement === document.querySelector({json.dumps(selector)})"
        for _ in range(60):
            if self.run(focused):
                return self.press("Enter", 13, "\r")
            self.press("Tab", 9)
        raise LookupError(f"Tab never came to {selector}")

    def passkeys(self) -> list[dict[str, Any]]:
        there = self.call("WebAuthn.getCredentials", authenticatorId=self.authenticator)
        return list(there["credentials"])

    def picture(self, name: str) -> None:
        if self.pictures:
            painted = "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
            self.call("Runtime.evaluate", expression=painted, awaitPromise=True)
            data = self.call("Page.captureScreenshot", captureBeyondViewport=True)["data"]
            (self.pictures / f"{name}.png").write_bytes(b64decode(data))


def wait_for(so: Callable[[], Any], within: float = 20) -> None:
    ends = time.monotonic() + within
    while not so():
        if time.monotonic() > ends:
            raise TimeoutError("It did not come to pass.")
        time.sleep(0.05)


def log_in(browser: Browser, console: str) -> None:
    browser.open(f"{console}login/")
    browser.type("username", "admin@serai.example")
    browser.type("password", PASSWORD)
    browser.press("Enter", 13, "\r")


def prove(browser: Browser, host: str) -> None:
    console = f"{host}/admin/"
    log_in(browser, console)
    browser.arrive("/admin/factors/")
    browser.picture("factors-needed")
    print("signed in by password: led to the page that sets a second factor up")

    browser.open(f"{console}accounts/user/")
    browser.arrive("/admin/factors/")
    print("every other page leads there too")

    browser.type("name", "This laptop")
    browser.press_enter_on("form[data-passkey=create] button")
    wait_for(lambda: browser.run("document.querySelectorAll('ol li').length") == 10)
    browser.picture("passkey-added")
    (kept,) = browser.passkeys()
    print(f"a passkey for {kept['rpId']} is added, resident: {kept['isResidentCredential']}; ten codes told")

    browser.open(console)
    browser.arrive("/admin/")
    browser.run("document.querySelector('#logout-form, form[action$=\"/logout/\"]').submit()")
    wait_for(
        lambda: (
            "logout" in browser.run("location.pathname")
            or browser.run("location.pathname") == "/admin/login/"
        )
    )
    print("signed out")

    browser.open(f"{console}login/")
    browser.picture("login")
    browser.press_enter_on("form[data-passkey=get] button")
    browser.arrive("/admin/")
    (used,) = browser.passkeys()
    print(f"signed in by the passkey alone, by keyboard; it was used {used['signCount']} times")

    browser.call("Network.clearBrowserCookies")
    log_in(browser, console)
    browser.arrive("/admin/login/second-factor/")
    browser.picture("second-factor")
    browser.press_enter_on("form[data-passkey=get] button")
    browser.arrive("/admin/")
    print("signed in by password and passkey")


def main() -> None:
    pictures = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    with tempfile.TemporaryDirectory() as data:
        server = LiveServer(Path(data), REQUIRE_STAFF_MFA="true")
        with server, Browser(pictures) as browser:
            prove(browser, f"http://localhost:{server.port}")


if __name__ == "__main__":
    main()
