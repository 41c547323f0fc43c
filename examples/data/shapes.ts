import { tableOf, type Table } from './table.js';

/** Two spirals wound into each other, `n` points each, within [-1, 1]: no line comes near separating them. */
export function spirals(n: number, turns = 1.5): Table {
  const rows: number[][] = [];
  const labels: number[] = [];
  for (let i = 0; i < n; i++) {
    const radius = 0.1 + (0.9 * i) / (n - 1);
    const angle = radius * turns * 2 * Math.PI;
    for (const arm of [0, 1]) {
      rows.push([radius * Math.cos(angle + arm * Math.PI), radius * Math.sin(angle + arm * Math.PI)]);
      labels.push(arm);
    }
  }
  return tableOf(rows, labels, { columns: ['x', 'y'], classes: ['one arm', 'other arm'] });
}

/** A disc of radius 0.4 in a ring from 0.6 to 1, `n` points each. */
export function rings(n: number): Table {
  const rows: number[][] = [];
  const labels: number[] = [];
  const golden = Math.PI * (3 - Math.sqrt(5));
  for (let i = 0; i < n; i++) {
    // Steps of the golden angle with radii by the square root fill a disc evenly.
    const share = (i + 0.5) / n;
    const inner = 0.4 * Math.sqrt(share);
    const outer = Math.sqrt(0.36 + share * (1 - 0.36));
    rows.push([inner * Math.cos(i * golden), inner * Math.sin(i * golden)]);
    rows.push([outer * Math.cos(i * golden), outer * Math.sin(i * golden)]);
    labels.push(0, 1);
  }
  return tableOf(rows, labels, { columns: ['x', 'y'], classes: ['disc', 'ring'] });
}
