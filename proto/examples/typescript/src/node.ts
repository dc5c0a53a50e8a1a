// For Node, over gRPC. SERVER is where the mesh listens, TOKEN whose booking it is.

import { createGrpcTransport } from "@connectrpc/connect-node";
import { as, book } from "./book";

const baseUrl = `http://${process.env.SERVER ?? "127.0.0.1:50051"}`;
const transport = createGrpcTransport({ baseUrl, interceptors: [as(process.env.TOKEN ?? "", "en")] });
await book(transport, console.log);
// Connections stay open for the next call; there is none.
process.exit();
