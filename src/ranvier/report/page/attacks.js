/** Results under attack: all rows in one table, and the verdict of a run that has nothing else. */

/** [{run, evaluation, row}]: a row for each method, epsilon, timesteps and leak that was tried. */
const attackRows = (runs) => runs.flatMap((run) => run.evaluations.filter((e) => e.attack)
    .flatMap((evaluation) => evaluation.attack.rows.map((row) => ({run, evaluation, row}))));

/** Points lost, without a plus; a minus says that the network did better under attack. */
const lossText = (loss) => pointsText(loss).replace('+', '');

/** "pgd, 5 steps of 0.05, target random" */
function attackText({evaluation, row}) {
  const {pgd, target} = evaluation.attack;
  const parts = [row.method ?? 'an attack of unknown method'];
  if (row.method === 'pgd' && isNumber(pgd?.iterations)) parts.push(`${pgd.iterations} steps of ${numberText(pgd.step)}`);
  if (target && target !== 'none') parts.push(`target ${target}`);
  return parts.join(', ');
}

/** The attack, what it was allowed, and what it was made on. */
function settingText(attack) {
  const {evaluation, row} = attack;
  const parts = [attackText(attack)];
  if (isNumber(row.epsilon)) parts.push(`epsilon ${numberText(row.epsilon)}`);
  if (row.timesteps > 0) parts.push(`${row.timesteps} timesteps`);
  if (isNumber(row.leak)) parts.push(`leak ${numberText(row.leak)}`);
  if (evaluation.attack.crafted_on) parts.push(`crafted on ${evaluation.attack.crafted_on}`);
  return parts.join(', ');
}

const attackColumns = [
  words('run', ({run}) => run.name),
  words('stage', ({evaluation}) => evaluation.title),
  words('method', attackText),
  numbers('epsilon', ({row}) => row.epsilon, numberText, 'largest change of a pixel, of 0 to 1'),
  numbers('timesteps', ({row}) => row.timesteps || null, numberText, 'none: a float network'),
  numbers('leak', ({row}) => row.leak, numberText, 'none: that of the network\u2019s own neurons'),
  numbers('clean accuracy', ({row}) => row.clean_accuracy, percentText, 'of the same network on the unchanged images'),
  numbers('under attack', ({row}) => row.accuracy, percentText, 'accuracy on the images that were made to deceive'),
  numbers('lost', ({row}) => row.adversarial_loss, lossText, 'clean accuracy less that under attack, points'),
  numbers('samples', ({row}) => row.samples, countText),
  words('crafted on', ({evaluation}) => evaluation.attack.crafted_on || 'itself',
      'the network whose gradients the images were made with'),
  words('gradient', ({row}) => row.gradient ? row.gradient.replace('_', ' ') : '\u2013',
      'of a spiking network: of all its steps, or of its neurons\u2019 mean rates'),
  numbers('without gradient', ({row}) => row.without_gradient, percentText, 'images that the attack had nothing to follow for'),
];

/** Null without attacks. */
function attacks(data) {
  const rows = attackRows(data.runs);
  return rows.length === 0 ? null : make('section', {id: 'attacks'}, make('h2', {}, 'Under attack'),
      make('p', {class: 'soft'}, 'Accuracy on images that were changed so that the network errs, beside that on the same images ' +
          'unchanged.'),
      sortableTable('Under attack', attackColumns, rows));
}

/** What the weakest and the strongest of several attacks left. */
function attackRange(rows) {
  const known = rows.filter(({row}) => isNumber(row.accuracy)).sort((a, b) => a.row.accuracy - b.row.accuracy);
  if (known.length < 2) return '';
  const end = (attack) => `${percentText(attack.row.accuracy)} (${attack.evaluation.title}: ${settingText(attack)})`;
  return ` Its ${rows.length} attacks left between ${end(known[0])} and ${end(known.at(-1))}; all are in the table below.`;
}

/** What a verdict says of a run whose results are all under attack. */
function attackVerdict(run, evaluation) {
  const shown = {run, evaluation, row: evaluation.attack.rows.at(-1)};
  const {row} = shown;
  const error = isNumber(row.accuracy_standard_error) ?
      `\u00b1 ${(100 * row.accuracy_standard_error).toFixed(2)} on ${row.samples} samples` : null;
  return [
    make('p', {}, `${evaluation.title}: under attack by ${settingText(shown)}; ${evaluation.data}`),
    make('dl', {class: 'figures'}, figureOf('clean accuracy', percentText(row.clean_accuracy)),
        figureOf('under attack', percentText(row.accuracy), error),
        figureOf('lost', `${lossText(row.adversarial_loss)} points`)),
    make('p', {class: 'soft'}, `This run has results under attack only.${attackRange(attackRows([run]))}`),
  ];
}
