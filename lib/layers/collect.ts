/** The objects of a class in a value: itself, or what lists, records, Maps and Sets hold. */
export function collect<T extends object>(
  type: abstract new (...args: never[]) => T,
  value: unknown,
  found = new Set<T>(),
  seen = new Set<unknown>(),
): Set<T> {
  if (value instanceof type) found.add(value);
  else if (typeof value === 'object' && value !== null && !seen.has(value)) {
    seen.add(value);
    for (const item of itemsOf(value)) collect(type, item, found, seen);
  }
  return found;
}

/** What lists, records, Maps and Sets hold. */
export function itemsOf(value: object): Iterable<unknown> {
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
