// Books a seat, watches the customer's page until the seat is reserved, cancels, and watches until the money is back.
//
// SERVER is where the mesh listens (127.0.0.1:50051), TOKEN whose booking it is: TOKEN=$(yemae token kim) go run .
package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log"
	mathrand "math/rand/v2"
	"os"
	"slices"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"

	booking "example.com/book/gen/yemae/cinema/booking/v1"
	movie "example.com/book/gen/yemae/cinema/movie/v1"
	theater "example.com/book/gen/yemae/cinema/theater/v1"
	mypage "example.com/book/gen/yemae/mypage/v1"
	ordering "example.com/book/gen/yemae/ordering/v1"
	shared "example.com/book/gen/yemae/shared/v1"
)

func main() {
	log.SetFlags(0)
	server := cmp.Or(os.Getenv("SERVER"), "127.0.0.1:50051")
	// A real client uses TLS, and credentials.PerRPCCredentials for its token.
	mesh, err := grpc.NewClient(server, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		log.Fatal(err)
	}
	defer mesh.Close()
	me := metadata.AppendToOutgoingContext(context.Background(),
		"authorization", "Bearer "+os.Getenv("TOKEN"), "accept-language", "en")
	if err := book(me, mesh); err != nil {
		log.Fatal(err)
	}
}

func book(ctx context.Context, mesh *grpc.ClientConn) error {
	screeningID, seats, price, err := choose(ctx, mesh)
	if err != nil {
		return err
	}
	bookings := booking.NewBookingServiceClient(mesh)
	wish := &booking.CreateBookingRequest{
		// Chosen once per wish, not per try: however often it is sent, it is one booking.
		RequestId:     rand.Text(),
		ScreeningId:   screeningID,
		Seats:         []string{seats[mathrand.IntN(len(seats))]},
		ExpectedTotal: price,
		PaymentMethod: "pm_demo",
	}
	made, err := patiently(ctx, bookings.CreateBooking, wish)
	if err != nil {
		return err
	}
	id := made.Booking.BookingId
	fmt.Println("booked", wish.Seats[0], "of", made.Booking.Seating.MovieTitle, "as", id)
	again, err := patiently(ctx, bookings.CreateBooking, wish)
	if err != nil || !proto.Equal(again, made) {
		return fmt.Errorf("the same request again is the same booking, not %v: %w", again, err)
	}

	// Another wish for the same seat is refused, with a reason for programs and a sentence for people.
	wish.RequestId = rand.Text()
	_, err = patiently(ctx, bookings.CreateBooking, wish)
	info, said := detail[*errdetails.ErrorInfo](err), detail[*errdetails.LocalizedMessage](err)
	if info.GetReason() != "SEATS_TAKEN" {
		return fmt.Errorf("the seat was sold twice, or refused for something else: %w", err)
	}
	fmt.Println("refused:", info.Reason, "-", said.GetMessage())

	reserved := func(order *ordering.Order) bool { return order.Status.Name == "SEATS_RESERVED" }
	if err := until(ctx, mesh, id, reserved); err != nil {
		return err
	}
	if _, err := patiently(ctx, bookings.CancelBooking, &booking.CancelBookingRequest{BookingId: id}); err != nil {
		return err
	}
	refunded := func(order *ordering.Order) bool { return order.FinishedAt != nil }
	if err := until(ctx, mesh, id, refunded); err != nil {
		return err
	}
	fmt.Println("cancelled, and the money is back")
	return nil
}

// What is showing next, its free seats, and the price of one.
func choose(ctx context.Context, mesh *grpc.ClientConn) (screeningID string, free []string, price *shared.Money, err error) {
	theaters, movies := theater.NewTheaterServiceClient(mesh), movie.NewMovieServiceClient(mesh)
	listed, err := patiently(ctx, theaters.ListScreenings, &theater.ListScreeningsRequest{})
	if err != nil {
		return "", nil, nil, err
	}
	if len(listed.Screenings) == 0 {
		return "", nil, nil, errors.New("nothing is showing: `yemae up --demo` fills something in")
	}
	next := listed.Screenings[0]
	answer, err := patiently(ctx, theaters.GetSeatMap, &theater.GetSeatMapRequest{ScreeningId: next.ScreeningId})
	if err != nil {
		return "", nil, nil, err
	}
	for seat := range slices.Values(answer.SeatMap.Seats) {
		if seat.State == theater.SeatState_SEAT_STATE_FREE {
			free = append(free, seat.Seat)
		}
	}
	shown, err := patiently(ctx, movies.GetMovie, &movie.GetMovieRequest{MovieId: next.MovieId})
	return next.ScreeningId, free, shown.GetMovie().GetTicketPrice(), err
}

// Watches the page: first every order as it stands, then each change.
func until(ctx context.Context, mesh *grpc.ClientConn, id string, isSo func(*ordering.Order) bool) error {
	ctx, done := context.WithTimeout(ctx, 30*time.Second)
	defer done()
	page, err := mypage.NewMyPageServiceClient(mesh).WatchMyOrders(ctx, &mypage.WatchMyOrdersRequest{})
	if err != nil {
		return err
	}
	for {
		told, err := page.Recv()
		if err != nil {
			return err
		}
		if told.Order.OrderId == id {
			fmt.Println("  page:", told.Order.Status.Name, "-", told.Order.Status.Label.Ko)
			if isSo(told.Order) {
				return nil
			}
		}
	}
}
