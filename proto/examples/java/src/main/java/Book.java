import static java.util.concurrent.TimeUnit.SECONDS;

import book.yemae.cinema.booking.v1.BookingServiceGrpc;
import book.yemae.cinema.booking.v1.CancelBookingRequest;
import book.yemae.cinema.booking.v1.CreateBookingRequest;
import book.yemae.cinema.movie.v1.GetMovieRequest;
import book.yemae.cinema.movie.v1.MovieServiceGrpc;
import book.yemae.cinema.theater.v1.GetSeatMapRequest;
import book.yemae.cinema.theater.v1.ListScreeningsRequest;
import book.yemae.cinema.theater.v1.SeatState;
import book.yemae.cinema.theater.v1.TheaterServiceGrpc;
import book.yemae.mypage.v1.MyPageServiceGrpc;
import book.yemae.mypage.v1.WatchMyOrdersRequest;
import book.yemae.ordering.v1.Order;
import com.google.rpc.ErrorInfo;
import com.google.rpc.LocalizedMessage;
import io.grpc.Channel;
import io.grpc.ClientInterceptors;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.Metadata;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.MetadataUtils;
import java.util.Random;
import java.util.UUID;
import java.util.function.Predicate;

/**
 * Books a seat, watches the customer's page until the seat is reserved, cancels, and watches until the money is back.
 *
 * <p>SERVER is where the mesh listens (127.0.0.1:50051), TOKEN whose booking it is.
 */
public final class Book {
  private final Channel mesh;

  private Book(Channel mesh) {
    this.mesh = mesh;
  }

  public static void main(String[] none) {
    var server = System.getenv().getOrDefault("SERVER", "127.0.0.1:50051");
    // A real client uses TLS, and CallCredentials for its token.
    var channel = Grpc.newChannelBuilder(server, InsecureChannelCredentials.create()).build();
    try {
      new Book(ClientInterceptors.intercept(channel, MetadataUtils.newAttachHeadersInterceptor(me()))).tell();
    } finally {
      channel.shutdownNow();
    }
  }

  /** What goes with every call: whose it is, and in which language people are told. */
  private static Metadata me() {
    var me = new Metadata();
    me.put(Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER), "Bearer " + System.getenv("TOKEN"));
    me.put(Metadata.Key.of("accept-language", Metadata.ASCII_STRING_MARSHALLER), "en");
    return me;
  }

  private void tell() {
    var bookings = BookingServiceGrpc.newBlockingStub(mesh);
    var wish = choose();
    var booking = Patiently.call(bookings, stub -> stub.createBooking(wish)).getBooking();
    var again = Patiently.call(bookings, stub -> stub.createBooking(wish)).getBooking();
    if (!again.equals(booking)) {
      throw new IllegalStateException("the same request again is the same booking");
    }
    var id = booking.getBookingId();
    System.out.printf("booked %s of %s as %s%n", wish.getSeats(0), booking.getSeating().getMovieTitle(), id);

    // Another wish for the same seat is refused, with a reason for programs and a sentence for people.
    var other = wish.toBuilder().setRequestId(UUID.randomUUID().toString()).build();
    try {
      Patiently.call(bookings, stub -> stub.createBooking(other));
      throw new IllegalStateException("the seat was sold twice");
    } catch (StatusRuntimeException refused) {
      var reason = Patiently.detail(refused, ErrorInfo.class).orElseThrow().getReason();
      var said = Patiently.detail(refused, LocalizedMessage.class).orElseThrow().getMessage();
      System.out.println("refused: " + reason + " - " + said);
    }

    until(id, order -> order.getStatus().getName().equals("SEATS_RESERVED"));
    var cancel = CancelBookingRequest.newBuilder().setBookingId(id).build();
    Patiently.call(bookings, stub -> stub.cancelBooking(cancel));
    until(id, Order::hasFinishedAt);
    System.out.println("cancelled, and the money is back");
  }

  /**
   * A free seat of what is showing next, at its price. The request's id is chosen once per wish, not per try: however often
   * it is sent, it is one booking.
   */
  private CreateBookingRequest choose() {
    var theater = TheaterServiceGrpc.newBlockingStub(mesh);
    var showing = Patiently.call(theater, stub -> stub.listScreenings(ListScreeningsRequest.getDefaultInstance()));
    var next = showing.getScreeningsList().stream()
        .findFirst()
        .orElseThrow(() -> new IllegalStateException("nothing is showing: `yemae up --demo` fills something in"));
    var asked = GetSeatMapRequest.newBuilder().setScreeningId(next.getScreeningId()).build();
    var seats = Patiently.call(theater, stub -> stub.getSeatMap(asked)).getSeatMap().getSeatsList();
    var free = seats.stream().filter(seat -> seat.getState() == SeatState.SEAT_STATE_FREE).toList();
    var shown = GetMovieRequest.newBuilder().setMovieId(next.getMovieId()).build();
    var movie = Patiently.call(MovieServiceGrpc.newBlockingStub(mesh), stub -> stub.getMovie(shown)).getMovie();
    return CreateBookingRequest.newBuilder()
        .setRequestId(UUID.randomUUID().toString())
        .setScreeningId(next.getScreeningId())
        .addSeats(free.get(new Random().nextInt(free.size())).getSeat())
        .setExpectedTotal(movie.getTicketPrice())
        .setPaymentMethod("pm_demo")
        .build();
  }

  /** Watches the page: first every order as it stands, then each change. */
  private void until(String id, Predicate<Order> isSo) {
    var page = MyPageServiceGrpc.newBlockingStub(mesh).withDeadlineAfter(30, SECONDS);
    var told = page.watchMyOrders(WatchMyOrdersRequest.getDefaultInstance());
    while (told.hasNext()) {
      var order = told.next().getOrder();
      if (order.getOrderId().equals(id)) {
        var status = order.getStatus();
        System.out.println("  page: " + status.getName() + " - " + status.getLabel().getKo());
        if (isSo.test(order)) {
          return;
        }
      }
    }
    throw new IllegalStateException("the watch ended");
  }
}
