"use strict";

// The page's own words. What a method does is said in the contracts' language, English.
const WORDS = {
  en: {
    skip: "To the method", token: "Token", filter: "Find a method", methods: "Methods", loading: "Reading /openapi.json …",
    failed: "/openapi.json could not be read: ", who: "Who may call it", anyone: "anybody with a valid token",
    inside: "services of the mesh alone; refused from here", deadline: "Answered within", streams: "Streams for up to",
    seconds: "s", repeat: "Again", safe: "changes nothing", keyed: "the same key is done once", idempotent: "no second effect",
    grpc: "gRPC", fields: "Fields", required: "required", body: "Body", ask: "Try it", go: "Send", stop: "Stop",
    curl: "As a command", answer: "Answer", none: "No such method here.", takes: "Body", answers: "Answers",
    refuses: "Refusals", reason: "Reason", status: "Status", name: "Field", type: "Type", about: "Meaning",
    waiting: "Waiting …", broken: "No answer: ", events: "events", ended: "the stream has ended", subject: "for",
    expired: "expired", notoken: "no token that can be read", newkey: "New key", elsewhere: "Documents",
    intro: "Choose a method. To call it you need a token: `yemae token` makes one.",
  },
  ko: {
    skip: "메서드로 건너뛰기", token: "토큰", filter: "메서드 찾기", methods: "메서드", loading: "/openapi.json 읽는 중 …",
    failed: "/openapi.json을 읽지 못했습니다: ", who: "호출할 수 있는 역할", anyone: "유효한 토큰이면 누구나",
    inside: "메시 내부 서비스 전용, 여기서는 거절됩니다", deadline: "응답 기한", streams: "스트림 최대 길이",
    seconds: "초", repeat: "다시 보내면", safe: "아무것도 바꾸지 않음", keyed: "같은 키는 한 번만 처리", idempotent: "한 번 더 해도 효과 없음",
    grpc: "gRPC", fields: "필드", required: "필수", body: "본문", ask: "실행해 보기", go: "보내기", stop: "멈추기",
    curl: "명령으로", answer: "응답", none: "그런 메서드가 없습니다.", takes: "본문", answers: "응답 형식",
    refuses: "거절", reason: "사유", status: "상태", name: "필드", type: "형식", about: "설명",
    waiting: "기다리는 중 …", broken: "응답 없음: ", events: "건", ended: "스트림이 끝났습니다", subject: "사용자",
    expired: "만료됨", notoken: "읽을 수 없는 토큰", newkey: "새 키", elsewhere: "문서",
    intro: "메서드를 고르세요. 호출하려면 토큰이 필요합니다: `yemae token`으로 만듭니다.",
  },
};
const MOST_EVENTS = 200;

const $ = (id) => document.getElementById(id);
const kept = (name, value) => {
  try {
    if (value !== undefined) localStorage.setItem(name, value);
    return localStorage.getItem(name);
  } catch { return null; }
};
let lang = kept("lang") || ((navigator.language || "").startsWith("ko") ? "ko" : "en");
let doc = null;
let running = null;
const t = (word) => WORDS[lang][word];

// An element with its attributes and children; texts are never read as HTML.
function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value != null) element.setAttribute(name, value);
  }
  element.append(...children.flat().filter((child) => child != null));
  return element;
}

// A text with `code` in it.
const said = (text) => (text || "").split("`").map((part, n) => (n % 2 ? h("code", {}, part) : part));
const show = (...parts) => $("main").replaceChildren(...parts.filter((part) => part != null));
const at = (ref) => ref.slice(2).split("/").reduce((value, key) => value[key.replace(/~1/g, "/")], doc);
const deref = (value) => (value && value.$ref ? at(value.$ref) : value);

function operations() {
  return Object.entries(doc.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([verb, operation]) => ({ path, verb, ...operation })));
}

function renderWords() {
  document.documentElement.lang = lang;
  for (const element of document.querySelectorAll("[data-t]")) element.textContent = t(element.dataset.t);
  for (const element of document.querySelectorAll("[data-label]")) element.setAttribute("aria-label", t(element.dataset.label));
  for (const button of document.querySelectorAll("[data-lang]")) button.setAttribute("aria-pressed", button.dataset.lang === lang);
  renderWho();
}

