"""What a fleet is tried with: a cluster of PostgreSQL of its own, pgbouncer, wires that can be cut, replicas, a balancer that takes turns, and a receiver of
webhooks. Everything is on loopback, in a temporary folder, and ended by its process id."""

import http.client
import itertools
import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import urllib.request
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ACCOUNT = "postgres"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(what: str, holds, seconds: float = 20) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if holds():
            return
        time.sleep(0.02)
    raise AssertionError(f"after {seconds} s still not: {what}")


class Database:
    """A cluster that the server's own account runs, with fsync as it is by default."""

    def __init__(self, folder: Path):
        self.bin = max(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
        self.folder, self.port = folder / "database", free_port()
        self.folder.mkdir()
        if os.getuid() == 0:
            shutil.chown(folder, ACCOUNT)
            shutil.chown(self.folder, ACCOUNT)
        self.run("initdb", "--auth", "trust", "--username", "seatrial", "--encoding", "UTF8", "--pgdata", str(self.folder))
        self.start()
        self.url = self.address("postgres")

    def address(self, name: str) -> str:
        return f"postgres://seatrial@127.0.0.1:{self.port}/{name}"

    def run(self, program: str, *arguments: str) -> None:
        command = [str(self.bin / program), *arguments]
        if os.getuid() == 0:
            command = ["setpriv", f"--reuid={ACCOUNT}", f"--regid={ACCOUNT}", "--clear-groups", *command]
        done = subprocess.run(command, cwd="/", capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr

    def start(self) -> None:
        options = f"-p {self.port} -h 127.0.0.1 -k {self.folder} -c max_connections=100"
        log = str(self.folder / "server.log")
        command = ["--pgdata", str(self.folder), "--options", options, "--wait", "--log", log, "start"]
        # Its output is the server's for as long as that lives, so nobody waits for its end.
        program = [str(self.bin / "pg_ctl"), *command]
        if os.getuid() == 0:
            program = ["setpriv", f"--reuid={ACCOUNT}", f"--regid={ACCOUNT}", "--clear-groups", *program]
        subprocess.run(program, cwd="/", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)

    def stop(self, mode: str = "immediate") -> None:
        self.run("pg_ctl", "--pgdata", str(self.folder), "--mode", mode, "--wait", "stop")

    def secure(self) -> Path:
        """Has it offer TLS; the file of its certificate, which nobody has signed."""
        certificate, key = self.folder / "own.crt", self.folder / "own.key"
        subject = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
        command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-out", str(certificate), "-keyout", str(key)]
        subprocess.run([*command, *subject], capture_output=True, check=True)
        if os.getuid() == 0:
            shutil.chown(key, ACCOUNT)
        key.chmod(0o600)
        settings = self.folder / "postgresql.conf"
        settings.write_text(settings.read_text() + f"\nssl = on\nssl_cert_file = '{certificate}'\nssl_key_file = '{key}'\n")
        self.stop("fast")
        self.start()
        shown = self.folder.parent / "database.crt"
        shutil.copy(certificate, shown)
        return shown

    def sql(self, statement: str, name: str = "postgres") -> str:
        command = [str(self.bin / "psql"), self.address(name), "--no-psqlrc", "--tuples-only", "--no-align", "--command", statement]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


class Bouncer:
    """pgbouncer, which gives each transaction any connection."""

    def __init__(self, folder: Path, database: Database):
        self.port = free_port()
        settings = folder / "pgbouncer.ini"
        settings.write_text(
            f"[databases]\npostgres = host=127.0.0.1 port={database.port}\n[pgbouncer]\nlisten_addr = 127.0.0.1\n"
            f"listen_port = {self.port}\nauth_type = any\npool_mode = transaction\ndefault_pool_size = 6\nunix_socket_dir =\n"
            "ignore_startup_parameters = extra_float_digits\n"
            f"[users]\n"
        )
        text = settings.read_text().replace("port={0}".format(database.port), f"port={database.port} user=seatrial")
        settings.write_text(text)
        settings.chmod(0o644)
        folder.chmod(0o755)
        command = ["pgbouncer", "--quiet", str(settings)]
        if os.getuid() == 0:
            command = ["setpriv", f"--reuid={ACCOUNT}", f"--regid={ACCOUNT}", "--clear-groups", *command]
        self.process = subprocess.Popen(command, cwd="/", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for("pgbouncer listens", lambda: listens(self.port))
        self.url = f"postgres://seatrial@127.0.0.1:{self.port}/postgres"

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait()


class Wire:
    """Passes bytes on to a port and back, until it is cut: one way or both. What comes then is kept until it is mended, as a network does
    that sends again, or lost, and with it the connections; those are half open meanwhile. Or all connections are ended, and new ones too."""

    TO, FROM = "to", "from"
    ANSWER, COMMIT = "answer", "commit"

    def __init__(self, port: int):
        self.port_behind, self.cut, self.loses, self.ends = port, set(), False, False
        # What of the next commit does not arrive: its answer, or the commit itself, and with that all connections until it is mended.
        self.misses, self.deaf = None, set()
        self.changed, self.pairs = threading.Condition(), set()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.url = f"postgres://seatrial@127.0.0.1:{self.port}/postgres"
        threading.Thread(target=self.accept, daemon=True).start()

    def set(self, *cut: str, loses: bool = False, ends: bool = False) -> None:
        with self.changed:
            was_lossy, self.cut, self.loses, self.ends = self.loses or self.ends, set(cut), loses, ends
            if ends or was_lossy:
                for one in [one for pair in self.pairs for one in pair]:
                    self.close(one)
                self.pairs.clear()
            self.changed.notify_all()

    def mend(self) -> None:
        self.set()

    def accept(self) -> None:
        while True:
            near, _ = self.listener.accept()
            if self.ends:
                near.close()
                continue
            far = socket.create_connection(("127.0.0.1", self.port_behind))
            with self.changed:
                self.pairs.add((near, far))
            threading.Thread(target=self.carry, args=(near, far, self.TO), daemon=True).start()
            threading.Thread(target=self.carry, args=(far, near, self.FROM), daemon=True).start()

    def carry(self, source: socket.socket, sink: socket.socket, way: str) -> None:
        try:
            while part := source.recv(65536):
                with self.changed:
                    is_lost = way in self.cut and self.loses
                    while way in self.cut and not self.loses:
                        self.changed.wait()
                    is_lost |= source in self.deaf
                missed = self.missed(sink) if way == self.TO and b"COMMIT\0" in part else None
                if missed == self.COMMIT:
                    self.set(ends=True)
                    break
                if not is_lost:
                    sink.sendall(part)
                if missed == self.ANSWER:
                    # It is made before the connection ends.
                    time.sleep(0.2)
                    break
        except OSError:
            pass
        # An end is not heard of through a cut wire.
        with self.changed:
            self.changed.wait_for(lambda: way not in self.cut)
        for one in (source, sink):
            self.close(one)

    def missed(self, sink: socket.socket) -> str | None:
        with self.changed:
            missed, self.misses = self.misses, None
            if missed:
                self.deaf.add(sink)
            return missed

    @staticmethod
    def close(one: socket.socket) -> None:
        try:
            one.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        one.close()


class Meter:
    """Passes bytes on to a port, and back a little later, as a network does: so what a connection says until it hears something is a trip."""

    LATE = 0.005

    def __init__(self, port: int):
        self.port_behind, self.lock, self.gate = port, threading.Lock(), threading.Event()
        self.gate.set()
        self.connections: list[list[bytes]] = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"postgres://seatrial@127.0.0.1:{self.listener.getsockname()[1]}/postgres"
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self) -> None:
        while True:
            near, _ = self.listener.accept()
            far = socket.create_connection(("127.0.0.1", self.port_behind))
            trips: list[bytes] = [b""]
            with self.lock:
                self.connections.append(trips)
            threading.Thread(target=self.ask, args=(near, far, trips), daemon=True).start()
            threading.Thread(target=self.answer, args=(far, near, trips), daemon=True).start()

    def ask(self, source: socket.socket, sink: socket.socket, trips: list[bytes]) -> None:
        try:
            while part := source.recv(65536):
                self.gate.wait()
                with self.lock:
                    trips[-1] += part
                sink.sendall(part)
        except OSError:
            pass
        Wire.close(sink)

    def answer(self, source: socket.socket, sink: socket.socket, trips: list[bytes]) -> None:
        try:
            while part := source.recv(65536):
                time.sleep(self.LATE)
                with self.lock:
                    if trips[-1]:
                        trips.append(b"")
                sink.sendall(part)
        except OSError:
            pass
        Wire.close(sink)

    def forget(self) -> None:
        with self.lock:
            for trips in self.connections:
                trips[:] = trips[-1:]

    def commits(self) -> list[int]:
        """The trips of each transaction that has written a record."""
        found = []
        with self.lock:
            for trips in self.connections:
                begun = None
                for trip in trips:
                    if b"BEGIN; SET LOCAL" in trip:
                        begun = []
                    if begun is not None:
                        begun.append(trip)
                        if b"COMMIT" in trip:
                            if any(b"INSERT INTO seatrial_record" in one for one in begun):
                                found.append(len(begun))
                            begun = None
        return found


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Replica:
    """A process of the fleet."""

    def __init__(self, folder: Path, program: Path, url: str | None, port: int | None = None, *arguments: str):
        self.port = port or free_port()
        self.log = folder / f"replica-{self.port}.log"
        environment = {**os.environ, "SEATRIAL_DATABASE": url} if url else None
        command = [str(program), "serve", "--listen", f"127.0.0.1:{self.port}", "--log", "seatrial=info,seatrial::call=off", *arguments]
        with self.log.open("a") as log:
            self.process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=log, text=True)
        self.ready = self.process.stdout.readline()
        assert self.ready.startswith("seatrial ready"), f"{self.ready!r}\n{self.log.read_text()}"

    def signal(self, number: int) -> None:
        os.kill(self.process.pid, number)

    def kill(self) -> None:
        if self.process.poll() is None:
            self.signal(signal.SIGCONT)
            self.signal(signal.SIGKILL)
        self.process.wait()

    def is_connected(self, port: int) -> bool:
        """Whether it has a connection to a port of this machine."""
        own = {os.readlink(path) for path in Path(f"/proc/{self.process.pid}/fd").iterdir() if path.exists() or path.is_symlink()}
        rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
        return any(row[2].endswith(f":{port:04X}") and row[3] == "01" and f"socket:[{row[9]}]" in own for row in rows)

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"


class Balancer:
    """Passes each request on to the next replica; one that cannot be reached is left out. Nothing is sent twice."""

    def __init__(self, ports: list[int]):
        self.ports, self.turns, self.counts = ports, itertools.count(), Counter()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def handle_one_request(self):
                try:
                    self.raw_requestline = self.rfile.readline(65537)
                    if not self.raw_requestline:
                        self.close_connection = True
                        return
                    if self.parse_request():
                        self.pass_on()
                        self.wfile.flush()
                except (OSError, http.client.HTTPException):
                    self.close_connection = True

            def pass_on(self):
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                ports = [port for port in outer.ports if listens(port)] or outer.ports
                port = ports[next(outer.turns) % len(ports)]
                outer.counts[port] += 1
                connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
                try:
                    connection.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
                    for name, value in self.headers.items():
                        if name.lower() not in ("connection", "transfer-encoding"):
                            connection.putheader(name, value)
                    connection.endheaders(body)
                    answer = connection.getresponse()
                    answered = answer.read()
                    self.wfile.write(f"HTTP/1.1 {answer.status} {answer.reason}\r\n".encode("latin-1"))
                    has_length = False
                    for name, value in answer.getheaders():
                        if name.lower() in ("connection", "transfer-encoding"):
                            continue
                        has_length |= name.lower() == "content-length"
                        self.wfile.write(f"{name}: {value}\r\n".encode("latin-1"))
                    if not has_length and answer.status not in (204, 304):
                        self.wfile.write(f"content-length: {len(answered)}\r\n".encode())
                    self.wfile.write(b"\r\n" + answered)
                finally:
                    connection.close()

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"


class Receiver:
    """Receives webhooks, and counts the deliveries by their ids."""

    def __init__(self, seconds: float = 0):
        self.seen, outer = [], self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_):
                pass

            def do_POST(self):
                self.rfile.read(int(self.headers.get("content-length", 0)))
                outer.seen.append(self.headers["seatrial-delivery"])
                time.sleep(seconds)
                self.send_response(200)
                self.send_header("content-length", "0")
                self.end_headers()

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}/hook"


