// Purpose: draws every `<figure data-chart>`: lines over time or over numbers. The attribute holds
// `{ "x": [..], "time": true, "zone": "Europe/Berlin", "series": [{ "label", "values" }] }`; without a zone times are the reader's; the table below each figure says the same in text.
import uPlot from "uplot/dist/uPlot.esm.js";

const COLORS = ["--chart-1", "--chart-2", "--chart-3", "--chart-4"];

function draw(figure) {
  const { x, time = false, zone, series } = JSON.parse(figure.dataset.chart);
  const style = getComputedStyle(figure);
  const ink = style.getPropertyValue("--pico-muted-color").trim() || "#888";
  const grid = { stroke: style.getPropertyValue("--pico-muted-border-color").trim() || "#ccc", width: 1 };
  const axis = { stroke: ink, grid, ticks: grid };
  const options = {
    width: figure.clientWidth,
    height: 260,
    ...(zone && { tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1_000), zone) }),
    scales: { x: { time } },
    axes: [axis, { ...axis, size: 60 }],
    series: [{}, ...series.map(({ label }, index) => ({ label, stroke: style.getPropertyValue(COLORS[index % COLORS.length]).trim(), width: 2, points: { show: x.length < 40 } }))],
  };
  figure.querySelector(".uplot")?.remove();
  const plot = new uPlot(options, [x, ...series.map(({ values }) => values)]);
  figure.prepend(plot.root);
  new ResizeObserver(() => plot.setSize({ width: figure.clientWidth, height: 260 })).observe(figure);
}

const drawAll = (root) => root.querySelectorAll("figure[data-chart]").forEach(draw);
drawAll(document);
document.addEventListener("htmx:afterSettle", ({ target }) => {
  if (target.matches("figure[data-chart]")) draw(target);
  drawAll(target);
});
