/** Puts the page together. Many runs stay closed until they are opened, so that the page is quick. */
const openAtOnce = 3;

function runDetails(run, k, open) {
  const details = make('details', {class: 'run', id: `run-${k}`}, make('summary', {}, run.name));
  const fill = () => {
    if (details.open && details.children.length === 1) {
      details.append(...runSection(run));
      drawCharts();
    }
  };
  details.addEventListener('toggle', fill);
  details.open = open;
  fill();
  return details;
}

/** A link to a closed run opens it. */
function openTarget() {
  const target = /^#run-\d+$/.test(location.hash) ? document.getElementById(location.hash.slice(1)) : null;
  if (target !== null) target.open = true;
}

function main() {
  const data = JSON.parse(document.getElementById('data').textContent);
  document.title = data.title;
  document.getElementById('title').textContent = data.title;
  const runs = data.runs.map((run, k) => runDetails(run, k, data.runs.length <= openAtOnce));
  document.getElementById('content').replaceChildren(...overview(data),
      make('section', {id: 'runs'}, make('h2', {}, data.runs.length === 1 ? 'The run' : 'The runs, one by one'), ...runs));
  document.getElementById('contents').append(make('ul', {},
      ...[['verdict', 'Verdict'], ['fronts', 'Fronts'], ['results', 'All results'], ['attacks', 'Under attack'],
          ...data.runs.map((run, k) => [`run-${k}`, run.name])]
          .filter(([id]) => document.getElementById(id) !== null)
          .map(([id, text]) => make('li', {}, make('a', {href: `#${id}`}, text)))));
  document.getElementById('origin').textContent = `Written by Ranvier ${data.version}: ${data.command}`;
  drawCharts();
  addEventListener('hashchange', openTarget);
  openTarget();
}

main();
