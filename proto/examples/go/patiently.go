package main

import (
	"context"
	"math/rand/v2"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Calls, and repeats the very same request while the mesh says that it may go through later.
func patiently[Q, A any](ctx context.Context, method func(context.Context, Q, ...grpc.CallOption) (A, error), request Q) (answer A, err error) {
	for range 5 {
		call, done := context.WithTimeout(ctx, 5*time.Second)
		answer, err = method(call, request)
		done()
		switch status.Code(err) {
		case codes.Unavailable, codes.ResourceExhausted, codes.Aborted, codes.DeadlineExceeded:
		default:
			return answer, err
		}
		wait := 100*time.Millisecond + rand.N(300*time.Millisecond)
		if told := detail[*errdetails.RetryInfo](err); told != nil {
			wait = told.RetryDelay.AsDuration()
		}
		time.Sleep(wait)
	}
	return answer, err
}

// The detail of that kind which came with a refusal, if any.
func detail[T any](err error) (none T) {
	for _, detail := range status.Convert(err).Details() {
		if found, ok := detail.(T); ok {
			return found
		}
	}
	return none
}
