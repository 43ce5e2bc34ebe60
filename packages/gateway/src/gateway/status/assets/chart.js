// A small chart: lines over the last minutes, in hand-made SVG.

const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 240, HEIGHT = 64, HEADROOM = 4;

function shape(tag, attributes) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

/** A short piece of a line, as its legend. */
function sample(look) {
  const picture = shape("svg", {viewBox: "0 0 22 6", "aria-hidden": "true"});
  picture.append(shape("path", {class: `stroke ${look}`, d: "M0 3H22"}));
  return picture;
}

/** The next of 1, 2, 5, 10, 20, 50 … that is not below the value. */
function roundUp(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return power * [1, 2, 5, 10].find(step => step * power >= value * 0.999999);
}

/** An SVG path; a gap where a value is unknown, a dot for a single value. */
function path(values, ages, history, top) {
  let drawn = "", isDrawing = false;
  values.forEach((value, index) => {
    if (value === null) {
      isDrawing = false;
      return;
    }
    const x = WIDTH * (1 - ages[index] / history);
    const y = HEIGHT - (HEIGHT - HEADROOM) * Math.min(1, value / top);
    drawn += `${isDrawing ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}${isDrawing ? "" : "h.5"}`;
    isDrawing = true;
  });
  return drawn;
}

/** The area under the line, from its first value; empty while it has a gap. */
function area(values, ages, history, top) {
  const first = values.findIndex(value => value !== null);
  if (first < 0 || values.indexOf(null, first) >= 0) return "";
  const left = WIDTH * (1 - ages[first] / history);
  return `${path(values, ages, history, top)}V${HEIGHT}H${left.toFixed(1)}Z`;
}
