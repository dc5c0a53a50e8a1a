"""Books a seat, watches the customer's page until the seat is reserved, cancels, and watches until the money is back.

SERVER is where the mesh listens (127.0.0.1:50051), TOKEN whose booking it is: TOKEN=$(yemae token kim) python book.py
"""

import os
import random
import sys
import time
import uuid

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "gen"))

import grpc
from google.rpc.error_details_pb2 import ErrorInfo, LocalizedMessage, RetryInfo
from grpc_status import rpc_status
from yemae.cinema.booking.v1.booking_pb2 import CancelBookingRequest, CreateBookingRequest
from yemae.cinema.booking.v1.booking_pb2_grpc import BookingServiceStub
from yemae.cinema.movie.v1.movie_pb2 import GetMovieRequest
from yemae.cinema.movie.v1.movie_pb2_grpc import MovieServiceStub
from yemae.cinema.theater.v1.theater_pb2 import SEAT_STATE_FREE, GetSeatMapRequest, ListScreeningsRequest
from yemae.cinema.theater.v1.theater_pb2_grpc import TheaterServiceStub
from yemae.mypage.v1.mypage_pb2 import WatchMyOrdersRequest
from yemae.mypage.v1.mypage_pb2_grpc import MyPageServiceStub
from yemae.shared.v1.money_pb2 import Money

# What may go through a moment later. Anything else is an answer.
PASSING = {
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.RESOURCE_EXHAUSTED,
    grpc.StatusCode.ABORTED,
    grpc.StatusCode.DEADLINE_EXCEEDED,
}


def main():
    # The token goes with every call. A real client uses TLS, and grpc.access_token_call_credentials with it.
    me = [("authorization", "Bearer " + os.environ["TOKEN"]), ("accept-language", "en")]
    with grpc.insecure_channel(os.environ.get("SERVER", "127.0.0.1:50051")) as channel:
        bookings = BookingServiceStub(channel)
        screening, seats, price = choose(channel, me)
        order = CreateBookingRequest(
            # Chosen once per wish, not per try: however often it is sent, it is one booking.
            request_id=str(uuid.uuid4()),
            screening_id=screening.screening_id,
            seats=[random.choice(seats)],
            expected_total=price,
            payment_method="pm_demo",
        )
        booking = patiently(bookings.CreateBooking, order, metadata=me).booking
        print("booked", order.seats[0], "of", booking.seating.movie_title, "as", booking.booking_id)
        again = patiently(bookings.CreateBooking, order, metadata=me).booking
        assert again == booking, "the same request again is the same booking"

        # Another wish for the same seat is refused, with a reason for programs and a sentence for people.
        order.request_id = str(uuid.uuid4())
        try:
            bookings.CreateBooking(order, timeout=5, metadata=me)
            sys.exit("the seat was sold twice")
        except grpc.RpcError as refused:
            info, said = detail(refused, ErrorInfo), detail(refused, LocalizedMessage)
            print("refused:", info.reason, "-", said.message)

        until(channel, me, booking.booking_id, lambda order: order.status.name == "SEATS_RESERVED")
        patiently(bookings.CancelBooking, CancelBookingRequest(booking_id=booking.booking_id), metadata=me)
        until(channel, me, booking.booking_id, lambda order: order.HasField("finished_at"))
        print("cancelled, and the money is back")


def choose(channel, me):
    """What is showing next, its free seats, and the price of one."""
    theater, movies = TheaterServiceStub(channel), MovieServiceStub(channel)
    showing = patiently(theater.ListScreenings, ListScreeningsRequest(), metadata=me).screenings
    if not showing:
        sys.exit("nothing is showing: `yemae up --demo` fills something in")
    screening = showing[0]
    asked = GetSeatMapRequest(screening_id=screening.screening_id)
    seats = patiently(theater.GetSeatMap, asked, metadata=me).seat_map.seats
    movie = patiently(movies.GetMovie, GetMovieRequest(movie_id=screening.movie_id), metadata=me).movie
    return screening, [seat.seat for seat in seats if seat.state == SEAT_STATE_FREE], movie.ticket_price


def patiently(method, request, metadata, tries=5):
    """Calls, and repeats the very same request while the mesh says that it may go through later."""
    for left in reversed(range(tries)):
        try:
            return method(request, timeout=5, metadata=metadata)
        except grpc.RpcError as error:
            if error.code() not in PASSING or left == 0:
                raise
            wait = detail(error, RetryInfo)
            time.sleep(wait.retry_delay.ToTimedelta().total_seconds() if wait else random.uniform(0.1, 0.4))


def detail(error, kind):
    """The detail of that kind which came with a refusal, if any."""
    status = rpc_status.from_call(error)
    for packed in status.details if status else ():
        found = kind()
        if packed.Unpack(found):
            return found
    return None


def until(channel, me, order_id, is_so):
    """Watches the page: first every order as it stands, then each change."""
    for told in MyPageServiceStub(channel).WatchMyOrders(WatchMyOrdersRequest(), timeout=30, metadata=me):
        if told.order.order_id == order_id:
            print("  page:", told.order.status.name, "-", told.order.status.label.ko)
            if is_so(told.order):
                return


if __name__ == "__main__":
    main()
