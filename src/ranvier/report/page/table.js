/**
 * A table that sorts by its columns: by click, or by Enter or Space on a column's head.
 * columns: [{label, value(row), text(value, row), words, hint}]; a value is a number, a text or null.
 * A cell keeps its value unrounded in data-value. Rows without a value stay at the end.
 */
function sortableTable(caption, columns, rows, rowClass = () => null) {
  const cells = rows.map((row) => columns.map((column) => column.value(row) ?? null));
  const order = rows.map((_, r) => r);
  const body = make('tbody');
  const lines = rows.map((row, r) => make('tr', {class: rowClass(row)}, ...columns.map((column, c) => {
    const value = cells[r][c];
    const text = value === null ? absent : column.text ? column.text(value, row) : String(value);
    return make('td', {class: column.words ? 'words' : null, 'data-value': value}, text);
  })));
  body.append(...lines);

  const heads = columns.map((column, c) => {
    const button = make('button', {type: 'button', title: column.hint}, column.label);
    const head = make('th', {scope: 'col', 'aria-sort': 'none', class: column.words ? 'words' : null}, button);
    button.addEventListener('click', () => {
      // Numbers are looked at from the largest; names from A.
      const first = column.words ? 'ascending' : 'descending';
      const other = column.words ? 'descending' : 'ascending';
      const direction = head.getAttribute('aria-sort') === first ? other : first;
      for (const each of heads) each.setAttribute('aria-sort', 'none');
      head.setAttribute('aria-sort', direction);
      const sign = direction === 'ascending' ? 1 : -1;
      order.sort((a, b) => compareCells(cells[a][c], cells[b][c], sign) || a - b);
      body.append(...order.map((r) => lines[r]));
    });
    return head;
  });
  const table = make('table', {}, make('caption', {}, caption), make('thead', {}, make('tr', {}, ...heads)), body);
  return make('div', {class: 'scroll', tabindex: '0', role: 'region', 'aria-label': caption}, table);
}

function compareCells(a, b, sign) {
  if (a === null || b === null) return (a === null) - (b === null);
  if (typeof a === 'number' && typeof b === 'number') return sign * (a - b);
  return sign * String(a).localeCompare(String(b), 'en', {numeric: true});
}

/** The usual columns. */
const words = (label, value, hint) => ({label, value, words: true, hint});
const numbers = (label, value, text = numberText, hint = undefined) => ({label, value, text, hint});
