/** The verdicts, all results in one table, and the fronts over all runs. */
const referenceOf = (data, evaluation) => evaluation.reference === undefined ? null :
    data.runs[evaluation.reference.run].evaluations[evaluation.reference.evaluation];

function figureOf(label, value, under, better) {
  return make('div', {}, make('dt', {}, label),
      make('dd', {class: better === undefined ? null : better ? 'better' : 'worse'}, value,
          under ? make('small', {}, under) : null));
}

function accuracyFigures(data, evaluation) {
  const error = isNumber(evaluation.accuracy_standard_error) ?
      `\u00b1 ${(100 * evaluation.accuracy_standard_error).toFixed(2)} on ${evaluation.samples} samples` : null;
  const figures = [figureOf('accuracy', percentText(evaluation.accuracy), error)];
  const reference = referenceOf(data, evaluation);
  if (reference !== null)
    figures.push(figureOf('against the float network', `${pointsText(evaluation.accuracy_difference)} points`,
        `${reference.title}: ${percentText(reference.accuracy)}`));
  return figures;
}

function costFigures(evaluation) {
  const figures = [];
  if (isNumber(evaluation.timesteps) && evaluation.timesteps > 0)
    figures.push(figureOf('timesteps', numberText(evaluation.timesteps),
        isNumber(evaluation.latency) ? `answer after ${numberText(evaluation.latency)} steps` : null));
  const ratio = evaluation.energy_ratio;
  if (isNumber(ratio))
    figures.push(figureOf(ratio >= 1 ? 'less energy than float' : 'more energy than float',
        timesText(ratio >= 1 ? ratio : 1 / ratio),
        `${energyText(evaluation.energy_pj)} against ${energyText(evaluation.float_energy_pj)}`, ratio >= 1));
  return figures;
}

/** The spiking result of least energy that is at most one point less accurate, if that is another one. */
function cheaperText(evaluation, spiking) {
  const near = spiking.filter((e) => e.data === evaluation.data && e.energy_pj > 0 && e.accuracy >= evaluation.accuracy - 0.01);
  if (near.length === 0) return '';
  const cheapest = near.reduce((a, b) => (b.energy_pj < a.energy_pj ? b : a));
  if (cheapest === evaluation) return '';
  return `Within one point of it, ${cheapest.title} takes the least energy: ${percentText(cheapest.accuracy)}, ` +
      `${energyText(cheapest.energy_pj)}. `;
}

/** Among which results the verdict's was chosen: not those that were measured on less, or beside nothing. */
function choiceText(run, spiking) {
  const [all, among] = [spiking.length, run.headline_among];
  if (all < 2) return '';
  const chosen = among === all ? `The most accurate of the run\u2019s ${all} spiking results, chosen on these very data. ` :
      `Of the run\u2019s ${all} spiking results, those come first that have a float network of the run on the same data, then ` +
      'those of the test split and of the most samples. ';
  const best = among === all ? '' : among === 1 ? 'This is the only such one. ' :
      `This is the most accurate of ${among} such, chosen on these very data. `;
  return `${chosen}${best}${cheaperText(run.evaluations[run.headline], spiking)}All are in the table below.`;
}

function verdict(data, run) {
  const card = make('section', {class: 'verdict'}, make('h3', {}, run.name));
  const evaluation = run.evaluations[run.headline];
  if (evaluation.attack) {
    card.append(...attackVerdict(run, evaluation));
    return card;
  }
  card.append(make('p', {}, `${evaluation.title}: ${evaluation.method}; ${evaluation.data}`),
      make('dl', {class: 'figures'}, ...accuracyFigures(data, evaluation), ...costFigures(evaluation)));
  if (evaluation.reference === undefined && evaluation.coding !== 'float')
    card.append(missing('No result of the float network on the same data is among these runs.'));
  if (evaluation.coding !== 'float' && !isNumber(evaluation.energy_ratio))
    card.append(missing('No energy beside a float network\u2019s in this result.'));
  const choice = choiceText(run, run.evaluations.filter((e) => e.coding !== 'float' && e.attack === undefined));
  if (choice !== '') card.append(make('p', {class: 'soft'}, choice));
  return card;
}

/** A run without accuracies, a training for instance, has no verdict; that is said only if no run has one. */
function verdicts(data) {
  const judged = data.runs.filter((run) => run.headline !== undefined);
  return judged.length === 0 ? missing('No result with an accuracy here.') :
      make('div', {class: 'verdicts'}, ...judged.map((run) => verdict(data, run)));
}

/** [{run, evaluation}] of all runs. */
const allRows = (data) => data.runs.flatMap((run) => run.evaluations.map((evaluation) => ({run, evaluation})));