def call(base: str, method: str, path: str, body=None, headers=None, timeout: float = 30):
    """The status and the JSON of an answer."""
    data = None if body is None else json.dumps(body).encode()
    kind = {"content-type": "application/json"} if data is not None else {}
    request = urllib.request.Request(base + path, data=data, method=method, headers={**kind, **(headers or {})})
    try:
        with urllib.request.urlopen(request, timeout=timeout) as answer:
            status, text = answer.status, answer.read()
    except urllib.error.HTTPError as error:
        status, text = error.code, error.read()
    try:
        return status, json.loads(text or b"null")
    except ValueError:
        return status, text.decode(errors="replace")


class Fleet:
    """A database, replicas and a balancer."""

    def __init__(self, program: Path, replicas: int = 3, bouncer: bool = False, more: tuple[str, ...] = ()):
        self.folder = Path(tempfile.mkdtemp(prefix="seatrial-fleet-"))
        self.folder.chmod(0o755)
        self.program, self.arguments, self.replicas, self.bouncer = program, (), [], None
        self.database = Database(self.folder)
        if bouncer:
            self.bouncer = Bouncer(self.folder, self.database)
        self.names = ("postgres", *more)
        for name in more:
            self.database.sql(f"CREATE DATABASE {name}")
        self.url = self.bouncer.url if bouncer else " ".join([self.database.url, *map(self.database.address, more)])
        for _ in range(replicas):
            self.add()
        self.balancer = Balancer([replica.port for replica in self.replicas])
        self.base = self.balancer.base

    def add(self, port: int | None = None) -> Replica:
        replica = Replica(self.folder, self.program, self.url, port, *self.arguments)
        self.replicas.append(replica)
        return replica

    def again(self, place: int) -> Replica:
        """Starts a replica that was ended, on its port."""
        port = self.replicas[place].port
        self.replicas[place] = Replica(self.folder, self.program, self.url, port, *self.arguments)
        return self.replicas[place]

    def admin(self, method: str, path: str, body=None, base: str | None = None, timeout: float = 30):
        status, answer = call(base or self.base, method, "/_seatrial" + path, body, timeout=timeout)
        assert status < 300, f"{method} {path}: {status} {answer}"
        return answer

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        for replica in self.replicas:
            replica.kill()
        if self.bouncer:
            self.bouncer.stop()
        self.database.stop()
        if kind is None:
            shutil.rmtree(self.folder, ignore_errors=True)
        else:
            print(f"logs are in {self.folder}")
