// The cards: the current values, and the last minutes as a chart.

// lines: [key in the document, name, style]; text: formats a value; least: smallest end of the scale;
// wide: as wide as a phone's screen; step: the end of the scale is a multiple of it.
const CARDS = [
  {title: "Requests", unit: "/s", text: number, least: 1, wide: true, lines: [["requests_per_s", "answered", ""]]},
  {title: "In flight", unit: "", text: number, least: 1, wide: true, lines: [
    ["in_flight", "requests", "strong"], ["connections", "connections", "dashed"]]},
  {title: "Latency", unit: "ms", text: number, least: 1, wide: true, lines: [
    ["p50_ms", "p50", ""], ["p95_ms", "p95", "dashed"], ["p99_ms", "p99", "strong"]]},
  {title: "Errors", unit: "%", text: percent, least: 0.01, wide: true, lines: [
    ["share_5xx", "5xx", "bad strong"], ["share_4xx", "4xx", "warn dashed"]]},
  {title: "Rejected", unit: "/s", text: number, least: 1, wide: true, lines: [
    ["limited_per_s", "429, over quota", "warn dashed"], ["shed_per_s", "503, overload", "bad strong"]]},
  {title: "Event-loop lag", unit: "ms", text: number, least: 10, wide: true, lines: [["loop_lag_ms", "max", ""]]},
  {title: "Processor", unit: "%", text: percent, least: 0.1, lines: [["cpu_cores", "of one core", ""]]},
  {title: "Memory", unit: "MiB", text: mebibytes, least: 1048576, step: 1048576, lines: [["memory_bytes", "resident", ""]]},
];

function buildCards(place) {
  for (const card of CARDS) {
    card.values = card.lines.map(() => make("span"));
    card.names = card.lines.map(([, name]) => make("span", "", name));
    const list = make("dl", "", ...card.lines.map(([, , look], index) => make("div", "",
      make("dt", "", ...(card.lines.length > 1 ? [sample(look)] : []), card.names[index]),
      make("dd", "", card.values[index], make("small", "", card.unit)))));
    card.plot = shape("svg", {class: "plot", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", role: "img"});
    card.area = shape("path", {class: "area"});
    card.strokes = card.lines.map(([, , look]) => shape("path", {class: `stroke ${look}`}));
    card.plot.append(card.area, ...card.strokes);
    card.top = make("span");
    card.scale = make("div", "scale", make("span", "", "2 min ago"), card.top);
    place.append(make("figure", card.wide ? "wide" : "", make("h2", "", card.title), list, card.plot, card.scale));
  }
}

function showCards(told) {
  for (const card of CARDS) {
    const all = card.lines.map(([key]) => told.charts[key] ?? []);
    const step = card.step ?? 1;
    const top = step * roundUp(Math.max(card.least, ...all.flat().filter(value => value !== null)) / step);
    card.lines.forEach((_, index) => {
      say(card.values[index], card.text(all[index].at(-1)));
      card.strokes[index].setAttribute("d", path(all[index], told.charts.age_s, told.history_s, top));
    });
    if (all.length === 1) card.area.setAttribute("d", area(all[0], told.charts.age_s, told.history_s, top));
    say(card.top, `to ${card.text(top)} ${card.unit}`);
    card.plot.setAttribute("aria-label", card.lines.map(([, name], index) =>
      `${card.title}, ${name}: ${card.text(all[index].at(-1))} ${card.unit}`).join("; "));
  }
}
