// The tables. A cell is a text, or a text with a level.

function table(id, title, heads, rowsOf) {
  const place = document.getElementById(id);
  const body = make("tbody");
  const head = make("tr", "", ...heads.map(([name, words]) => make("th", words ? "words" : "", name)));
  for (const cell of head.children) cell.scope = "col";
  place.append(make("h2", "", title), make("table", "", make("thead", "", head), body));
  place.setAttribute("aria-label", title);
  return told => fill(body, heads, rowsOf(told));
}

/** Reuses cells and replaces their text, so that the layout and a selection stay. */
function fill(body, heads, rows) {
  const shown = rows.length ? rows : [["nothing yet", ...heads.slice(1).map(() => "")]];
  while (body.rows.length > shown.length) body.lastChild.remove();
  while (body.rows.length < shown.length) body.append(make("tr", "", ...heads.map(([, words]) => make("td", words ? "words" : ""))));
  shown.forEach((cells, row) => cells.forEach((cell, column) => {
    const [text, level] = Array.isArray(cell) ? cell : [cell];
    say(body.rows[row].cells[column], text ?? UNKNOWN, level);
  }));
}

const WORDS = true;
const BREAKERS = {closed: "good", "half open": "warn", open: "bad"};
const STANDINGS = {ready: "good", leaving: "warn", broken: "bad"};

function worded(words, levels) {
  if (words === null) return UNKNOWN;
  const level = levels[words] ?? "unknown";
  return levels[words] ? [signed(level, words), level] : words;
}

function dependencies(told) {
  const {checks, revocations, rate_limit, key_set} = told;
  const fetches = Object.entries(key_set).map(([outcome, count]) => `${number(count)} ${outcome}`).join(", ");
  const rows = checks.map(check => {
    const level = check.ok ? "good" : check.required ? "bad" : "warn";
    const reason = check.required ? check.reason : `${check.reason} (optional)`;
    const detail = check.name === "key_set" && fetches ? `fetches: ${fetches}` : "";
    return [check.name, [signed(level, check.ok ? "ok" : "not ok"), level], check.ok ? detail : reason];
  });
  const feed = {true: ["good", "received"], false: ["warn", "not received"]}[revocations.connected];
  rows.push(["revocations", feed ? [signed(...feed), feed[0]] : UNKNOWN,
    `${number(revocations.denied_sessions)} sessions and ${number(revocations.denied_keys)} keys refused; feed losses: ${number(revocations.losses)}`]);
  const limit = {false: ["good", "shared"], true: ["warn", "degraded"]}[rate_limit.degraded];
  rows.push(["rate limit", limit ? [signed(...limit), limit[0]] : UNKNOWN,
    rate_limit.degraded ? `counts alone; ${number(rate_limit.fallbacks_per_s)}/s` : ""]);
  return rows;
}

function upstreamRow(row) {
  return [row.address ? `${row.upstream} ${row.address}` : row.upstream,
    worded(row.breaker, BREAKERS), worded(row.standing, STANDINGS), number(row.active_calls)];
}

function timedRow(row) {
  const level = row.failed_share ? "bad" : undefined;
  return [row.name, number(row.per_s), number(row.p50_ms), number(row.p99_ms),
    level ? [signed(level, percent(row.failed_share)), level] : percent(row.failed_share)];
}

function laneRow(row) {
  const level = row.shed_per_s ? "bad" : undefined;
  return [row.lane, `${number(row.in_use)} of ${number(row.limit)}`, number(row.waiting),
    level ? [signed(level, number(row.shed_per_s)), level] : number(row.shed_per_s)];
}

const TIMED = [["per s"], ["p50 ms"], ["p99 ms"], ["failed %"]];
const TABLES = [
  table("dependencies", "Dependencies", [["Name"], ["State", WORDS], ["", WORDS]], dependencies),
  table("upstreams", "Upstreams", [["Address"], ["Breaker", WORDS], ["Health", WORDS], ["Calls"]], told => told.upstreams.map(upstreamRow)),
  table("retries", "Retries", [["Upstream"], ["per s"], ["Budget"]],
    told => told.retries.map(row => [row.upstream, number(row.per_s), number(row.budget)])),
  table("lanes", "Throttle", [["Upstream, class"], ["In use"], ["Queue"], ["Rejected/s"]], told => told.lanes.map(laneRow)),
  table("calls", "Calls to services", [["Service"], ...TIMED], told => told.calls.map(timedRow)),
  table("routes", "Busiest routes since the start", [["Route"], ...TIMED, ["Since start"]],
    told => told.routes.map(row => [...timedRow(row), number(row.total)])),
  table("refusals", "Refusals by policy", [["Policy"], ["State", WORDS], ["per s"], ["Since start"]],
    told => told.refusals.map(row => [row.policy, row.state || "", number(row.per_s), number(row.total)])),
];
