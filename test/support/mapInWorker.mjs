import { setTimeout as wait } from 'node:timers/promises';

// Functions that workers of Dataset.parallel call.
export default async function double({ data, shape }, index) {
  // The later, the sooner it is done: only the dataset keeps the order.
  await wait((7 - (index % 8)) * 2);
  return { data: data.map((x) => 2 * x), shape };
}

export const tell = (element, index, pass) => [element, index, pass];

export function fail(element, index) {
  if (index === 3) throw new RangeError('mine');
  return element;
}

export function leave() {
  process.exit(3);
}

export const notCallable = 3;

/** The sample as it came. */
export const keep = (sample) => sample;
