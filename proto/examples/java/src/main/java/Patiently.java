import static java.util.concurrent.TimeUnit.SECONDS;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.rpc.RetryInfo;
import io.grpc.Status.Code;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import io.grpc.stub.AbstractStub;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Function;

/** How the mesh is called: with a deadline, and again when it says that the same may go through later. */
final class Patiently {
  private static final int TRIES = 5;
  // Anything else is an answer.
  private static final Set<Code> PASSING =
      Set.of(Code.UNAVAILABLE, Code.RESOURCE_EXHAUSTED, Code.ABORTED, Code.DEADLINE_EXCEEDED);

  private Patiently() {}

  /** Calls, and repeats the very same request while that may help. */
  static <S extends AbstractStub<S>, A> A call(S stub, Function<S, A> method) {
    for (var left = TRIES - 1; ; left--) {
      try {
        return method.apply(stub.withDeadlineAfter(5, SECONDS));
      } catch (StatusRuntimeException error) {
        if (!PASSING.contains(error.getStatus().getCode()) || left == 0) {
          throw error;
        }
        sleep(detail(error, RetryInfo.class).map(RetryInfo::getRetryDelay)
            .map(delay -> delay.getSeconds() * 1000 + delay.getNanos() / 1_000_000)
            .orElseGet(() -> ThreadLocalRandom.current().nextLong(100, 400)));
      }
    }
  }

  /** The detail of that kind which came with a refusal, if any. */
  static <D extends Message> Optional<D> detail(StatusRuntimeException error, Class<D> kind) {
    try {
      for (Any detail : StatusProto.fromThrowable(error).getDetailsList()) {
        if (detail.is(kind)) {
          return Optional.of(detail.unpack(kind));
        }
      }
    } catch (InvalidProtocolBufferException unreadable) {
      // As good as none.
    }
    return Optional.empty();
  }

  private static void sleep(long millis) {
    try {
      Thread.sleep(millis);
    } catch (InterruptedException stopped) {
      Thread.currentThread().interrupt();
    }
  }
}
