/** Charts: colors of the page's theme, values under the pointer or the arrow keys, a table beside. */
const pointStyles = ['circle', 'rect', 'triangle', 'rectRot', 'rectRounded', 'star', 'crossRot'];
const dashes = [[], [7, 4], [2, 3], [9, 3, 2, 3]];
const charts = new Set();

function theme() {
  const style = getComputedStyle(document.documentElement);
  const color = (name) => style.getPropertyValue(name).trim();
  return {text: color('--text'), soft: color('--soft'), line: color('--line'), back: color('--back'),
          series: pointStyles.map((_, k) => color(`--c${k}`))};
}

/** How series number k looks: color, shape and dash, which repeat after different counts. */
function look(k, colors) {
  const color = colors.series[k % colors.series.length];
  return {borderColor: color, backgroundColor: color, pointStyle: pointStyles[k % pointStyles.length],
          borderDash: dashes[Math.floor(k / colors.series.length) % dashes.length], borderWidth: 2,
          pointRadius: 4, pointHoverRadius: 7, clip: 10};
}

function axis(title, colors, more = {}) {
  return {title: {display: true, text: title, color: colors.text}, grid: {color: colors.line},
          ticks: {color: colors.soft, ...more.ticks}, ...Object.fromEntries(
              Object.entries(more).filter(([key]) => key !== 'ticks'))};
}

/** An axis of percentages, which end at 100. */
function percentAxis(title, colors, values) {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  return axis(title, colors, {grace: '5%', ...(high + 0.2 * (high - low) >= 100 || low === high ? {max: 100} : {})});
}

/** Labels of a logarithmic axis: 1, 2 and 5 of each decade. */
const logTicks = (text) => ({callback: (value) => (/^[125]/.test(value.toExponential()) ? text(value) : '')});

/**
 * build(colors) gives the chart's type, data and options. The figure holds the values as a table
 * too, made when it is opened: columns and rows as for sortableTable; null where a table stands beside.
 */
function figure(caption, build, columns, rows) {
  const canvas = make('canvas', {tabindex: '0', role: 'img',
                                 'aria-label': `${caption}. Arrow keys step through the values, which are in a table below too.`});
  const box = make('div', {class: 'box'}, canvas);
  const values = make('details', {}, make('summary', {}, 'Values'));
  values.addEventListener('toggle', () => {
    if (values.open && values.children.length === 1) values.append(sortableTable(caption, columns, rows));
  });
  const whole = make('figure', {}, make('figcaption', {}, caption), box, columns === null ? null : values);
  const entry = {canvas, build, chart: null};
  charts.add(entry);
  canvas.addEventListener('keydown', (event) => stepThrough(entry, event));
  canvas.addEventListener('blur', () => showValue(entry, null));
  return whole;
}

/** Draws the charts that stand in the page and are not drawn yet; forgets those that left it. */
function drawCharts() {
  for (const entry of charts) {
    if (!entry.canvas.isConnected && entry.chart !== null) {
      entry.chart.destroy();
      charts.delete(entry);
    } else if (entry.canvas.isConnected && entry.chart === null) {
      draw(entry);
    }
  }
}

function draw(entry) {
  entry.chart?.destroy();
  const colors = theme();
  const config = entry.build(colors);
  const options = {animation: false, responsive: true, maintainAspectRatio: false, ...config.options};
  options.plugins = {
    ...options.plugins,
    legend: {position: 'bottom', display: config.data.datasets.length > 1, ...options.plugins?.legend,
             labels: {color: colors.text, usePointStyle: true, boxHeight: 7}},
  };
  entry.chart = new Chart(entry.canvas, {...config, options});
}

function redrawCharts() {
  for (const entry of charts)
    if (entry.chart !== null) draw(entry);
}

function showValue(entry, place) {
  const chart = entry.chart;
  if (chart === null) return;
  entry.place = place;
  const active = place === null ? [] : [{datasetIndex: place.series, index: place.index}];
  chart.setActiveElements(active);
  const element = place === null ? null : chart.getDatasetMeta(place.series).data[place.index];
  chart.tooltip.setActiveElements(active, element === null ? {x: 0, y: 0} : {x: element.x, y: element.y});
  chart.update();
  const said = place === null ? '' :
      [...chart.tooltip.title, ...chart.tooltip.body.flatMap((part) => part.lines)].join('; ');
  document.getElementById('announcer').textContent = said;
}

/** Left and right: the next value; up and down: the next series; Escape: none. */
function stepThrough(entry, event) {
  const step = {ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1]}[event.key];
  if (event.key === 'Escape') showValue(entry, null);
  if (step === undefined || entry.chart === null) return;
  event.preventDefault();
  const series = entry.chart.data.datasets.map((_, k) => k).filter((k) =>
      entry.chart.isDatasetVisible(k) && entry.chart.data.datasets[k].data.length > 0);
  if (series.length === 0) return;
  const at = entry.place ?? {series: series[0], index: step[0] < 0 ? 0 : -1};
  const next = series[(series.indexOf(at.series) + step[1] + series.length) % series.length];
  const count = entry.chart.data.datasets[next].data.length;
  showValue(entry, {series: next, index: (Math.max(at.index, step[0] === 0 ? 0 : -1) + step[0] + count) % count});
}

matchMedia('(prefers-color-scheme: dark)').addEventListener('change', redrawCharts);
matchMedia('print').addEventListener('change', redrawCharts);
addEventListener('beforeprint', () => { for (const entry of charts) entry.chart?.resize(); });
addEventListener('afterprint', () => { for (const entry of charts) entry.chart?.resize(); });
