export interface Family {
  readonly heading: string;
  readonly names: ReadonlySet<string>;
  readonly files: readonly string[];
}
export function familiesOf(path: string): Family[];
