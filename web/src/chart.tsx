import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import type { Curve } from './curves.js';

/** A curve with its name. */
export interface Series {
  readonly label: string;
  readonly curve: Curve;
  /** Curves of one run have one color where there are several runs. */
  readonly color: number;
  /** Whether it is one of validation. */
  readonly dashed: boolean;
}

/** How many colors there are. */
export const COLORS = 6;
const HEIGHT = 210;
const colorOf = (name: string) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

export const shortNumber = (value: number): string => {
  const rounded = Number(value.toPrecision(4));
  return value !== 0 && (Math.abs(value) < 1e-4 || Math.abs(value) >= 1e5)
    ? Number(value.toPrecision(3)).toExponential()
    : String(rounded);
};

/** Curves over the steps of training; the latest numbers are in words below. */
export function Chart({ title, series }: { title: string; series: readonly Series[] }) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const labels = series.map(({ label }) => label).join('\n');
  const data =
    series.length > 0 ? uPlot.join(series.map(({ curve }) => curve as unknown as uPlot.AlignedData)) : [[]];
  // What a plot that is made anew, for other colors, shows: long after the names of its curves have changed last.
  const latest = useRef(data);
  latest.current = data;

  useEffect(() => {
    const element = place.current!;
    const make = () => {
      plot.current?.destroy();
      const axis = { stroke: colorOf('--quiet'), grid: { stroke: colorOf('--line'), width: 1 }, size: 62 };
      const options: uPlot.Options = {
        ...{ width: element.clientWidth, height: HEIGHT, legend: { show: false }, cursor: { y: false } },
        scales: { x: { time: false } },
        axes: [
          { ...axis, size: 28, label: 'step', labelSize: 18, labelFont: '12px system-ui, sans-serif' },
          { ...axis, values: (_, values) => values.map(shortNumber) },
        ],
        series: [
          {},
          ...series.map(({ label, color, dashed }) => ({
            ...{ label, stroke: colorOf(`--series-${color % COLORS}`), width: 2, spanGaps: true },
            ...(dashed ? { dash: [6, 4], points: { show: true, size: 6 } } : { points: { show: false } }),
          })),
        ],
      };
      plot.current = new uPlot(options, latest.current as uPlot.AlignedData, element);
    };
    make();
    const observer = new ResizeObserver(() =>
      plot.current?.setSize({ width: element.clientWidth, height: HEIGHT }),
    );
    observer.observe(element);
    const dark = matchMedia('(prefers-color-scheme: dark)');
    dark.addEventListener('change', make);
    return () => {
      dark.removeEventListener('change', make);
      observer.disconnect();
      plot.current?.destroy();
      plot.current = undefined;
    };
  }, [labels]);
  useEffect(() => plot.current?.setData(data as uPlot.AlignedData));

  return (
    <figure class="card chart">
      <h2>{title}</h2>
      <div ref={place} aria-hidden="true" />
      <figcaption>
        {series.map(({ label, curve, color, dashed }) => (
          <span key={label} class="legend">
            <span class={`swatch series-${color % COLORS} ${dashed ? 'dashed' : ''}`} aria-hidden="true" />
            {label} <output>{shortNumber(curve[1].findLast((value) => value !== null) ?? NaN)}</output>
          </span>
        ))}
      </figcaption>
    </figure>
  );
}
