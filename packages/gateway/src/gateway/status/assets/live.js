// Polls once a second while the page is visible, and shows when the gateway does not answer.

const EVERY_MS = 1100, PATIENCE_MS = 3000;
const at = id => document.getElementById(id);
// A process may be ready although some requests fail.
const BUT = {good: "", warn: ", with a notice", bad: ", but requests fail"};
let heard = null;

buildCards(at("charts"));

function show(told) {
  const {service} = told;
  const failing = told.notices.some(notice => notice.failing);
  const level = !told.ready || failing ? "bad" : told.notices.length ? "warn" : "good";
  const state = told.ready ? "Ready" : told.checks.some(check => check.reason === "draining") ? "Draining" : "Not ready";
  document.body.classList.remove("lost", "waiting");
  document.title = `${SIGNS[level]} ${service.name}: ${state.toLowerCase()}`;
  say(at("name"), service.name);
  say(at("state"), signed(level, state + (told.ready ? BUT[level] : "")), level);
  say(at("about"), [`version ${service.version}`, service.commit, service.python, `up ${duration(service.uptime_s)}`].filter(Boolean).join(" · "));
  say(at("heard"), `as of ${clock(heard)}`);
  say(at("window"), number(told.window_s));
  showNotices(told.notices, level);
  showCards(told);
  for (const shown of TABLES) shown(told);
}

function showNotices(notices, level) {
  const list = at("notices").firstElementChild;
  const lines = notices.length ? notices.map(notice => [notice.failing ? "bad" : "warn", notice.text]) : [["good", "Nothing needs attention."]];
  at("notices").dataset.level = level;
  while (list.children.length > lines.length) list.lastChild.remove();
  while (list.children.length < lines.length) list.append(make("li"));
  lines.forEach(([sign, text], index) => say(list.children[index], signed(sign, text), sign));
}

function lose(reason) {
  document.body.classList.add("lost");
  document.title = `${SIGNS.bad} no answer`;
  say(at("state"), signed("bad", "No answer"), "bad");
  const since = heard ? `last answer ${clock(heard)}, ${duration((Date.now() - heard) / 1000)} ago` : "no answer yet";
  say(at("heard"), since);
  showNotices([{failing: true, text: `${reason}. The values shown are the last ones received.`}], "bad");
}

async function look() {
  let told;
  try {
    const answer = await fetch("/status.json", {signal: AbortSignal.timeout(PATIENCE_MS), cache: "no-store"});
    if (!answer.ok) throw new Error(`${answer.status}, ${(await answer.text()).trim().slice(0, 200)}`);
    told = await answer.json();
  } catch (error) {
    const why = {TimeoutError: `no answer within ${PATIENCE_MS / 1000} s`, TypeError: "no connection"}[error.name];
    lose(`The gateway does not answer: ${why ?? error.message}`);
    return;
  }
  heard = new Date();
  try {
    show(told);
  } catch (error) {
    // The page is older than the gateway, which was replaced meanwhile.
    lose(`The gateway's answer cannot be shown (${error.message}): load this page again`);
  }
}

const pause = ms => new Promise(done => setTimeout(done, ms));
const seen = () => new Promise(done => document.addEventListener("visibilitychange", done, {once: true}));

(async () => {
  for (;;) {
    while (document.hidden) await seen();
    const began = performance.now();
    await look();
    await pause(EVERY_MS - (performance.now() - began));
  }
})();
