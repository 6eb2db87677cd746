"""Processes that stand in for AWS, and how to wait for what they do."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

REGION = "us-east-1"
ROOT_KEY = "test"


class Failed(Exception):
    """A check that did not hold."""


def check(holds, message):
    if not holds:
        raise Failed(message)


def wait_for(what, look, seconds=60):
    """Looks until there is something; what was waited for is in the message otherwise."""
    deadline = time.monotonic() + seconds
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() > deadline:
            raise Failed(f"waited {seconds} s for {what}")
        time.sleep(0.3)


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Process:
    """A child that is stopped by its own id."""

    def __init__(self, command, log: Path, env):
        self.log = log
        with open(log, "wb") as out:
            self.child = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, env=env)

    def said(self):
        return self.log.read_text(errors="replace")

    def wait_for(self, what, look, seconds=60):
        def still_there():
            check(self.child.poll() is None, f"{self.log.name} ended:\n{self.said()[-2000:]}")
            return look()

        return wait_for(what, still_there, seconds)

    def stop(self):
        if self.child.poll() is None:
            self.child.send_signal(signal.SIGTERM)
            try:
                self.child.wait(20)
            except subprocess.TimeoutExpired:
                self.child.kill()
                self.child.wait()


class CostExplorer(Process):
    """Tollbook's own stand-in, answering from an export."""

    def __init__(self, tollbook, export: Path, folder: Path):
        command = [tollbook, "stand-in", "cost-explorer", "--export", export, "--port", "0"]
        super().__init__(command, folder / "cost-explorer.log", os.environ)
        mark = "AWS_ENDPOINT_URL_COST_EXPLORER="
        line = self.wait_for("Cost Explorer", lambda: mark in self.said() and self.said(), 120)
        self.endpoint = line.split(mark)[1].split()[0]


class Budgets(Process):
    """Tollbook's own stand-in for AWS Budgets, which checks requests against the service's model."""

    def __init__(self, tollbook, account: str, folder: Path):
        command = [tollbook, "stand-in", "budgets", "--account", account, "--port", "0"]
        super().__init__(command, folder / "budgets.log", os.environ)
        mark = "AWS_ENDPOINT_URL_BUDGETS="
        line = self.wait_for("AWS Budgets", lambda: mark in self.said() and self.said(), 60)
        self.endpoint = line.split(mark)[1].split()[0]


class Aws(Process):
    """ministack: all of AWS that the template uses, with its permissions checked."""

    def __init__(self, account: str, cost_explorer: str, budgets: str, folder: Path):
        self.budgets_calls = folder / "budgets-calls"
        self.budgets_calls.touch()
        self.port = free_port()
        self.endpoint = f"http://127.0.0.1:{self.port}"
        self.client_env = {
            "AWS_ACCESS_KEY_ID": ROOT_KEY,
            "AWS_SECRET_ACCESS_KEY": ROOT_KEY,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        # The functions inherit the server's environment: this is how they find it, and Cost
        # Explorer, which it does not have.
        env = {
            **clean(os.environ),
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ENDPOINT_URL_COST_EXPLORER": cost_explorer,
            "AUTH": "true",
            "MINISTACK_ACCOUNT_ID": account,
            "BUDGETS_STAND_IN": budgets,
            "BUDGETS_CALLS": str(self.budgets_calls),
            "BIND_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(self.port),
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
            "S3_DATA_DIR": str(folder / "s3"),
            "STATE_DIR": str(folder / "state"),
        }
        command = [sys.executable, Path(__file__).with_name("aws.py")]
        super().__init__(command, folder / "ministack.log", env)
        self.wait_for("ministack", self._is_healthy)

    def _is_healthy(self):
        try:
            with urllib.request.urlopen(f"{self.endpoint}/_ministack/health", timeout=5) as answer:
                return answer.status == 200
        except OSError:
            return False


def clean(env):
    """An environment without an account: nothing here may reach a real one."""
    return {name: it for name, it in env.items() if not name.startswith(("AWS_", "TOLLBOOK_"))}
