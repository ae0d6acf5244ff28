"""Providers of pushes, as real servers that check what they are sent: FCM, APNs over HTTP/2, a push service.

Written from Google's, Apple's and the RFCs' documents; they share no code with what they test, and verify and
decrypt with other libraries. What one should get wrong next stands in its `next`.
"""

import base64
import gzip
import json
import re
import socket
import ssl
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs
from uuid import UUID

import http_ece
import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import DataReceived, RequestReceived, StreamEnded
from h2.exceptions import ProtocolError
from h2.settings import SettingCodes

FCM_KEY, OTHER_KEY = (rsa.generate_private_key(public_exponent=65537, key_size=2048) for _ in range(2))
APNS_KEY = ec.generate_private_key(ec.SECP256R1())
VAPID_KEY = ec.generate_private_key(ec.SECP256R1())
KEY_ID, TEAM_ID, TOPIC = "KEY1234567", "TEAM123456", "example.serai.ios"
SCOPE = "https://www.googleapis.com/auth/firebase.messaging"
SUBJECT = "mailto:push@serai.example"


def pem(key: Any) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


def point(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(
        serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
    )


def b64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def certificate(folder: Path) -> Path:
    """Of this machine, for itself; key and certificate in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "pushes of tests")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=3650))
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))]),
            critical=False,
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "here.pem"
    path.write_bytes(pem(key).encode() + made.public_bytes(serialization.Encoding.PEM))
    return path


@dataclass
class Answer:
    """What a server says next, whatever it is sent. Without a status it hangs up."""

    status: int | None
    body: Any = b""
    headers: dict[str, str] = field(default_factory=dict)
    after: float = 0.0  # seconds

    @property
    def content(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, handler: type[BaseHTTPRequestHandler], pem_file: Path | None = None) -> None:
        super().__init__(("127.0.0.1", 0), handler)
        if pem_file:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(pem_file)
            self.socket = context.wrap_socket(self.socket, server_side=True)
        self.url = f"{'https' if pem_file else 'http'}://localhost:{self.server_port}"
        self.next: deque[Answer] = deque()
        self.received: list[Any] = []

    def handle_error(self, *_: object) -> None:
        """A client that hangs up is what some tests are about."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """Nothing."""

    def body(self) -> bytes:
        return self.rfile.read(int(self.headers["Content-Length"]))

    def say(self, answer: Answer) -> None:
        time.sleep(answer.after)
        if answer.status is None:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        content, packed = answer.content, {}
        if "gzip" in self.headers.get("Accept-Encoding", ""):  # as Google does
            content, packed = gzip.compress(content), {"Content-Encoding": "gzip"}
        self.send_response(answer.status)
        for name, value in {"Content-Length": str(len(content)), **packed, **answer.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)


# --- FCM ----------------------------------------------------------------------------------------------------


def google_error(status: int, code: str, message: str, fcm: str = "") -> Answer:
    """As Google writes its errors."""
    error: dict[str, Any] = {"code": status, "message": message, "status": code}
    if fcm:
        kind = "type.googleapis.com/google.firebase.fcm.v1.FcmError"
        error["details"] = [{"@type": kind, "errorCode": fcm}]
    return Answer(status, {"error": error})


class FcmServer(Server):
    """`oauth2.googleapis.com/token` and `fcm.googleapis.com` in one."""

    def __init__(self) -> None:
        super().__init__(FcmHandler)
        self.tokens: list[str] = []  # given out
        self.revoked: set[str] = set()
        self.lasts = 3599  # seconds
        self.next_tokens: deque[Answer] = deque()
        self.account = {
            "type": "service_account",
            "project_id": "serai-test",
            "private_key_id": "k-1",
            "private_key": pem(FCM_KEY),
            "client_email": "push@serai-test.iam.gserviceaccount.com",
            "token_uri": f"{self.url}/token",
        }


class FcmHandler(Handler):
    server: FcmServer

    def do_POST(self) -> None:
        content = self.body()
        if self.path == "/token":
            queue = self.server.next_tokens
            return self.say(queue.popleft() if queue else self.token(content))
        return self.say(self.server.next.popleft() if self.server.next else self.send_message(content))

    def token(self, content: bytes) -> Answer:
        form = {name: values[0] for name, values in parse_qs(content.decode(), strict_parsing=True).items()}
        assert form["grant_type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer"
        account = self.server.account
        try:
            claims = jwt.decode(
                form["assertion"],
                FCM_KEY.public_key(),
                algorithms=["RS256"],
                audience=account["token_uri"],
                issuer=account["client_email"],
                options={"require": ["exp", "iat", "aud", "iss"]},
            )
            assert jwt.get_unverified_header(form["assertion"])["kid"] == account["private_key_id"]
            assert claims["scope"] == SCOPE
            assert 0 < claims["exp"] - claims["iat"] <= 3600
        except (jwt.InvalidTokenError, AssertionError) as error:
            return Answer(400, {"error": "invalid_grant", "error_description": str(error) or "claims"})
        self.server.tokens.append(f"ya29.{len(self.server.tokens)}")
        return Answer(
            200,
            {
                "access_token": self.server.tokens[-1],
                "expires_in": self.server.lasts,
                "token_type": "Bearer",
            },
        )

    def send_message(self, content: bytes) -> Answer:
        token = (self.headers["Authorization"] or "").removeprefix("Bearer ")
        if token not in self.server.tokens or token in self.server.revoked:
            return google_error(401, "UNAUTHENTICATED", "Request had invalid authentication credentials.")
        if self.path != "/v1/projects/serai-test/messages:send":
            return google_error(404, "NOT_FOUND", "Requested entity was not found.")
        message = json.loads(content)["message"]
        if fault := fault_of(message):
            return google_error(400, "INVALID_ARGUMENT", fault, "INVALID_ARGUMENT")
        self.server.received.append(message)
        return Answer(200, {"name": f"projects/serai-test/messages/{len(self.server.received)}"})


def fault_of(message: dict[str, Any]) -> str:
    """What the reference `projects.messages` forbids."""
    data, told = message.get("data", {}), message.get("notification", {})
    android, apns = message.get("android", {}), message.get("apns", {})
    reserved = [
        name for name in data if name in ("from", "message_type") or name.startswith(("google", "gcm"))
    ]
    seconds = re.fullmatch(r"(\d+)s", android.get("ttl", "0s"))
    texts = [*data.values(), *told.values(), *apns.get("headers", {}).values()]
    size = sum(
        len(text.encode()) for text in [*data, *data.values(), *told.values()] if isinstance(text, str)
    )
    checks = {
        "message": set(message) <= {"token", "data", "notification", "android", "apns", "webpush"},
        "token": isinstance(message.get("token"), str),
        "text": all(isinstance(text, str) for text in texts),
        "data": not reserved,
        "notification": set(told) <= {"title", "body", "image"},
        "android": set(android) <= {"collapse_key", "priority", "ttl", "notification"},
        "priority": android.get("priority") in ("HIGH", "NORMAL", None),
        "ttl": bool(seconds) and int(seconds[1]) <= 2_419_200,
        "size": size <= 4096,
        "link": message.get("webpush", {})
        .get("fcm_options", {})
        .get("link", "https://")
        .startswith("https://"),
    }
    return ", ".join(name for name, is_right in checks.items() if not is_right)


# --- A push service of browsers -----------------------------------------------------------------------------


class WebPushServer(Server):
    """RFC 8030, for one browser that subscribed under `VAPID_KEY`."""

    def __init__(self, pem_file: Path) -> None:
        super().__init__(WebPushHandler, pem_file)
        self.browser = ec.generate_private_key(ec.SECP256R1())
        self.secret = b"sixteen bytes!!!"
        self.endpoint = f"{self.url}/wpush/v2/gAAAAABn"
        self.keys = {"p256dh": b64(point(self.browser)), "auth": b64(self.secret)}
        self.revoked: set[str] = set()
        self.tokens: list[str] = []


class WebPushHandler(Handler):
    server: WebPushServer

    def do_POST(self) -> None:
        content = self.body()
        self.say(self.server.next.popleft() if self.server.next else self.take(content))

    def take(self, content: bytes) -> Answer:
        said = re.fullmatch(r"vapid t=([^,]+), k=([\w-]+)", self.headers["Authorization"] or "")
        if not said or said[1] in self.server.revoked:
            return Answer(401, b"no token")
        token, key = said.groups()
        try:
            public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), unb64(key))
            claims = jwt.decode(
                token, public, algorithms=["ES256"], audience=self.server.url, options={"require": ["exp"]}
            )
            assert claims["exp"] <= time.time() + 86_400
            assert re.match(r"mailto:|https://", claims["sub"])
        except (jwt.InvalidTokenError, AssertionError) as error:
            return Answer(401, str(error).encode())
        if unb64(key) != point(VAPID_KEY):
            return Answer(403, b"another key than that of the subscription")
        headers = self.headers
        if (
            not re.fullmatch(r"\d+", headers["TTL"] or "")
            or headers["Urgency"] not in ("very-low", "low", "normal", "high")
            or not re.fullmatch(r"[\w-]{1,32}", headers["Topic"] or "")
            or headers["Content-Encoding"] != "aes128gcm"
        ):
            return Answer(400, b"headers")
        if len(content) > 4096:
            return Answer(413)
        text = http_ece.decrypt(
            content, private_key=self.server.browser, auth_secret=self.server.secret, version="aes128gcm"
        )
        self.server.tokens.append(token)
        self.server.received.append((dict(headers), json.loads(text), len(content)))
        return Answer(201, headers={"Location": f"{self.server.url}/m/1"})


# --- APNs ---------------------------------------------------------------------------------------------------


@dataclass
class Asked:
    """One request."""

    headers: dict[str, str]
    content: bytes = b""


class ApnsServer:
    """HTTP/2 over TLS, as Apple has it: one stream at a time until a token has proved right."""

    def __init__(self, pem_file: Path) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(pem_file)
        self._context.set_alpn_protocols(["h2"])
        self.url = f"https://localhost:{self._listener.getsockname()[1]}"
        self.next: deque[Answer] = deque()
        self.received: list[tuple[dict[str, str], Any, int]] = []
        self.tokens: list[str] = []
        self.expired: set[str] = set()
        self.connections = 0
        self.echoes = False  # the `number` of what it is sent, as the id that the sandbox gives

    def serve_forever(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=[connection], daemon=True).start()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _serve(self, plain: socket.socket) -> None:
        with suppress(OSError, ProtocolError), self._context.wrap_socket(plain, server_side=True) as wire:
            assert wire.selected_alpn_protocol() == "h2"
            self.connections += 1
            h2 = H2Connection(H2Configuration(client_side=False, header_encoding="utf-8"))
            h2.local_settings.update({SettingCodes.MAX_CONCURRENT_STREAMS: 1})
            h2.initiate_connection()
            wire.sendall(h2.data_to_send())
            asked: dict[int, Asked] = {}
            while content := wire.recv(65_536):
                for event in h2.receive_data(content):
                    match event:
                        case RequestReceived():
                            asked[event.stream_id] = Asked(dict(event.headers))
                        case DataReceived():
                            asked[event.stream_id].content += event.data
                            h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                        case StreamEnded():
                            answer = self._answer(asked.pop(event.stream_id))
                            time.sleep(answer.after)
                            if answer.status is None:
                                return
                            self._say(h2, event.stream_id, answer)
                wire.sendall(h2.data_to_send())

    def _say(self, h2: H2Connection, stream: int, answer: Answer) -> None:
        if answer.status == 200 and h2.local_settings.max_concurrent_streams == 1:
            h2.update_settings({SettingCodes.MAX_CONCURRENT_STREAMS: 1000})
        h2.send_headers(stream, [(":status", str(answer.status)), *answer.headers.items()])
        content = answer.content
        size = h2.max_outbound_frame_size
        for at in range(0, len(content), size):
            h2.send_data(stream, content[at : at + size])
        h2.end_stream(stream)

    def _answer(self, asked: Asked) -> Answer:
        if self.next:
            return self.next.popleft()
        headers = asked.headers
        if reason := self._refusal(asked):
            status = (
                403 if "Token" in reason and "Device" not in reason else 413 if "TooLarge" in reason else 400
            )
            return Answer(status, {"reason": reason})
        self.received.append((headers, json.loads(asked.content), len(asked.content)))
        more = {"apns-unique-id": json.loads(asked.content)["number"]} if self.echoes else {}
        return Answer(200, headers={"apns-id": headers["apns-id"], **more})

    def _refusal(self, asked: Asked) -> str:
        """A word of Apple's, "Handling notification responses from APNs"; empty where all is right."""
        headers = asked.headers
        token = headers.get("authorization", "").removeprefix("bearer ")
        if not token:
            return "MissingProviderToken"
        try:
            claims = jwt.decode(token, APNS_KEY.public_key(), algorithms=["ES256"], issuer=TEAM_ID)
            assert jwt.get_unverified_header(token)["kid"] == KEY_ID
        except (jwt.InvalidTokenError, AssertionError):
            return "InvalidProviderToken"
        if token in self.expired or time.time() - claims["iat"] > 3600:
            return "ExpiredProviderToken"
        if token not in self.tokens:
            self.tokens.append(token)
        if headers[":method"] != "POST" or not re.fullmatch(r"/3/device/[0-9a-f]+", headers[":path"]):
            return "BadDeviceToken"
        if headers.get("apns-topic") != TOPIC:
            return "TopicDisallowed"
        with suppress(KeyError, ValueError):
            UUID(headers["apns-id"])
            kind, priority = headers["apns-push-type"], int(headers["apns-priority"])
            int(headers["apns-expiration"])
            if len(headers["apns-collapse-id"].encode()) > 64:
                return "BadCollapseId"
            if len(asked.content) > 4096:
                return "PayloadTooLarge"
            aps = json.loads(asked.content)["aps"]
            if kind == "background":
                is_right = priority == 5 and aps == {"content-available": 1}
            else:
                is_right = kind == "alert" and priority in (5, 10) and bool({"alert", "badge"} & set(aps))
            return "" if is_right else "InvalidPushType"
        return "BadMessageId"


@contextmanager
def running(server: Any) -> Iterator[Any]:
    arguments = {} if isinstance(server, ApnsServer) else {"poll_interval": 0.02}
    thread = threading.Thread(target=server.serve_forever, kwargs=arguments, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        if isinstance(server, ApnsServer):
            server.close()
        else:
            server.shutdown()
            server.server_close()
