/** Degrees, as the browser's geolocation gives them. */
export type Place = { lat: number; lng: number };

const metres = 111_320; // of one degree of latitude
const [width, height] = [400, 300]; // of the chart

/** How far it is from one place to the other, in metres; good for a few kilometres. */
export function distance(a: Place, b: Place): number {
  const east = (b.lng - a.lng) * Math.cos((a.lat * Math.PI) / 180);
  return Math.hypot(east, b.lat - a.lat) * metres;
}

function shape(name: string, attributes: Record<string, string | number>, text = ""): SVGElement {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, `${value}`);
  made.textContent = text;
  return made;
}

/** Draws everybody on squares of so many metres that all fit in. */
export function draw(
  chart: SVGSVGElement,
  places: ReadonlyMap<string, Place>,
  hue: (name: string) => string,
) {
  const all = [...places.values()];
  if (all.length === 0) {
    chart.replaceChildren();
    return;
  }
  const [north, south] = [Math.max(...all.map((p) => p.lat)), Math.min(...all.map((p) => p.lat))];
  const [east, west] = [Math.max(...all.map((p) => p.lng)), Math.min(...all.map((p) => p.lng))];
  const middle = { lat: (north + south) / 2, lng: (east + west) / 2 };
  const across = distance({ ...middle, lng: west }, { ...middle, lng: east });
  const along = distance({ ...middle, lat: south }, { ...middle, lat: north });
  const scale = Math.min((width - 110) / Math.max(100, across), (height - 90) / Math.max(100, along)); // pixels a metre
  const square =
    [10, 20, 50, 100, 200, 500].find((side) => side * scale >= 30) ?? 1000 * Math.ceil(0.03 / scale);

  const grid: string[] = [];
  const gap = square * scale;
  for (let x = (width / 2) % gap; x < width; x += gap) grid.push(`M${x.toFixed(1)} 0V${height}`);
  for (let y = (height / 2) % gap; y < height; y += gap) grid.push(`M0 ${y.toFixed(1)}H${width}`);
  chart.replaceChildren(shape("path", { class: "grid", d: grid.join("") }));
  for (const [name, place] of places) {
    const x = width / 2 + (place.lng - middle.lng) * Math.cos((middle.lat * Math.PI) / 180) * metres * scale;
    const y = height / 2 - (place.lat - middle.lat) * metres * scale;
    const group = shape("g", { class: "place hue", style: `--hue: ${hue(name)}` });
    group.append(shape("circle", { cx: x, cy: y, r: 8 }), shape("text", { x, y: y - 14 }, name));
    chart.append(group);
  }
  chart.append(shape("text", { x: width - 60, y: height - 10 }, `squares: ${square} m`));
}
