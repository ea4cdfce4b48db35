'use strict';

/** An element with attributes and children; text always becomes a text node, never markup. */
function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes))
    if (value !== null && value !== undefined) element.setAttribute(name, value);
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

const isNumber = (value) => typeof value === 'number' && Number.isFinite(value);
const absent = '\u2013';

/** Four significant digits, as the tables on the terminal have. */
const significant = (value) => String(Number(value.toPrecision(4)));

/** Scaled by thousands: 1234 is "1.234 k". */
function prefixed(value, prefixes) {
  if (!isNumber(value)) return absent;
  let k = 0;
  while (k + 1 < prefixes.length && Math.abs(value) >= 999.95) {
    value /= 1000;
    ++k;
  }
  return significant(value) + prefixes[k];
}

const countText = (count) => prefixed(count, ['', ' k', ' M', ' G', ' T']);
const energyText = (picojoule) => prefixed(picojoule, [' pJ', ' nJ', ' \u00b5J', ' mJ', ' J']);
const numberText = (value) => (isNumber(value) ? significant(value) : absent);
const percentText = (fraction) => (isNumber(fraction) ? `${(100 * fraction).toFixed(2)} %` : absent);
const timesText = (ratio) => (isNumber(ratio) ? `${significant(ratio)} \u00d7` : absent);

/** A difference of two fractions, in percentage points with its sign. */
function pointsText(difference) {
  if (!isNumber(difference)) return absent;
  const points = (100 * difference).toFixed(2);
  return `${Number(points) > 0 ? '+' : ''}${points.replace('-', '\u2212')}`;
}

const missing = (text) => make('p', {class: 'missing'}, text);
