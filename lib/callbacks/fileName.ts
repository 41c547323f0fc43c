import { expected } from '../base/checks.js';

/** Keras's forms of numbers: width, zeros in front, digits, kind. */
const FIELD = /\{(\w+)(?::(0?)(\d*)(?:\.(\d+))?([dfeg%]?))?\}/g;

/**
 * A path with numbers put in, as Python's `format` does it: `{epoch:02d}`, `{val_loss:.2f}`.
 *
 * @throws EngineError `ARGUMENT` for a name that has no number, and other forms.
 */
export function fileName(who: string, template: string, numbers: Readonly<Record<string, number>>): string {
  const path = template.replace(
    FIELD,
    (field, name: string, zeros: string, width: string, digits: string | undefined, kind: string) => {
      const value = numbers[name];
      if (value === undefined)
        throw expected(who, `one of ${Object.keys(numbers).join(', ')} in filepath`, field);
      const fill = zeros === '' ? ' ' : '0';
      return written(value, digits === undefined ? undefined : Number(digits), kind).padStart(
        Number(width),
        fill,
      );
    },
  );
  if (!/[{}]/.test(path)) return path;
  throw expected(who, 'fields such as {epoch:02d} and {val_loss:.2f} in filepath', template);
}

function written(value: number, digits: number | undefined, kind: string): string {
  if (kind === 'd') return value.toFixed(0);
  if (kind === '%') return `${(value * 100).toFixed(digits ?? 6)}%`;
  if (kind === 'e') return value.toExponential(digits ?? 6).replace(/e([+-])(\d)$/, 'e$10$2');
  if (kind === 'f') return value.toFixed(digits ?? 6);
  return digits === undefined ? String(value) : String(Number(value.toPrecision(Math.max(digits, 1))));
}
