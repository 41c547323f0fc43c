import { inspect } from 'node:util';

/** What kind of mistake or failure an {@link EngineError} reports. */
export type ErrorCode =
  | 'SHAPE'
  | 'DTYPE'
  | 'ATTRIBUTE'
  | 'ARGUMENT'
  | 'OUT_OF_MEMORY'
  | 'DEVICE'
  | 'IO'
  | 'ABORTED'
  | 'DISPOSED'
  | 'STATE'
  | 'INTERNAL';

/**
 * The one error class of the package: every failure that the library or its native engine detects.
 *
 * The message starts with the op, layer or function that complains, and tells what was expected and what came:
 * `[conv2d] expected …, received …`. Programs decide by `code`, people read `message`.
 */
export class EngineError extends Error {
  /** `EngineError`, also in code that was bundled. */
  override readonly name = 'EngineError';
  /** What kind of mistake or failure it is, for programs to decide by. */
  readonly code: ErrorCode;

  /** @param options `cause`: the error that led to this one. */
  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(typeof message === 'string' ? message : describe(message), options);
    this.code = code;
  }
}

/**
 * Finds the candidate that a misspelt name most likely meant, for "did you mean" in errors.
 *
 * @returns The nearest candidate, ignoring case, or `undefined` when more than a quarter of the letters (and at
 *   least one) would have to change.
 */
export function nearest(name: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined;
  let bestDistance = Infinity;
  for (const candidate of candidates) {
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase());
    const allowed = Math.max(1, Math.floor(Math.min(name.length, candidate.length) / 4));
    if (distance <= allowed && distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** The Levenshtein distance: how many letters must be put in, left out or changed to turn `a` into `b`. */
function editDistance(a: string, b: string): number {
  // The distances of the letters of `a` so far to each begin of `b`, from its first letter on.
  const wanted = Array.from(b);
  let row = wanted.map((_, j) => j + 1);
  let distance = wanted.length;
  Array.from(a).forEach((letter, i) => {
    let diagonal = i;
    distance = i + 1;
    row = row.map((above, j) => {
      distance = Math.min(above + 1, distance + 1, diagonal + (letter === wanted[j] ? 0 : 1));
      diagonal = above;
      return distance;
    });
  });
  return distance;
}

const LONGEST = 100;
const MOST_ITEMS = 8;

/** Any value in a few words, for messages: whatever it is, this does not fail. */
export function describe(value: unknown): string {
  const text = worded(value);
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}

function worded(value: unknown, depth = 0): string {
  const options = { depth: 1, maxArrayLength: MOST_ITEMS, breakLength: Infinity, customInspect: false };
  try {
    if (Array.isArray(value)) {
      const items = (value as unknown[])
        .slice(0, MOST_ITEMS)
        .map((item) => (depth > 2 ? '…' : worded(item, depth + 1)));
      return `[${items.join(', ')}${value.length > MOST_ITEMS ? ', …' : ''}]`;
    }
    // Tensors, layers' outputs and the like say in toString what they are.
    if (typeof value === 'object' && value !== null) {
      const own = String((value as { toString: () => unknown }).toString());
      if (!own.startsWith('[object ')) return own;
    }
    return inspect(value, options);
  } catch {
    return typeof value; // a getter or a proxy that throws
  }
}

/** `[?, 28, 28, 1]`. @internal */
export function shapeText(shape: readonly number[]): string {
  return `[${shape.map((n) => (n < 0 ? '?' : n)).join(', ')}]`;
}