// What the token says of itself. Whether it is true, the server judges.
function renderWho() {
  const token = $("token").value.trim();
  if (!token) return ($("who").textContent = "");
  try {
    const bytes = Uint8Array.from(atob(token.split(".")[1].replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
    const claims = JSON.parse(new TextDecoder().decode(bytes));
    const late = claims.exp * 1000 < Date.now() ? ` (${t("expired")})` : "";
    $("who").textContent = `${t("subject")} ${claims.sub}, ${[].concat(claims.roles || []).join(" ")}${late}`;
  } catch { $("who").textContent = t("notoken"); }
}

function renderList() {
  const wanted = $("filter").value.toLowerCase().split(/\s+/);
  const found = operations().filter((o) => {
    const text = `${o.verb} ${o.path} ${o.summary} ${o["x-grpc-method"]} ${o["x-roles"]}`.toLowerCase();
    return wanted.every((word) => text.includes(word));
  });
  const parts = [];
  let system = "";
  for (const tag of doc.tags) {
    const own = found.filter((o) => o.tags.includes(tag.name));
    if (!own.length) continue;
    if (tag["x-system"] !== system) parts.push(h("h2", {}, (system = tag["x-system"])));
    if (tag.name !== system) parts.push(h("h3", {}, tag.name));
    parts.push(h("ul", {}, own.map((o) => h("li", {}, h("a",
      { href: `#${o.operationId}`, "aria-current": location.hash.slice(1) === o.operationId ? "page" : null, title: `${o.verb.toUpperCase()} ${o.path}` },
      h("span", { class: `verb ${o.verb}` }, o.verb), h("span", {}, o["x-grpc-method"].split("/").pop()))))));
  }
  $("list").replaceChildren(...parts);
}

function typeOf(schema) {
  if (!schema) return "";
  const inner = schema.$ref || (schema.allOf && schema.allOf[0].$ref);
  if (inner) return deref({ $ref: inner }).enum ? "enum" : inner.split(".").pop();
  if (schema.type === "array") return `${typeOf(schema.items)}[]`;
  const format = schema.format || (schema.pattern && schema.pattern.endsWith("s$") ? "duration" : "");
  return [].concat(schema.type || "any").join(" | ") + (format ? ` (${format})` : "");
}

// The fields of a message; those of a message within are unfolded on demand.
function fieldsOf(schema, deep = 0) {
  const message = deref((schema.allOf && schema.allOf[0]) || schema);
  const fields = Object.entries(message.properties || {}).sort((a, b) => a[1]["x-number"] - b[1]["x-number"]);
  if (!fields.length) return message.description || "";
  return h("table", {},
    h("thead", {}, h("tr", {}, ["name", "type", "about"].map((word) => h("th", { scope: "col" }, t(word))))),
    h("tbody", {}, fields.map(([name, field]) => h("tr", {},
      h("td", {}, h("code", {}, name), (message.required || []).includes(name) ? ` (${t("required")})` : ""),
      h("td", {}, typeOf(field)),
      h("td", {}, said(field.description), within(field, deep))))));
}

function within(field, deep) {
  const schema = field.type === "array" ? field.items : field;
  const inner = deref((schema.allOf && schema.allOf[0]) || schema);
  const unfolded = inner !== field && (inner.properties || inner.enum) && deep < 6;
  if (!unfolded) return null;
  const details = h("details", {}, h("summary", {}, typeOf(field)));
  details.addEventListener("toggle", () => details.append(inner.enum ? h("pre", {}, inner.description) : fieldsOf(inner, deep + 1)), { once: true });
  return details;
}

function key() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function renderHome() {
  show(
    ...doc.info.description.split("\n\n").map((part) => h("p", {}, said(part))),
    h("p", {}, said(t("intro"))),
    h("ul", { class: "cards" }, doc.tags.map((tag) => h("li", {}, h("h3", {}, tag.name), h("p", {}, said(tag.description))))),
    h("p", {}, `${t("elsewhere")}: `, h("a", { href: "/openapi.json" }, "OpenAPI"), " · ", h("a", { href: "/asyncapi.json" }, "AsyncAPI")));
}

function renderOperation(o) {
  const parameters = (o.parameters || []).map(deref).filter((p) => p.name !== "Accept-Language");
  const media = o.requestBody && Object.entries(o.requestBody.content)[0][1];
  const answers = Object.entries(o.responses["200"].content)[0];
  const stream = o["x-streams"];
  const inputs = new Map();
  const who = o["x-roles"].includes("anyone") ? t("anyone") : o["x-roles"].length ? o["x-roles"].join(", ") : t("inside");
  const keyed = parameters.some((p) => p.name === "Idempotency-Key");
  const again = o.verb === "get" ? "safe" : keyed ? "keyed" : "idempotent";

  const field = (p) => {
    const id = `p-${p.name}`;
    const own = p.name === "Idempotency-Key";
    const input = h("input", { id, class: "value", required: p.required, autocomplete: "off", spellcheck: "false", "aria-describedby": `${id}-about` });
    input.value = own ? key() : p.in === "path" && p.example != null ? p.example : "";
    input.addEventListener("input", showCurl);
    inputs.set(p, input);
    const renew = own && h("button", { type: "button", onclick: () => { input.value = key(); showCurl(); } }, t("newkey"));
    return h("div", { class: "field" },
      h("label", { for: id }, p.name, h("small", {}, ` ${p.in}, ${typeOf(p.schema)}${p.required ? `, ${t("required")}` : ""}`)),
      h("p", { class: "about", id: `${id}-about` }, said(p.description)), input, renew || null);
  };
  const body = media && h("textarea", { id: "body", spellcheck: "false", oninput: () => showCurl() });
  if (body) {
    body.value = JSON.stringify(media.example, null, 2);
    body.rows = Math.min(24, body.value.split("\n").length + 1);
  }
  const curl = h("pre", { tabindex: "0" });
  const go = h("button", { class: "go", type: "submit" }, t("go"));
  const stop = h("button", { type: "button", disabled: true, onclick: () => running && running.abort() }, t("stop"));
  const answer = h("div", { "aria-live": "polite" });

  const request = () => {
    let path = o.path;
    const query = new URLSearchParams();
    const headers = { Accept: answers[0], "Accept-Language": lang };
    for (const [p, input] of inputs) {
      const value = input.value.trim();
      if (p.in === "path") path = path.replace(`{${p.name}}`, encodeURIComponent(value));
      else if (!value) continue;
      else if (p.in === "header") headers[p.name] = value;
      else for (const one of p.schema.type === "array" ? value.split(/\s*,\s*/) : [value]) query.append(p.name, one);
    }
    if (body) headers["Content-Type"] = "application/json";
    const search = query.toString();
    return { url: path + (search ? `?${search}` : ""), headers, body: body && body.value };
  };
  function showCurl() {
    const { url, headers, body: text } = request();
    const quoted = (value) => `'${String(value).replace(/'/g, "'\\''")}'`;
    const lines = [`curl ${stream ? "-N " : ""}${o.verb === "get" ? "" : `-X ${o.verb.toUpperCase()} `}${quoted(location.origin + url)}`];
    lines.push(`-H "Authorization: Bearer $TOKEN"`);
    for (const [name, value] of Object.entries(headers)) if (name !== "Accept") lines.push(`-H ${quoted(`${name}: ${value}`)}`);
    if (text) lines.push(`-d ${quoted(text)}`);
    curl.textContent = lines.join(" \\\n  ");
  }
  const send = async (event) => {
    event.preventDefault();
    const { url, headers, body: text } = request();
    const token = $("token").value.trim();
    if (token) headers.Authorization = `Bearer ${token}`;
    const own = (running = new AbortController());
    go.disabled = true;
    stop.disabled = false;
    answer.replaceChildren(h("p", {}, t("waiting")));
    const began = performance.now();
    try {
      const reply = await fetch(url, { method: o.verb.toUpperCase(), headers, body: text, signal: own.signal });
      const took = Math.round(performance.now() - began);
      const line = h("p", { class: `status ${reply.ok ? "good" : "bad"}` }, `${reply.status} ${reply.statusText} · ${took} ms`);
      const told = [...reply.headers].map(([name, value]) => `${name}: ${value}`).join("\n");
      answer.replaceChildren(line, h("details", {}, h("summary", {}, "HTTP"), h("pre", {}, told)));
      if ((reply.headers.get("content-type") || "").startsWith("text/event-stream")) await follow(reply, answer, line);
      else answer.append(h("pre", { tabindex: "0" }, pretty(await reply.text())));
    } catch (error) {
      if (error.name !== "AbortError") answer.replaceChildren(h("p", { class: "status bad" }, t("broken") + error.message));
      else if (!answer.querySelector(".status")) answer.replaceChildren();
    } finally {
      go.disabled = false;
      stop.disabled = true;
    }
  };

  const reasons = Object.entries(o.responses).flatMap(([status, response]) =>
    Object.entries(deref(response).content || {}).flatMap(([type, { examples }]) =>
      type.startsWith("application/problem") ? Object.values(examples || {}).map(({ value }) => [status, value.code, value.reason]) : []));
  const item = answers[1]["x-item-schema"] || answers[1].schema;
  show(
    h("h2", {}, o.summary),
    h("p", { class: "path" }, h("span", { class: `verb ${o.verb}` }, o.verb), o.path),
    h("p", {}, said(o.description.split("\n\n")[0])),
    h("dl", {},
      h("dt", {}, t("who")), h("dd", {}, who),
      h("dt", {}, t(stream ? "streams" : "deadline")), h("dd", {}, `${o["x-deadline-seconds"]} ${t("seconds")}`),
      h("dt", {}, t("repeat")), h("dd", {}, t(again)),
      h("dt", {}, t("grpc")), h("dd", {}, h("code", {}, o["x-grpc-method"].slice(1)))),
    h("h3", {}, t("ask")),
    h("form", { onsubmit: send },
      parameters.map(field),
      body ? h("div", { class: "field" }, h("label", { for: "body" }, t("body"), h("small", {}, " JSON")), body) : null,
      h("div", { class: "row" }, go, stop)),
    answer,
    h("details", {}, h("summary", {}, t("curl")), curl),
    media ? h("h3", {}, t("takes")) : null, media ? fieldsOf(media.schema) : null,
    h("h3", {}, t("answers")), fieldsOf(item),
    h("h3", {}, t("refuses")),
    h("table", {},
      h("thead", {}, h("tr", {}, ["status", "grpc", "reason"].map((word) => h("th", { scope: "col" }, t(word))))),
      h("tbody", {}, reasons.map((row) => h("tr", {}, row.map((cell) => h("td", {}, h("code", {}, cell))))))));
  showCurl();
}

function pretty(text) {
  try { return JSON.stringify(JSON.parse(text), null, 2); } catch { return text; }
}

// Server-Sent Events, read by hand: an EventSource cannot carry a token.
async function follow(reply, answer, line) {
  const list = h("div", {});
  answer.append(list);
  const first = line.textContent;
  let count = 0;
  let rest = "";
  const tell = (block) => {
    const lines = block.split(/\r?\n/).filter((one) => one && !one.startsWith(":"));
    const data = lines.filter((one) => one.startsWith("data:")).map((one) => one.slice(5).trimStart()).join("\n");
    if (!data) return;
    const bad = lines.some((one) => /^event: ?error/.test(one));
    list.prepend(h("pre", { class: bad ? "bad" : "", tabindex: "0" }, pretty(data)));
    if (bad) line.className = "status bad";
    if (list.children.length > MOST_EVENTS) list.lastChild.remove();
    line.textContent = `${first} · ${(count += 1)} ${t("events")}`;
  };
  const reader = reply.body.pipeThrough(new TextDecoderStream()).getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    const blocks = (rest + value).split(/\r?\n\r?\n/);
    rest = blocks.pop();
    blocks.forEach(tell);
  }
  line.textContent += ` · ${t("ended")}`;
}

function render() {
  renderWords();
  if (!doc) return;
  if (running) running.abort();
  renderList();
  const id = decodeURIComponent(location.hash.slice(1));
  const operation = operations().find((o) => o.operationId === id);
  if (operation) renderOperation(operation);
  else if (id && id !== "main") show(h("p", {}, t("none")));
  else renderHome();
}

for (const button of document.querySelectorAll("[data-lang]")) {
  button.addEventListener("click", () => {
    const typed = [...$("main").querySelectorAll("input, textarea")].map((input) => [input.id, input.value]);
    lang = button.dataset.lang;
    kept("lang", lang);
    render();
    for (const [id, value] of typed) if ($(id)) $(id).value = value;
  });
}
$("token").addEventListener("input", renderWho);
$("token").form.addEventListener("submit", (event) => event.preventDefault());
$("filter").addEventListener("input", renderList);
window.addEventListener("hashchange", () => {
  if (location.hash === "#main") return;
  render();
  window.scrollTo(0, 0);
  $("main").focus({ preventScroll: true });
});
render();
fetch("/openapi.json")
  .then((reply) => (reply.ok ? reply.json() : Promise.reject(new Error(reply.status))))
  .then((read) => {
    doc = read;
    $("version").textContent = doc.info.version;
    render();
  })
  .catch((error) => show(h("p", { class: "status bad", role: "alert" }, t("failed") + error.message)));
