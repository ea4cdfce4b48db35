/** One run: accuracy over time, layers, exits, conversion, training, hardware, origin. */

/** A choice among items by a select, when there are several. */
function chooser(label, items, name, first, render) {
  const place = make('div');
  const show = (k) => {
    place.replaceChildren(...render(items[k]));
    drawCharts();
  };
  if (items.length === 1) {
    place.append(...render(items[0]));
    return [place];
  }
  const select = make('select', {}, ...items.map((item, k) => make('option', {value: k}, name(item))));
  select.value = String(first);
  select.addEventListener('change', () => show(Number(select.value)));
  place.append(...render(items[first]));
  return [make('p', {}, make('label', {}, `${label}: `, select)), place];
}

const chapter = (title, ...children) => make('section', {}, make('h3', {}, title), ...children);

/** Which of `items` belongs to the headline; else the last. */
function firstChoice(run, items) {
  const at = items.indexOf(run.evaluations[run.headline]);
  return at >= 0 ? at : items.length - 1;
}

function accuracyOverTime(run) {
  const curves = run.evaluations.filter((e) => e.accuracy_per_step);
  if (curves.length === 0)
    return missing('Accuracy against timesteps left out: no result here was read after every timestep ' +
        '(rate coding is; one-spike coding is read once).');
  const n = Math.max(...curves.map((e) => e.accuracy_per_step.length));
  const once = run.evaluations.filter((e) => !e.accuracy_per_step && e.latency > 0);
  const floats = run.evaluations.filter((e) => e.coding === 'float');
  const build = (colors) => ({
    type: 'line',
    data: {datasets: [
      ...curves.map((e, k) => ({label: e.title, ...look(k, colors), pointRadius: 0, pointHitRadius: 6,
          data: e.accuracy_per_step.map((accuracy, t) => ({x: t + 1, y: 100 * accuracy}))})),
      ...once.map((e, k) => ({label: `${e.title} (read once)`, ...look(k + curves.length, colors), showLine: false,
          pointRadius: 6, data: [{x: e.latency, y: 100 * e.accuracy}]})),
      ...floats.map((e) => ({label: e.title, borderColor: colors.soft, backgroundColor: colors.soft, borderDash: [4, 4],
          borderWidth: 1.5, pointRadius: 0, pointHitRadius: 6, pointStyle: 'line',
          data: [{x: 1, y: 100 * e.accuracy}, {x: n, y: 100 * e.accuracy}]})),
    ]},
    options: {
      interaction: {mode: 'nearest', intersect: false},
      scales: {x: axis('timesteps', colors, {type: 'linear', min: 0, ticks: {precision: 0}}), y: percentAxis('accuracy, %', colors,
                   [...curves.flatMap((e) => e.accuracy_per_step), ...once.concat(floats).map((e) => e.accuracy)].map((a) => 100 * a))},
      plugins: {tooltip: {callbacks: {title: (items) => items.length ? `after ${items[0].parsed.x} steps` : '',
          label: (item) => `${item.dataset.label}: ${item.parsed.y.toFixed(2)} %`}}},
    },
  });
  const columns = [numbers('timesteps', (t) => t + 1),
                   ...curves.map((e) => numbers(e.title, (t) => e.accuracy_per_step[t], percentText))];
  return figure('Accuracy against timesteps', build, columns, [...Array(n).keys()]);
}

/** A bar for each of `rows`; series: [{label, value(row)}]. */
function bars(caption, rows, name, series, valueTitle, text, columns, more = {}) {
  const build = (colors) => ({
    type: 'bar',
    data: {labels: rows.map(name), datasets: series.map((one, k) => {
      const {borderColor, backgroundColor} = look(k, colors);
      return {label: one.label, borderColor, backgroundColor, pointStyle: 'rect', data: rows.map(one.value)};
    })},
    options: {
      interaction: {mode: 'index', intersect: false},
      scales: {x: axis(more.nameTitle ?? 'layer', colors, {ticks: {autoSkip: true, maxRotation: 60}}),
               y: axis(valueTitle, colors, {beginAtZero: true, ticks: {callback: (v) => text(v)}})},
      plugins: {tooltip: {callbacks: {label: (item) => `${item.dataset.label}: ${text(item.parsed.y)}`,
                                      afterBody: (items) => (items.length ? more.after?.(rows[items[0].dataIndex]) ?? [] : [])}}},
    },
  });
  return figure(caption, build, columns, rows);
}

