import { Layer } from './layer.js';

/** The layers in a value: itself, or what lists, records, Maps and Sets hold. */
export function collect(value: unknown, found: Set<Layer>, seen: Set<unknown>): void {
  if (value instanceof Layer) found.add(value);
  if (typeof value !== 'object' || value === null || value instanceof Layer || seen.has(value)) return;
  seen.add(value);
  for (const item of itemsOf(value)) collect(item, found, seen);
}

function itemsOf(value: object): Iterable<unknown> {
  // A long list of numbers or words is not worth looking through before every step.
  const first: unknown = Array.isArray(value) ? value[0] : undefined;
  if (Array.isArray(value))
    return typeof first === 'number' || typeof first === 'string' ? [] : (value as unknown[]);
  if (value instanceof Map || value instanceof Set) return value.values();
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null
    ? Object.values<unknown>(value as Record<string, unknown>)
    : [];
}
