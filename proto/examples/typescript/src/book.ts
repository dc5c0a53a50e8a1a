// Books a seat, watches the customer's page until the seat is reserved, cancels, and watches until the money is back: the same
// for Node and for the browser, which differ in the transport alone.

import { create, equals } from "@bufbuild/protobuf";
import { durationMs } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, createClient, type Interceptor, type Transport } from "@connectrpc/connect";
import { BookingSchema, BookingService, CreateBookingRequestSchema } from "../gen/yemae/cinema/booking/v1/booking_pb";
import { MovieService } from "../gen/yemae/cinema/movie/v1/movie_pb";
import { SeatState, TheaterService } from "../gen/yemae/cinema/theater/v1/theater_pb";
import { MyPageService } from "../gen/yemae/mypage/v1/mypage_pb";
import type { Order } from "../gen/yemae/ordering/v1/order_pb";
import { ErrorInfoSchema, LocalizedMessageSchema, RetryInfoSchema } from "../gen/google/rpc/error_details_pb";

// What may go through a moment later. Anything else is an answer.
const PASSING = [Code.Unavailable, Code.ResourceExhausted, Code.Aborted, Code.DeadlineExceeded];

/** What goes with every call: whose it is, and in which language people are told. */
export function as(token: string, language: string): Interceptor {
  return (next) => (request) => {
    request.header.set("authorization", `Bearer ${token}`);
    request.header.set("accept-language", language);
    return next(request);
  };
}

/** The story. `say` is told each step. */
export async function book(transport: Transport, say: (line: string) => void): Promise<void> {
  const bookings = createClient(BookingService, transport);
  const { screeningId, seats, price } = await choose(transport);
  const wish = create(CreateBookingRequestSchema, {
    // Chosen once per wish, not per try: however often it is sent, it is one booking.
    requestId: crypto.randomUUID(),
    screeningId,
    seats: [seats[Math.floor(Math.random() * seats.length)]],
    expectedTotal: price,
    paymentMethod: "pm_demo",
  });
  const { booking } = await patiently((options) => bookings.createBooking(wish, options));
  const again = await patiently((options) => bookings.createBooking(wish, options));
  if (!booking || !again.booking || !equals(BookingSchema, booking, again.booking)) {
    throw new Error("the same request again is the same booking");
  }
  say(`booked ${wish.seats} of ${booking.seating?.movieTitle} as ${booking.bookingId}`);

  // Another wish for the same seat is refused, with a reason for programs and a sentence for people.
  const refused = await bookings
    .createBooking({ ...wish, requestId: crypto.randomUUID() }, { timeoutMs: 5000 })
    .then(() => Promise.reject(new Error("the seat was sold twice")), ConnectError.from);
  const [info] = refused.findDetails(ErrorInfoSchema);
  const [said] = refused.findDetails(LocalizedMessageSchema);
  say(`refused: ${info?.reason} - ${said?.message}`);

  const { bookingId } = booking;
  await until(transport, bookingId, say, (order) => order.status?.name === "SEATS_RESERVED");
  await patiently((options) => bookings.cancelBooking({ bookingId }, options));
  await until(transport, bookingId, say, (order) => order.finishedAt !== undefined);
  say("cancelled, and the money is back");
}

/** What is showing next, its free seats, and the price of one. */
async function choose(transport: Transport) {
  const theater = createClient(TheaterService, transport);
  const movies = createClient(MovieService, transport);
  const [next] = (await patiently((options) => theater.listScreenings({}, options))).screenings;
  if (!next) throw new Error("nothing is showing: `yemae up --demo` fills something in");
  const { screeningId, movieId } = next;
  const { seatMap } = await patiently((options) => theater.getSeatMap({ screeningId }, options));
  const { movie } = await patiently((options) => movies.getMovie({ movieId }, options));
  const free = seatMap?.seats.filter((seat) => seat.state === SeatState.FREE) ?? [];
  return { screeningId, seats: free.map((seat) => seat.seat), price: movie?.ticketPrice };
}

/** Calls, and repeats the very same request while the mesh says that it may go through later. */
async function patiently<A>(call: (options: { timeoutMs: number }) => Promise<A>, tries = 5): Promise<A> {
  try {
    return await call({ timeoutMs: 5000 });
  } catch (thrown) {
    const error = ConnectError.from(thrown);
    if (!PASSING.includes(error.code) || tries === 1) throw error;
    const [told] = error.findDetails(RetryInfoSchema);
    const wait = told?.retryDelay ? durationMs(told.retryDelay) : 100 + 300 * Math.random();
    await new Promise((done) => setTimeout(done, wait));
    return patiently(call, tries - 1);
  }
}

/** Watches the page: first every order as it stands, then each change. */
async function until(transport: Transport, orderId: string, say: (line: string) => void, isSo: (order: Order) => boolean) {
  const page = createClient(MyPageService, transport);
  for await (const { order } of page.watchMyOrders({}, { timeoutMs: 30_000 })) {
    if (order?.orderId !== orderId) continue;
    say(`  page: ${order.status?.name} - ${order.status?.label?.ko}`);
    if (isSo(order)) return;
  }
  throw new Error("the watch ended");
}
