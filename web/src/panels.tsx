import type { Look, LookAnswer, Looks, RunState } from './api.js';
import { shortNumber } from './chart.js';
import { Maps, Picture } from './pictures.js';

const largest = (numbers: readonly number[]) => numbers.indexOf(Math.max(...numbers));
const nameOf = (labels: readonly string[], index: number) => labels[index] ?? String(index);
const percent = (share: number) => `${Math.round(100 * share)} %`;

/** What the model says of an image. */
export function Prediction(props: { look: LookAnswer | undefined; labels: readonly string[]; of: string }) {
  const { look, labels } = props;
  if (!look)
    return (
      <p class="quiet">
        Nothing is drawn. Draw with the mouse, a finger, or the arrow keys after the space bar.
      </p>
    );
  const best = largest(look.output);
  const share = look.output[best] ?? 0;
  return (
    <div class="prediction">
      <p>
        <span aria-live="polite">
          {props.of}: <strong data-testid="prediction">{nameOf(labels, best)}</strong>
        </span>{' '}
        <span class="quiet">
          {share >= 0 && share <= 1 ? percent(share) : shortNumber(share)}
          {look.truth === null ? '' : `, true: ${nameOf(labels, look.truth)}`}
        </span>
      </p>
      <ul class="bars">
        {look.output.slice(0, 20).map((value, i) => (
          <li key={i}>
            <label>
              {nameOf(labels, i)}{' '}
              <meter
                min={0}
                max={1}
                value={value}
                aria-label={`${nameOf(labels, i)}: ${shortNumber(value)}`}
              />
            </label>
          </li>
        ))}
      </ul>
    </div>
  );
}

/** What each layer makes of an image. */
export function Layers({ look, rows }: { look: Look; rows: RunState['layers'] }) {
  return (
    <ol class="layers">
      {look.layers.map((layer) => {
        const row = rows.find(({ name }) => name === layer.name);
        const size = row?.shape.slice(1).join(' × ') ?? '';
        return (
          <li key={layer.name}>
            <p>
              <strong>{row?.className ?? layer.name}</strong> <span class="quiet">{size}</span>
            </p>
            <Maps images={layer} label={`What the layer ${layer.name} gives: ${layer.count} maps`} />
          </li>
        );
      })}
    </ol>
  );
}

/** How often which class is taken for which. */
export function Confusion({
  table,
  labels,
}: {
  table: readonly (readonly number[])[];
  labels: readonly string[];
}) {
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label="Confusion matrix">
      <table class="confusion">
        <caption>Rows: the true class, columns: the predicted one</caption>
        <thead>
          <tr>
            <td />
            {table.map((_, i) => (
              <th key={i} scope="col">
                {nameOf(labels, i)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {table.map((row, i) => {
            const sum = row.reduce((a, b) => a + b, 0) || 1;
            return (
              <tr key={i}>
                <th scope="row">{nameOf(labels, i)}</th>
                {row.map((count, j) => (
                  <td key={j} class={`${i === j ? 'right' : 'wrong'}-${Math.ceil((4 * count) / sum)}`}>
                    {count || ''}
                  </td>
                ))}
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

/** Samples with what was predicted, the wrong ones first. */
export function Samples(props: {
  looks: Looks;
  state: RunState;
  chosen: number;
  choose: ((index: number) => void) | undefined;
}) {
  const { looks, state, chosen, choose } = props;
  const { image, labels } = state;
  return (
    <ul class="samples">
      {looks.samples.map(({ index, truth, output, bytes }) => {
        const best = largest(output);
        const isWrong = truth !== null && truth !== best;
        return (
          <li key={index}>
            <button
              type="button"
              class={isWrong ? 'wrong' : ''}
              disabled={!choose}
              aria-pressed={index === chosen}
              data-index={index}
              onClick={() => choose?.(index)}
            >
              {image && (
                <Picture bytes={bytes} height={image[0]!} width={image[1]!} channels={image[2]!} label="" />
              )}
              <span>
                <span class="unseen">Sample {index}: </span>
                {nameOf(labels, best)}
                {isWrong && <small> not {nameOf(labels, truth)}</small>}
              </span>
            </button>
          </li>
        );
      })}
    </ul>
  );
}

type Bars = Looks['weights'][number]['values'];

function Histogram({ bars, label }: { bars: Bars; label: string }) {
  const most = Math.max(...bars.counts, 1);
  const words = `${label}: ${shortNumber(bars.low)} to ${shortNumber(bars.high)}`;
  return (
    <figure class="histogram">
      <svg viewBox={`0 0 ${bars.counts.length} 20`} preserveAspectRatio="none" role="img" aria-label={words}>
        {bars.counts.map((count, i) => (
          <rect key={i} x={i} width={0.9} y={20 - (20 * count) / most} height={(20 * count) / most} />
        ))}
      </svg>
      <figcaption class="quiet">{words}</figcaption>
    </figure>
  );
}

/** Histograms of weights and gradients. */
export function Weights({ looks }: { looks: Looks }) {
  return (
    <ul class="weights">
      {looks.weights.map(({ name, values, gradients }) => (
        <li key={name}>
          <strong>{name}</strong>
          <Histogram bars={values} label="weights" />
          {gradients && <Histogram bars={gradients} label="gradients" />}
        </li>
      ))}
    </ul>
  );
}

/** The filters of convolutions. */
export function Filters({ looks }: { looks: Looks }) {
  return (
    <ul class="layers">
      {looks.filters.map((filters) => (
        <li key={filters.name}>
          <p>{filters.name}</p>
          <Maps images={filters} label={`${filters.count} filters of ${filters.name}`} />
        </li>
      ))}
    </ul>
  );
}
