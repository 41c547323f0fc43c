/** The object, or the first of its prototypes, that has one of the names itself. */
export function latestOwner(object: object, names: readonly string[]): object {
  if (names.some((name) => Object.hasOwn(object, name))) return object;
  return latestOwner(Object.getPrototypeOf(object) as object, names);
}