const layerColumns = [
  words('layer', (layer) => layer.name), words('kind', (layer) => layer.kind),
  numbers('neurons', (layer) => layer.neurons || null, countText),
  numbers('spikes', (layer) => layer.spikes_per_sample, countText),
  numbers('spikes/neuron', (layer) => layer.spikes_per_neuron),
  numbers('SynOps', (layer) => layer.synops_per_sample, countText),
  numbers('MACs', (layer) => layer.macs_per_sample, countText),
  numbers('energy', (layer) => layer.energy_pj, energyText),
];

function layers(run) {
  const spiking = run.evaluations.filter((e) => e.layers);
  if (spiking.length === 0)
    return missing('Spikes per layer left out: no result of a spiking network here lists its layers.');
  return chapter('Spikes per layer', ...chooser('Result', spiking, (e) => e.title, firstChoice(run, spiking), (e) => {
    const firing = e.layers.filter((layer) => layer.neurons > 0 || layer.spikes_per_sample > 0);
    return [bars(`Spikes per layer and sample, ${e.title}`, firing, (layer) => layer.name,
                [{label: 'spikes', value: (layer) => layer.spikes_per_sample}], 'spikes per sample', countText, null,
                {after: (layer) => [`per neuron: ${numberText(layer.spikes_per_neuron)}`]}),
            sortableTable(`Layers of ${e.title}, per sample`, layerColumns, e.layers)];
  }));
}

function exits(run) {
  const leaving = run.evaluations.filter((e) => e.exits_per_step);
  if (leaving.length === 0)
    return missing('Exit times left out: no result here has an early exit (evaluate --exit).');
  return chapter('Exit times', ...chooser('Result', leaving, (e) => e.title, firstChoice(run, leaving), (e) => {
    const rows = e.exits_per_step.map((samples, t) => ({step: t + 1, samples}));
    return [bars(`Samples decided after each timestep, ${e.title} (mean ${numberText(e.mean_exit_step)})`, rows,
        (row) => row.step, [{label: 'samples', value: (row) => row.samples}], 'samples', countText,
        [numbers('timestep', (row) => row.step), numbers('samples', (row) => row.samples)], {nameTitle: 'timestep'})];
  }));
}

const errorColumns = [
  words('layer', (layer) => layer.name), numbers('error', (layer) => layer.relative_error, percentText),
  numbers('own error', (layer) => layer.own_error, percentText, 'of this layer\u2019s code alone; the rest was inherited'),
  numbers('bias', (layer) => layer.bias, percentText), numbers('saturated', (layer) => layer.saturated, percentText),
  numbers('silenced', (layer) => layer.silenced, percentText),
];

function conversion(run) {
  const diagnosed = run.stages.filter((stage) => stage.diagnosis);
  if (diagnosed.length === 0)
    return missing('Conversion error left out: no conversion here was diagnosed (convert --diagnose, or diagnose = true ' +
        'in a recipe).');
  return chapter('Conversion error by layer',
      ...chooser('Conversion', diagnosed, (s) => s.name, diagnosed.length - 1, ({name, diagnosis}) => [
        make('p', {}, `${diagnosis.images} images: ${percentText(diagnosis.changed_decisions)} of the decisions changed, ` +
            `outputs off by ${percentText(diagnosis.output_error)}.`),
        bars(`Error against the float network, ${name}`, diagnosis.layers, (layer) => layer.name, [
          {label: 'error', value: (layer) => layer.relative_error},
          ...(diagnosis.layers.some((layer) => isNumber(layer.own_error)) ?
              [{label: 'own error', value: (layer) => layer.own_error ?? null}] : []),
        ], 'relative error', percentText, errorColumns),
      ]));
}

const curveNames = {accuracy: 'accuracy', test_accuracy: 'test accuracy', validation_accuracy: 'validation accuracy',
                    loss: 'loss', test_loss: 'test loss', validation_loss: 'validation loss'};

function training(run) {
  const trained = run.stages.filter((stage) => stage.epochs?.length > 0);
  if (trained.length === 0)
    return missing('Training curves left out: nothing was trained here, or the result file alone was given; the folder of the ' +
        'run holds the curves of its stages.');
  return chapter('Training', ...chooser('Training', trained, (s) => s.name, trained.length - 1, ({name, epochs}) => {
    const keys = Object.keys(curveNames).filter((key) => epochs.some((epoch) => isNumber(epoch[key])));
    const right = keys.some((key) => key.includes('loss'));
    const build = (colors) => ({
      type: 'line',
      data: {datasets: keys.map((key, k) => ({
        label: curveNames[key], ...look(k, colors), pointRadius: epochs.length > 30 ? 0 : 3,
        yAxisID: key.includes('loss') ? 'loss' : 'y',
        data: epochs.filter((epoch) => isNumber(epoch[key])).map((epoch) =>
            ({x: epoch.epoch, y: key.includes('loss') ? epoch[key] : 100 * epoch[key]}))}))},
      options: {
        interaction: {mode: 'nearest', intersect: false},
        scales: {x: axis('epoch', colors, {type: 'linear', ticks: {precision: 0}}), 
                 y: percentAxis('accuracy, %', colors, epochs.flatMap((epoch) => keys.filter((key) => !key.includes('loss'))
                     .map((key) => 100 * (epoch[key] ?? 0)))),
                 ...(right ? {loss: axis('loss', colors, {position: 'right', grid: {drawOnChartArea: false}})} : {})},
        plugins: {tooltip: {callbacks: {title: (items) => items.length ? `epoch ${items[0].parsed.x}` : ''}}},
      },
    });
    const columns = [numbers('epoch', (epoch) => epoch.epoch), ...keys.map((key) =>
        numbers(curveNames[key], (epoch) => epoch[key], key.includes('loss') ? numberText : percentText))];
    return [figure(`Training, ${name}`, build, columns, epochs)];
  }));
}

