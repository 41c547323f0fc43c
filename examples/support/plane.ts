import { stdout } from 'node:process';
import type { Table } from '../data/table.js';

/** A rectangle of the plane. */
export interface Bounds {
  x: [number, number];
  y: [number, number];
}

const columns = 64;
const rows = 26;
const marks = ['o', 'x', '+'];
const shades = [' ', '.', ':'];
/** Blue, red and green: pale for the background, strong for points. */
const backgrounds = [153, 224, 194];
const foregrounds = [19, 124, 22];

/** The smallest rectangle around the rows of a two-column table, and a twentieth more on each side. */
export function boundsOf(table: Table): Bounds {
  const range = (column: number): [number, number] => {
    const values = table.features.filter((_, i) => i % 2 === column);
    const [low, high] = [Math.min(...values), Math.max(...values)];
    const margin = (high - low) / 20;
    return [low - margin, high + margin];
  };
  return { x: range(0), y: range(1) };
}

/** The middles of the cells that {@link drawPlane} draws, row-major from the top left, as `[n, 2]`. */
export function cellsOf(bounds: Bounds): { points: Float32Array; shape: [number, number] } {
  const points = new Float32Array(rows * columns * 2);
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++) {
      points[2 * (r * columns + c)] = mix(bounds.x, (c + 0.5) / columns);
      points[2 * (r * columns + c) + 1] = mix(bounds.y, 1 - (r + 0.5) / rows);
    }
  }
  return { points, shape: [rows * columns, 2] };
}

/**
 * Draws classes as regions and a table's rows as points upon them, in colour where standard output is a terminal.
 *
 * @param classes The class of each cell, in the order of {@link cellsOf}.
 */
export function drawPlane(bounds: Bounds, classes: ArrayLike<number>, table: Table): string {
  const colour = stdout.isTTY && !process.env['NO_COLOR'];
  const points = new Map<number, number>();
  table.labels.forEach((label, i) => {
    const c = Math.floor(share(bounds.x, table.features[2 * i]!) * columns);
    const r = Math.floor((1 - share(bounds.y, table.features[2 * i + 1]!)) * rows);
    if (c >= 0 && c < columns && r >= 0 && r < rows) points.set(r * columns + c, label);
  });
  const lines: string[] = [];
  for (let r = 0; r < rows; r++) {
    let line = '';
    for (let cell = r * columns; cell < (r + 1) * columns; cell++) {
      const region = classes[cell]!;
      const point = points.get(cell);
      const mark = point === undefined ? (colour ? ' ' : shades[region]!) : marks[point]!;
      line += colour ? `\x1b[48;5;${backgrounds[region]}m\x1b[38;5;${foregrounds[point ?? 0]}m${mark}` : mark;
    }
    lines.push(colour ? `${line}\x1b[0m` : line);
  }
  const legend = table.names.classes.map((name, i) => `${marks[i]} ${name}`).join('   ');
  return [...lines, `${legend}   (across: ${table.names.columns[0]}, up: ${table.names.columns[1]})`].join(
    '\n',
  );
}

function mix([low, high]: [number, number], t: number): number {
  return low + t * (high - low);
}

function share([low, high]: [number, number], value: number): number {
  return (value - low) / (high - low);
}