const resultColumns = (data) => [
  words('run', (row) => row.run.name),
  words('result', (row) => row.evaluation.title),
  words('method', (row) => row.evaluation.method),
  numbers('accuracy', (row) => row.evaluation.accuracy, percentText),
  numbers('\u00b1', (row) => row.evaluation.accuracy_standard_error, (v) => (100 * v).toFixed(2), 'standard error, points'),
  numbers('\u2212 float', (row) => row.evaluation.accuracy_difference, pointsText,
      'accuracy less that of the float network, points'),
  numbers('timesteps', (row) => row.evaluation.timesteps || null),
  numbers('latency', (row) => row.evaluation.latency, numberText, 'steps until the answer; with early exit their mean'),
  numbers('energy', (row) => row.evaluation.energy_pj, energyText, 'per sample'),
  numbers('float/this', (row) => row.evaluation.energy_ratio, timesText, 'energy of the float network over this one\u2019s'),
  numbers('spikes/neuron', (row) => row.evaluation.spikes_per_neuron || null),
  numbers('SynOps', (row) => row.evaluation.synops_per_sample, countText, 'synaptic operations per sample'),
  numbers('MACs', (row) => row.evaluation.macs_per_sample, countText, 'multiply-accumulates per sample'),
  words('front', (row) => [row.evaluation.front_energy ? 'energy' : '', row.evaluation.front_latency ? 'latency' : '']
      .filter(Boolean).join(', ') || null, 'no other result on these data is at least as good in both'),
  words('data', (row) => row.evaluation.data),
];

/**
 * One chart of accuracy against a cost, a series for each method, and the front through them.
 * methods: of the whole page, so that each looks the same in all charts.
 */
function frontFigure(caption, methods, rows, cost, onFront, costTitle, text) {
  const point = (row) => ({x: row.evaluation[cost], y: 100 * row.evaluation.accuracy, row});
  const front = rows.filter((row) => row.evaluation[onFront]).map(point).sort((a, b) => a.x - b.x || a.y - b.y);
  const build = (colors) => ({
    type: 'scatter',
    data: {datasets: [
      ...methods.map((method, k) => ({label: method, ...look(k, colors), pointRadius: 5,
          data: rows.filter((row) => row.evaluation.method === method).map(point)}))
          .filter((series) => series.data.length > 0),
      {label: 'front', type: 'line', data: front, stepped: true, borderColor: colors.soft, borderDash: [5, 4],
       borderWidth: 1.5, pointRadius: 0, pointHitRadius: 0, pointStyle: 'line'},
    ]},
    options: {
      scales: {x: axis(costTitle, colors, {type: 'logarithmic', ticks: logTicks(text)}),
               y: percentAxis('accuracy, %', colors, rows.map((row) => 100 * row.evaluation.accuracy))},
      plugins: {tooltip: {callbacks: {label: (item) =>
          `${item.raw.row.run.name} / ${item.raw.row.evaluation.title}: ` +
          `${percentText(item.raw.row.evaluation.accuracy)}, ${text(item.raw.x)}`}}},
    },
  });
  const columns = [words('run', (row) => row.run.name), words('result', (row) => row.evaluation.title),
                   words('method', (row) => row.evaluation.method),
                   numbers('accuracy', (row) => row.evaluation.accuracy, percentText),
                   numbers(costTitle, (row) => row.evaluation[cost], text),
                   words('on the front', (row) => (row.evaluation[onFront] ? 'yes' : 'no'))];
  return figure(caption, build, columns, rows);
}

function fronts(data) {
  const section = make('section', {id: 'fronts'}, make('h2', {}, 'Accuracy against energy and latency'),
      make('p', {class: 'soft'}, 'All runs; one pair of charts for each data set. On the dashed front lie the results that no ' +
          'other one matches in both. Float networks have no latency in timesteps.'));
  const rows = allRows(data);
  const methods = [...new Set(rows.map((row) => row.evaluation.method))];
  for (const name of new Set(rows.map((row) => row.evaluation.data))) {
    const here = rows.filter((row) => row.evaluation.data === name);
    const priced = here.filter((row) => row.evaluation.energy_pj > 0);
    const timed = here.filter((row) => row.evaluation.latency > 0);
    section.append(make('h3', {}, name || 'data not named'), make('div', {class: 'pair'},
        priced.length > 0 ? frontFigure('Energy per sample', methods, priced, 'energy_pj', 'front_energy', 'energy per sample', energyText) :
                            missing('Energy left out: no result on these data holds one.'),
        timed.length > 0 ? frontFigure('Latency', methods, timed, 'latency', 'front_latency', 'timesteps until the answer', numberText) :
                           missing('Latency left out: no result on these data holds one.')));
  }
  return section;
}

function overview(data) {
  const rows = allRows(data);
  return [
    make('section', {id: 'verdict'}, make('h2', {}, 'Verdict'), verdicts(data)),
    rows.length === 0 ? missing('No results to compare.') : fronts(data),
    make('section', {id: 'results'}, make('h2', {}, 'All results'),
        sortableTable('All results', resultColumns(data), rows,
            (row) => (row.run.evaluations[row.run.headline] === row.evaluation ? 'headline' : null))),
    attacks(data),
  ].filter((part) => part !== null);
}
