"""Tries sales.py on a mesh that is up: DATA is its data directory, SERVER and NATS_URL its addresses, `yemae` is in PATH.

The listener starts late, is killed twice with -9 while customers order and cancel, catches up, counts what the customers' own
pages show, and leaves nothing behind on the stream.
"""

import asyncio
import atexit
import collections
import contextlib
import os
import sqlite3
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "gen"))

import grpc
import nats
from yemae.cinema.booking.v1.booking_pb2 import Seating
from yemae.mypage.v1.mypage_pb2 import ListMyOrdersRequest
from yemae.mypage.v1.mypage_pb2_grpc import MyPageServiceStub
from yemae.ordering.v1.order_pb2 import PHASE_CANCELLED
from yemae.vod.order.v1.order_pb2 import Title

CUSTOMERS = 6
LISTENER = [sys.executable, os.path.join(os.path.dirname(__file__), "sales.py"), "--state"]


def main():
    with tempfile.TemporaryDirectory(prefix="sales-") as folder:
        state = os.path.join(folder, "sales.sqlite")
        until("nobody listens yet", lambda: "sales" not in consumers())
        before = consumers()
        load(seconds=2, seed=1).wait()
        ordering = load(seconds=8, seed=2)
        seen = 0
        for _ in range(2):
            listener = start(LISTENER + [state])
            until("the listener has taken more", lambda: rows(state) > seen)
            assert ordering.poll() is None, "the load ended before the listener was killed"
            listener.kill()
            listener.wait()
            seen = rows(state)
        assert ordering.wait() == 0
        subprocess.run(["yemae", "audit", "--quiet", "--wait", "120s", "--data", os.environ["DATA"]], check=True)
        shown, cancelled = pages()
        assert cancelled > 0 and seen < sum(shown.values()) + cancelled, "there was nothing to catch up with"

        caught_up = count(state)
        assert ours(caught_up, shown) == shown, f"{caught_up} were counted, the pages show {shown}"
        assert count(os.path.join(folder, "fresh.sqlite")) == caught_up, "a new one counts otherwise"

        assert "sales" not in consumers(), "it ended and its consumer did not"
        follower = start(LISTENER + [state])
        until("it follows", lambda: "sales" in consumers())
        follower.kill()
        # However it goes.
        until("nothing is left of it", lambda: consumers() == before)
        total = sum(shown.values())
        print(f"{total} sales of {len(shown)} movies counted, {cancelled} cancelled ones not; killed at {seen} orders")


def load(seconds, seed):
    words = "yemae load --system cinema --system vod --clients".split() + [str(CUSTOMERS), "--seconds", str(seconds)]
    words += ["--seed", str(seed), "--data", os.environ["DATA"]]
    return start(words)


def start(words):
    """Runs beside us, and never longer."""
    child = subprocess.Popen(words, stdout=subprocess.DEVNULL)
    atexit.register(child.kill)
    return child


def rows(state):
    """How many orders a listener has written down."""
    try:
        with contextlib.closing(sqlite3.connect(f"file:{state}?mode=ro", uri=True)) as db:
            return db.execute("SELECT count(*) FROM sale").fetchone()[0]
    except sqlite3.OperationalError:
        return 0  # it has not begun


def count(state):
    """What sales.py says once it has caught up, by system and movie."""
    words = LISTENER + [state, "--once"]
    lines = subprocess.run(words, stdout=subprocess.PIPE, text=True, check=True, timeout=60).stdout.splitlines()
    fields = [line.split("\t") for line in lines if line]
    return {(system, movie): int(sold.split()[0]) for system, movie, sold, *_ in fields}


def ours(counted, shown):
    """Of what was counted, what our customers bought: others use the mesh as well."""
    return {movie: sold for movie, sold in counted.items() if movie in shown}


def pages():
    """What stands on the pages of our customers, by system and movie; and how many orders were cancelled."""
    shown, cancelled = collections.Counter(), 0
    with grpc.insecure_channel(os.environ["SERVER"]) as channel:
        page = MyPageServiceStub(channel)
        for customer in range(CUSTOMERS):
            words = ["yemae", "token", f"load-{customer}", "--data", os.environ["DATA"]]
            token = subprocess.run(words, stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
            asked = ListMyOrdersRequest(page_size=200, systems=["cinema", "vod"])
            while True:
                told = page.ListMyOrders(asked, timeout=5, metadata=[("authorization", "Bearer " + token)])
                for order in told.orders:
                    sold = Seating() if order.system == "cinema" else Title()
                    assert order.detail.Unpack(sold)
                    if order.phase == PHASE_CANCELLED:
                        cancelled += 1
                    else:
                        shown[order.system, sold.movie_id] += 1
                asked.page_token = told.next_page_token
                if not asked.page_token:
                    break
    return dict(shown), cancelled


def consumers():
    """The names of the stream's consumers."""

    async def ask():
        connection = await nats.connect(os.environ["NATS_URL"])
        try:
            return {consumer.name for consumer in await connection.jetstream().consumers_info("YEMAE")}
        finally:
            await connection.close()

    return asyncio.run(ask())


def until(what, is_so, seconds=60):
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end, f"it did not come true that {what}"
        time.sleep(0.05)


if __name__ == "__main__":
    main()
