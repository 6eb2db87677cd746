"""Serves a hostile page to Chromium while `tollbook up` runs, and looks at what the page got.

The page asks every port that `up` listens on, by both names of this machine, in every way that a page
has: reading with and without leave, requests that need no leave and those that do, forms, images,
scripts, frames and sockets. Nothing may be readable, and the ledger and the outbox stay as they are.
A server that lets everybody read is asked the same way, so that the test can fail.
"""

import http.server
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

SECONDS = 90
PAGE = """<!doctype html><meta charset="utf-8"><title>hostile</title><script>
const targets = TARGETS, got = [];
const scan = JSON.stringify({TableName: "tollbook"});
const remove = JSON.stringify({TableName: "tollbook"});
const publish = "Action=Publish&Message=false+alarm&TopicArn=" +
  encodeURIComponent("arn:aws:sns:us-east-1:123456789012:tollbook-alerts");
const amz = (operation) => ({"content-type": "application/x-amz-json-1.0",
  "x-amz-target": "DynamoDB_20120810." + operation,
  "authorization": "AWS4-HMAC-SHA256 Credential=a/20261101/us-east-1/dynamodb/aws4_request, " +
    "SignedHeaders=host, Signature=00"});
const ways = {
  read: {}, credentials: {credentials: "include"}, blind: {mode: "no-cors"},
  blindText: {mode: "no-cors", method: "POST", body: scan},
  blindForm: {mode: "no-cors", method: "POST", body: new URLSearchParams(publish)},
  scan: {method: "POST", headers: amz("Scan"), body: scan},
  drop: {method: "POST", headers: amz("DeleteTable"), body: remove},
  put: {method: "PUT", body: "x"}, erase: {method: "DELETE"},
};
const paths = ["/", "/v1/costs?from=2026-10-01&to=2026-11-01", "/openapi.json"];
const limited = (promise) => Promise.race([promise,
  new Promise((_, fail) => setTimeout(() => fail(new Error("slow")), 3000))]);
async function ask(base, name, path, init) {
  try {
    const answer = await limited(fetch(base + path, init));
    if (answer.type !== "opaque") got.push([base, name, path, answer.status, (await answer.text()).slice(0, 80)]);
  } catch (error) { /* refused, as it should be */ }
}
function embed(base) {
  for (const kind of ["img", "script", "iframe"]) {
    const element = document.createElement(kind);
    if (kind === "script") element.onload = () => got.push([base, "script", "/", 200, "ran"]);
    if (kind === "iframe") element.onload = () => {
      try { got.push([base, "iframe", "/", 200, element.contentDocument.body.innerText.slice(0, 80)]); }
      catch (error) { /* another origin */ }
    };
    element.src = base + "/";
    document.body.append(element);
  }
  const form = document.createElement("form");
  const frame = document.createElement("iframe");
  frame.name = "f" + Math.random();
  Object.assign(form, {method: "post", action: base + "/", target: frame.name});
  for (const pair of new URLSearchParams(publish)) {
    const input = document.createElement("input");
    [input.name, input.value] = pair;
    form.append(input);
  }
  document.body.append(frame, form);
  form.submit();
  navigator.sendBeacon(base + "/", new Blob([scan], {type: "text/plain"}));
  try {
    const socket = new WebSocket(base.replace("http", "ws") + "/");
    socket.onopen = () => got.push([base, "socket", "/", 101, "open"]);
  } catch (error) { /* refused */ }
}
window.onload = async () => {
  for (const base of targets) embed(base);
  const asked = [];
  for (const base of targets) for (const path of paths) for (const name in ways)
    asked.push(ask(base, name, path, ways[name]));
  await Promise.all(asked);
  await new Promise((done) => setTimeout(done, 1500));
  await fetch("/result", {method: "POST", body: JSON.stringify({asked: asked.length, got})});
};
</script><body></body>"""


class Open(http.server.BaseHTTPRequestHandler):
    """A server that lets everybody read: the page has to find it."""

    def do_GET(self):
        self.send_response(200)
        self.send_header("access-control-allow-origin", "*")
        self.end_headers()
        self.wfile.write(b"open")

    def log_message(self, *_):
        pass


class Hostile(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("content-type", "text/html")
        self.end_headers()
        self.wfile.write(self.server.page.encode())

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        self.send_response(204)
        self.end_headers()
        self.server.result = json.loads(body)
        self.server.is_done.set()

    def log_message(self, *_):
        pass


def serve(handler):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.is_done = threading.Event()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def listening_ports(process):
    """Ports on which a process listens, as the kernel tells."""
    links = [os.readlink(entry) for entry in Path(f"/proc/{process}/fd").iterdir()]
    inodes = {link[8:-1] for link in links if link.startswith("socket:[")}
    rows = [row.split() for row in Path(f"/proc/{process}/net/tcp").read_text().splitlines()[1:]]
    return [int(row[1].split(":")[1], 16) for row in rows if row[3] == "0A" and row[9] in inodes]


def main():
    binary = sys.argv[1]
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"

        def report():
            command = [binary, "--data", data, "report", "--by", "owner,model", "--format", "json"]
            return subprocess.run(command, check=True, capture_output=True).stdout

        up = subprocess.Popen([binary, "--data", data, "up", "--port", "0"],
                              stdout=subprocess.PIPE, text=True)
        browser = None
        try:
            next(line for line in up.stdout if "budgets judged" in line)
            before, outbox = report(), (data / "outbox" / "outbox.jsonl").read_text()
            ports = listening_ports(up.pid)
            assert len(ports) == 4, f"page, database, outbox and Cost Explorer: {ports}"
            is_open, hostile = serve(Open), serve(Hostile)
            bases = [f"http://{host}:{port}" for port in ports for host in ("127.0.0.1", "localhost")]
            control = f"http://127.0.0.1:{is_open.server_port}"
            hostile.page = PAGE.replace("TARGETS", json.dumps([*bases, control]))
            browser = subprocess.Popen(
                [chromium, "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run",
                 "--disable-dev-shm-usage", f"--user-data-dir={folder}/profile",
                 f"http://127.0.0.1:{hostile.server_port}/"],
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
            if not hostile.is_done.wait(SECONDS):
                sys.exit(f"the page did not end within {SECONDS} s")
            result = hostile.result
            found = [it for it in result["got"] if it[0] == control]
            assert any(it[1] == "read" and it[4] == "open" for it in found), "the page reads nothing"
            leaks = [it for it in result["got"] if it[0] != control]
            assert not leaks, f"the page reads: {leaks}"
            assert report() == before, "the page changed the ledger"
            now = (data / "outbox" / "outbox.jsonl").read_text()
            assert now == outbox, "the page sent an alert"
            print(f"{result['asked']} requests, frames, forms and sockets to {len(ports)} ports: "
                  "nothing was read or changed")
        finally:
            if browser:
                os.killpg(browser.pid, signal.SIGKILL)
                browser.wait()
            up.kill()
            up.wait()
            time.sleep(0.5)


if __name__ == "__main__":
    main()
