"""What keeping sandboxes costs a call: in memory, in a data directory, and in PostgreSQL, which is started for this. Load, replicas and the
database share the machine. Prints a table."""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from rig import ROOT, Database, Replica, call

TOKEN = "ShippoToken shippo_test_seatrial"
ADDRESS = {"name": "Ada", "street1": "1 Main St", "city": "Chicago", "state": "IL", "zip": "60601", "country": "US"}
SANDBOXES = 100


class Bench:
    def __init__(self, program: Path, folder: Path, seconds: int):
        self.program, self.folder, self.seconds, self.count = program, folder, seconds, 0
        folder.chmod(0o755)
        self.database = Database(folder)

    def kept(self, title: str, url: str | None, replicas: int, *arguments: str) -> None:
        """Measures servers that keep what they have somewhere, and ends them."""
        servers = []
        try:
            for _ in range(replicas):
                servers.append(Replica(self.folder, self.program, url, None, *arguments))
            figures = [self.load(servers, connections, self.one()) for connections in (1, 16)]
            figures.append(self.load(servers, 64 // replicas, self.many(servers[0].base)))
        finally:
            for server in servers:
                server.kill()
        cells = [f"{rate:>8,.0f} {p50:>7.2f} {p99:>7.2f}" for rate, p50, p99 in figures]
        print(f"{title:<34}{'  '.join(cells)}", flush=True)

    def file(self, calls: list[tuple[str, str]]) -> Path:
        """Calls that make an address, as `benches/load.lua` reads them."""
        self.count += 1
        body = json.dumps(ADDRESS)
        made = [f"POST\n{path}\nauthorization: {token}\ncontent-type: application/json\n\n{body}" for path, token in calls]
        file = self.folder / f"calls-{self.count}.txt"
        file.write_text("\n\f\n".join(made))
        return file

    def one(self) -> Path:
        return self.file([("/shippo/addresses", TOKEN)])

    def many(self, base: str) -> Path:
        """Calls for many sandboxes in turn."""
        calls = []
        for _ in range(SANDBOXES):
            status, made = call(base, "POST", "/_seatrial/sandboxes", {})
            assert status == 201, made
            calls.append((f"/@{made['name']}/shippo/addresses", f"ShippoToken {made['credentials']['shippo'][0]['token']}"))
        return self.file(calls)

    def load(self, servers: list[Replica], connections: int, calls: Path) -> tuple[float, float, float]:
        """Calls a second of all servers together, and the middle and the 99th percentile of their times, in milliseconds."""
        command = ["wrk", "--threads", "1", "--connections", str(connections), "--duration", f"{self.seconds}s", "--timeout", "30"]
        script = ["--script", str(ROOT / "benches/load.lua")]
        running = [
            subprocess.Popen([*command, *script, f"{server.base}/", "--", str(calls), "B00000", "0"], stdout=subprocess.PIPE, text=True)
            for server in servers
        ]
        figures = [json.loads(process.communicate()[0].splitlines()[-1]) for process in running]
        assert all(row["refused"] == row["broken"] == 0 and row["requests"] for row in figures), figures
        rate = sum(row["requests"] * 1e6 / row["microseconds"] for row in figures)
        return rate, max(row["p50"] for row in figures) / 1e3, max(row["p99"] for row in figures) / 1e3


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", type=Path, default=ROOT / "target/dist/seatrial")
    parser.add_argument("--seconds", type=int, default=5)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="seatrial-bench-") as name:
        bench = Bench(arguments.program, Path(name), arguments.seconds)
        try:
            heads = [f"{head:<24}" for head in ("1 connection", "16 connections", f"64, {SANDBOXES} sandboxes")]
            print(f"{'':<34}{'  '.join(heads)}")
            units = f"{'calls/s':>8} {'p50':>7} {'p99':>7}"
            print(f"{'calls that write, times in ms':<34}{'  '.join([units] * 3)}")
            bench.kept("in memory", None, 1)
            for policy in ("off", "interval", "always"):
                bench.kept(f"--data-dir --fsync {policy}", None, 1, "--data-dir", str(bench.folder / policy), "--fsync", policy)
            for title, replicas in (("--database, one replica", 1), ("--database, three replicas, each", 3)):
                bench.database.sql(f"CREATE DATABASE of_{replicas}")
                bench.kept(title, bench.database.url.removesuffix("postgres") + f"of_{replicas}", replicas)
        finally:
            bench.database.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