const crossbarColumns = [
  words('layer', (layer) => layer.name), numbers('arrays', (layer) => layer.arrays),
  numbers('cells', (layer) => layer.cells, countText),
  numbers('rows read', (layer) => layer.rows_read_per_sample, countText, 'times that a row is switched on, per sample'),
  numbers('cells read', (layer) => layer.cells_read_per_sample, countText, 'devices in them that conduct'),
  numbers('rows read, float', (layer) => layer.float_rows_read_per_sample, countText, 'of the network that does not spike'),
  numbers('cells read, float', (layer) => layer.float_cells_read_per_sample, countText, 'of the network that does not spike'),
];

function crossbarsOf(e) {
  const map = e.crossbars;
  return [make('p', {}, `${e.title} on arrays of ${map.rows} \u00d7 ${map.columns} cells, scheme ${map.scheme}: ${map.arrays} arrays, ` +
              `${countText(map.cells)} cells, ${countText(map.cells_kept)} of them kept, ${percentText(map.utilization)} used. A sample ` +
              `switches on ${countText(map.rows_read_per_sample)} rows and ${countText(map.cells_read_per_sample)} cells; the network ` +
              `that does not spike ${countText(map.float_rows_read_per_sample)} and ${countText(map.float_cells_read_per_sample)}.`),
          sortableTable(`In-memory arrays of ${e.title}`, crossbarColumns, map.layers ?? [])];
}

function crosspoints(e) {
  const text = [`${e.title}: ${countText(e.crosspoints_kept)} of ${countText(e.crosspoints)} crosspoints kept`];
  if (isNumber(e.compared?.area_ratio)) text.push(`${timesText(e.compared.area_ratio)} less area than ${e.compared.with}`);
  if (isNumber(e.compared?.energy_ratio)) text.push(`${timesText(e.compared.energy_ratio)} less energy than it`);
  return make('p', {}, `${text.join('; ')}.`);
}

function hardware(run) {
  const mapped = run.evaluations.filter((e) => e.crossbars);
  const pruned = run.evaluations.filter((e) => isNumber(e.crosspoints));
  if (mapped.length + pruned.length === 0)
    return missing('Hardware mapping left out: no result here holds it (evaluate --crossbar), and the network is not at hand to ' +
        'map it now, or cannot be mapped.');
  return chapter('On in-memory hardware', ...pruned.map(crosspoints), ...(mapped.length > 0 ?
      chooser('Result', mapped, (e) => e.title, firstChoice(run, mapped), crossbarsOf) : []));
}

function origin(run) {
  const e = run.evaluations[run.headline];
  const lines = [`read from: ${run.source}`];
  if (e?.command) lines.push(`command: ${e.command}`);
  if (e?.network_file) lines.push(`network: ${e.network_file}`);
  for (const [key, value] of Object.entries(e?.network_notes ?? {})) lines.push(`${key}: ${value}`);
  if (e?.energy_constants) lines.push(`energy: ${e.energy_constants}`);
  if (e?.engine) lines.push(`engine: ${e.engine}`);
  if (isNumber(e?.seed)) lines.push(`seed: ${e.seed}`);
  if (e?.version) lines.push(`version: ${e.version}`);
  const parts = [make('pre', {}, lines.join('\n'))];
  if (run.recipe) parts.push(make('p', {}, `Recipe ${run.recipe.name}`), make('pre', {}, run.recipe.text));
  return make('details', {}, make('summary', {}, 'Where this comes from, and how to repeat it'), ...parts);
}

function runSection(run) {
  return [...run.notes.map(missing), make('div', {class: 'pair'}, accuracyOverTime(run)), exits(run), layers(run),
          conversion(run), training(run), hardware(run), origin(run)];
}
