"""Counts what is sold of each movie, at the cinema and on demand: a listener that the mesh does not know of.

It knows the contracts and the stream, nothing else. It may start long after the first sale, be killed at any moment and be
away for weeks: the stream keeps the present of every order, so it catches up. `python sales.py` follows; with --once it
ends when it has caught up. Its state is one file; once that is deleted, nothing is left of it anywhere.
"""

import argparse
import asyncio
import contextlib
import os
import random
import signal
import sqlite3
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "gen"))

import nats
import nats.js.errors
from google.protobuf.message import DecodeError
from nats.js.api import AckPolicy, DeliverPolicy
from yemae.cinema.booking.v1.booking_pb2 import Seating
from yemae.ordering.v1.order_pb2 import PHASE_CANCELLED, OrderEvent
from yemae.vod.order.v1.order_pb2 import Title

STREAM = "YEMAE"
# Our consumer, and what our inboxes begin with: by these a broker knows what we may do.
NAME = "sales"
# Who sells movies, and in which message each says what was sold.
SELLERS = {"cinema-booking": Seating, "vod-order": Title}
# What says that the consumer or the connection is gone, or that the server is away: all of it is tried again.
LOST = (nats.errors.Error, asyncio.TimeoutError, ConnectionError)


class Sales:
    """Each order as last seen, and how far the stream was read: written in one transaction. Nobody's name is kept."""

    def __init__(self, path):
        self.db = sqlite3.connect(path)
        self.db.executescript(
            "CREATE TABLE IF NOT EXISTS sale (order_id TEXT PRIMARY KEY, version INTEGER, standing INTEGER, won INTEGER,"
            " system TEXT, movie_id TEXT, title TEXT);"
            "CREATE TABLE IF NOT EXISTS place (id INTEGER PRIMARY KEY CHECK (id = 1), stream TEXT, sequence INTEGER);"
        )

    def first(self, stream, last):
        """Where to read on. In another stream, or one that lost its end, from the start: what is no news changes nothing."""
        place = self.db.execute("SELECT sequence FROM place WHERE stream = ?", (stream,)).fetchone()
        return place[0] + 1 if place and place[0] <= last else 1

    def take(self, stream, messages):
        rows = [row for row in map(read, messages) if row]
        with self.db:
            # Told again, or late: the highest version is the present one.
            self.db.executemany(
                "INSERT INTO sale VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (order_id) DO UPDATE SET"
                " version = excluded.version, standing = excluded.standing WHERE version < excluded.version",
                rows,
            )
            place = (stream, messages[-1].metadata.sequence.stream)
            self.db.execute("INSERT OR REPLACE INTO place VALUES (1, ?, ?)", place)

    def tell(self):
        """Counts orders by their state. Events are never counted: some come twice, some are skipped."""
        for row in self.db.execute(
            "SELECT system, movie_id, count(*), sum(won), title FROM sale WHERE standing GROUP BY 1, 2 ORDER BY 3 DESC, 2"
        ):
            print("{}\t{}\t{} sold\t{:,} won\t{}".format(*row))
        print(flush=True)


def read(message):
    """What a message says of an order. Whichever event it is, field 1 is the order: a new kind of event needs no new code."""
    context = message.subject.split(".")[1]
    sold = SELLERS[context]()
    try:
        order = OrderEvent.FromString(message.data).order
        # Only a context itself may publish below its name.
        if order.context == context and order.detail.Unpack(sold):
            standing = order.phase != PHASE_CANCELLED
            what = (order.system, sold.movie_id, sold.movie_title)
            return (order.order_id, order.version, standing, order.amount.minor_units, *what)
    except DecodeError:
        pass
    print("not understood:", message.subject, file=sys.stderr)
    return None


async def follow(js, sales, once):
    """Reads what is there and then what comes, until the consumer or the connection is lost."""
    info = await js.stream_info(STREAM)
    stream = str(info.created)
    # What a killed one has left behind.
    with contextlib.suppress(nats.js.errors.NotFoundError):
        await js.delete_consumer(STREAM, NAME)
    # It has a name and is not durable: the server forgets it some seconds after we are gone, however we went.
    consumer = await js.add_consumer(
        STREAM,
        name=NAME,
        filter_subjects=[f"yemae.{seller}.Order.>" for seller in SELLERS],
        deliver_policy=DeliverPolicy.BY_START_SEQUENCE,
        opt_start_seq=sales.first(stream, info.state.last_seq),
        # What was taken is in our own file.
        ack_policy=AckPolicy.NONE,
        inactive_threshold=15,
    )
    try:
        subscription = await js.pull_subscribe_bind(consumer=NAME, stream=STREAM)
        delivered, behind = 0, consumer.num_pending
        while True:
            if behind == 0:
                sales.tell()
                if once:
                    return
            try:
                messages = await subscription.fetch(256, timeout=5)
            except asyncio.TimeoutError:
                # Nothing new, or nobody there: then this raises.
                await subscription.consumer_info()
                behind = None
                continue
            delivered += len(messages)
            if messages[-1].metadata.sequence.consumer != delivered:
                raise ConnectionError("something was lost on the way")
            sales.take(stream, messages)
            behind = messages[-1].metadata.num_pending
    finally:
        with contextlib.suppress(*LOST):
            await js.delete_consumer(STREAM, NAME)


async def complain(why):
    print("NATS:", why, file=sys.stderr)


async def main(asked):
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, asyncio.current_task().cancel)
    sales = Sales(asked.state)
    own = {"name": NAME, "inbox_prefix": f"_INBOX_{NAME}", "error_cb": complain}
    connection = await nats.connect(asked.nats, max_reconnect_attempts=-1, **own)
    try:
        while True:
            try:
                return await follow(connection.jetstream(), sales, asked.once)
            except LOST as why:
                print("again:", why, file=sys.stderr)
                await asyncio.sleep(random.uniform(0.2, 2))
    finally:
        await connection.close()


if __name__ == "__main__":
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("--nats", default=os.environ.get("NATS_URL", "nats://127.0.0.1:4222"))
    asked.add_argument("--state", default="sales.sqlite", help="the file that it keeps")
    asked.add_argument("--once", action="store_true", help="end when all there is has been read")
    with contextlib.suppress(KeyboardInterrupt, asyncio.CancelledError):
        asyncio.run(main(asked.parse_args()))
