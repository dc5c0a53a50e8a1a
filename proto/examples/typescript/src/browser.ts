// For the browser, over gRPC-Web, which the gateway speaks. `#token=…&mesh=…` in the address fills in the form and goes.

import { createGrpcWebTransport } from "@connectrpc/connect-web";
import { as, book } from "./book";

const form = document.querySelector("form")!;
const told = document.querySelector("output")!;
const [mesh, token] = form.querySelectorAll("input");

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  told.textContent = "";
  const say = (line: string) => {
    told.textContent += line + "\n";
    console.log(line);
  };
  const interceptors = [as(token.value, navigator.language)];
  try {
    await book(createGrpcWebTransport({ baseUrl: mesh.value, interceptors }), say);
  } catch (why) {
    say(String(why));
  }
});

const asked = new URLSearchParams(location.hash.slice(1));
mesh.value = asked.get("mesh") ?? mesh.value;
token.value = asked.get("token") ?? "";
if (token.value) form.requestSubmit();
