// Purpose: draws every `<figure data-chart>`: lines over time or over numbers. The attribute holds
// `{ "x": [..], "of": "Level", "time": true, "zone": "Europe/Berlin", "series": [{ "label", "values" }] }`; without a zone times are the
// reader's. The legend says the newest values, or those under the pointer; the table below each figure says all in text.
import uPlot from "uplot/dist/uPlot.esm.js";

/** Counts are whole: no line between 1 and 2. */
const STEPS = Array.from({ length: 10 }, (_, power) => [1, 2, 5].map((step) => step * 10 ** power)).flat();
const COLORS = ["--chart-1", "--chart-2", "--chart-3", "--chart-4"];

/** How a place on the horizontal axis is said: days as dates, hours with their time. */
function say(x, time, zone) {
  const isHourly = time && x.length > 1 && x[1] - x[0] < 86_000;
  const format = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeZone: zone, ...(isHourly && { timeStyle: "short" }) });
  return (value) => (time ? format.format(value * 1_000) : String(value));
}

function draw(figure) {
  const { x, of = "Time", time = false, zone, series } = JSON.parse(figure.dataset.chart);
  const place = say(x, time, zone);
  const style = getComputedStyle(figure);
  const ink = style.getPropertyValue("--pico-muted-color").trim() || "#888";
  const grid = { stroke: style.getPropertyValue("--pico-muted-border-color").trim() || "#ccc", width: 1 };
  const axis = { stroke: ink, grid, ticks: grid };
  const options = {
    width: figure.clientWidth,
    height: 260,
    ...(zone && { tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1_000), zone) }),
    scales: { x: { time } },
    axes: [axis, { ...axis, size: 60, incrs: STEPS }],
    hooks: { setLegend: [(plot) => plot.legend.idx == null && plot.setLegend({ idx: x.length - 1 })] },
    series: [{ label: of, value: (_, value) => (value == null ? "" : place(value)) }, ...series.map(({ label }, index) => ({ label, value: (_, value) => value?.toLocaleString() ?? "", stroke: style.getPropertyValue(COLORS[index % COLORS.length]).trim(), width: 2, points: { show: x.length < 40 } }))],
  };
  figure.querySelector(".uplot")?.remove();
  const plot = new uPlot(options, [x, ...series.map(({ values }) => values)]);
  plot.setLegend({ idx: x.length - 1 });
  figure.prepend(plot.root);
  new ResizeObserver(() => plot.setSize({ width: figure.clientWidth, height: 260 })).observe(figure);
}

const drawAll = (root) => root.querySelectorAll("figure[data-chart]").forEach(draw);
drawAll(document);
document.addEventListener("htmx:afterSettle", ({ target }) => {
  if (target.matches("figure[data-chart]")) draw(target);
  drawAll(target);
});
