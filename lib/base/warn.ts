const given = new Set<string>();

/** Emits a warning of the process, each text once. */
export function warnOnce(code: `NODEGRAD_${string}`, message: string): void {
  if (given.has(message)) return;
  given.add(message);
  process.emitWarning(message, { type: 'NodegradWarning', code });
}
