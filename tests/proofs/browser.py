"""A real browser for the proofs: Chromium without a window, steered over its DevTools protocol."""

import base64
import json
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any, Self

import httpx
from websockets.sync.client import ClientConnection, connect

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--remote-debugging-port=0",
    "--window-size=1280,900",
)
WITHIN = 15.0  # seconds for anything that a page is to do


class Browser:
    """One page in one fresh profile.

    Attributes:
        complaints: what the console would show in red, and every breach of a policy, in order.
    """

    def __init__(self) -> None:
        self.complaints: list[str] = []
        self._calls = 0

    def __enter__(self) -> Self:
        program = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
        if program is None:
            raise SystemExit("There is no Chromium here: apt-get install chromium, or CHROMIUM=/path/to/it.")
        self._profile = tempfile.mkdtemp(prefix="serai-browser-")
        self._process = subprocess.Popen(
            [program, *FLAGS, f"--user-data-dir={self._profile}", "about:blank"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        told = Path(self._profile) / "DevToolsActivePort"
        self._until(lambda: told.exists() and told.read_text().count("\n"), "the browser to start")
        port = told.read_text().splitlines()[0]
        [page] = [
            target for target in httpx.get(f"http://127.0.0.1:{port}/json").json() if target["type"] == "page"
        ]
        self._wire: ClientConnection = connect(page["webSocketDebuggerUrl"], max_size=None, proxy=None)
        for domain in ("Page", "Runtime", "Log", "Audits", "Network"):
            self.call(f"{domain}.enable")
        return self

    def __exit__(self, *exception: object) -> None:
        self._wire.close()
        self._process.kill()
        self._process.wait()
        shutil.rmtree(self._profile, ignore_errors=True)

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        self._calls += 1
        self._wire.send(json.dumps({"id": self._calls, "method": method, "params": parameters}))
        while (answer := json.loads(self._wire.recv(WITHIN))).get("id") != self._calls:
            self._note(answer)
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']['message']}")
        result: dict[str, Any] = answer["result"]
        return result

    def open(self, url: str) -> None:
        self.call("Page.navigate", url=url)
        self.wait("document.readyState === 'complete'")

    def ask(self, expression: str) -> Any:
        """What a script gives. The protocol's own way in, which no policy of the page forbids."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(f"{expression}: {answer['exceptionDetails']['exception'].get('description')}")
        return answer["result"].get("value")

    def wait(self, expression: str) -> None:
        def holds() -> bool:
            try:
                return bool(self.ask(f"!!({expression})"))  # an element has no value of its own
            except RuntimeError:  # the page is on its way to the next
                return False

        self._until(holds, expression)

    def click(self, selector: str) -> None:
        """With the mouse, once it is somewhere: what stays hidden or is covered can't be clicked."""
        element = f"document.querySelector({json.dumps(selector)})"
        self.wait(f"{element}?.getBoundingClientRect().width > 0")
        x, y = self.ask(
            f"(e => {{ e.scrollIntoView({{block: 'center'}}); const r = e.getBoundingClientRect();"
            f" return [r.x + r.width / 2, r.y + r.height / 2] }})({element})"
        )
        for type_ in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=type_, x=x, y=y, button="left", clickCount=1)

    def type(self, selector: str, text: str) -> None:
        self.wait(f"document.querySelector({json.dumps(selector)})")
        self.ask(f"document.querySelector({json.dumps(selector)}).focus()")
        self.call("Input.insertText", text=text)

    def shoot(self, path: Path) -> None:
        path.write_bytes(base64.b64decode(self.call("Page.captureScreenshot")["data"]))

    def _note(self, event: dict[str, Any]) -> None:
        told = event.get("params", {})
        match event.get("method"):
            case "Log.entryAdded" if told["entry"]["level"] in ("error", "warning"):
                self.complaints.append(f"{told['entry']['text']} ({told['entry'].get('url', '')})")
            case "Runtime.exceptionThrown":
                details = told["exceptionDetails"]
                self.complaints.append(details.get("exception", {}).get("description") or details["text"])
            case "Runtime.consoleAPICalled" if told["type"] in ("error", "warning", "assert"):
                said = [str(each.get("value", each.get("description"))) for each in told["args"]]
                self.complaints.append(" ".join(said))
            case "Audits.issueAdded" if told["issue"]["code"] == "ContentSecurityPolicyIssue":
                details = told["issue"]["details"]["contentSecurityPolicyIssueDetails"]
                self.complaints.append(f"policy: {json.dumps(details)[:600]}")

    @staticmethod
    def _until(holds: Any, what: str) -> None:
        end = time.monotonic() + WITHIN
        while not holds():
            if time.monotonic() > end:
                raise TimeoutError(f"waited {WITHIN:.0f} s for {what}")
            time.sleep(0.05)
