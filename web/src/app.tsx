import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import {
  type Asked,
  type LookAnswer,
  type Looks,
  type RunState,
  type RunSummary,
  type Told,
  listen,
  look,
  looksOf,
} from './api.js';
import { COLORS, Chart, type Series } from './chart.js';
import { RunCurves } from './curves.js';
import { Pad } from './pad.js';
import { Confusion, Filters, Layers, Prediction, Samples, Weights } from './panels.js';
import { Progress, Steering } from './steering.js';

/** An image that stays the same is looked at again after so many times what the last look took, within these bounds. */
const WAITS = 10;
const LEAST_MS = 2000;
const MOST_MS = 5000;
const VALIDATION = 'val_';

/** The curves of the runs that are shown, one chart a number, that of validation in the same. */
function chartsOf(curves: readonly RunCurves[]): { title: string; series: Series[] }[] {
  const isAlone = curves.length === 1;
  const names = [...new Set(curves.flatMap((run) => run.names))].filter(
    (name) => !name.startsWith(VALIDATION),
  );
  const charts = names.map((name) => ({
    title: name.replaceAll('_', ' '),
    series: curves.flatMap((run, n) =>
      [name, VALIDATION + name]
        .filter((one) => run.names.includes(one))
        .map((one) => ({
          label: isAlone ? one : one === name ? run.name : `${run.name}, validation`,
          curve: run.curve(one),
          color: isAlone ? Number(one !== name) : n,
          dashed: one !== name,
        })),
    ),
  }));
  const times = curves
    .map((run, n) => ({ label: isAlone ? 'ms' : run.name, curve: run.stepTimes, color: n, dashed: false }))
    .filter(({ curve }) => curve[0].length > 0);
  return times.length > 0 ? [...charts, { title: 'milliseconds a step', series: times }] : charts;
}

/** What layers make of an image: asked again when it is another one, and while training goes on. The server sets the pace. */
function useLook(what: Asked, isOn: boolean, isRunning: boolean): (LookAnswer & { of: Asked }) | undefined {
  const [seen, see] = useState<LookAnswer & { of: Asked }>();
  const key = isOn ? JSON.stringify(what) : '';
  const asking = useRef({ key, isBusy: false, next: 0 });
  asking.current.key = key;
  const ask = async () => {
    const { current } = asking;
    if (current.isBusy) return;
    current.isBusy = true;
    for (let asked = ''; asked !== current.key;) {
      asked = current.key;
      const begin = performance.now();
      const of = JSON.parse(asked) as Asked;
      const answer = await look(of).catch(() => undefined); // the process has ended: the page says so
      if (answer) see({ ...answer, of });
      const now = performance.now();
      current.next = now + Math.min(Math.max(LEAST_MS, WAITS * (now - begin)), MOST_MS);
    }
    current.isBusy = false;
  };
  useEffect(() => {
    if (key !== '') void ask();
  }, [key]);
  useEffect(() => {
    if (!isOn || !isRunning) return;
    const timer = setInterval(() => performance.now() >= asking.current.next && void ask(), LEAST_MS / 2);
    return () => clearInterval(timer);
  }, [isOn, isRunning]);
  return isOn ? seen : undefined;
}

function RunList(props: { told: Told; shown: ReadonlySet<string>; toggle: (name: string) => void }) {
  return (
    <fieldset class="card">
      <legend>Runs</legend>
      <ul class="runs">
        {props.told.runs.map(({ name, state }) => (
          <li key={name}>
            <label>
              <input type="checkbox" checked={props.shown.has(name)} onChange={() => props.toggle(name)} />{' '}
              {name} <span class="quiet">{name === props.told.live ? 'this run' : (state?.state ?? '')}</span>
            </label>
          </li>
        ))}
      </ul>
    </fieldset>
  );
}

/** What was last seen between epochs. */
function Kept(props: {
  looks: Looks;
  state: RunState;
  index: number;
  choose: ((index: number) => void) | undefined;
}) {
  const { looks, state, index, choose } = props;
  return (
    <>
      {looks.samples.length > 0 && (
        <section class="card">
          <h2>Predictions after epoch {looks.epoch + 1}</h2>
          <Samples looks={looks} state={state} chosen={index} choose={choose} />
        </section>
      )}
      {looks.confusion && (
        <section class="card">
          <h2>Confusion</h2>
          <Confusion table={looks.confusion} labels={state.labels} />
        </section>
      )}
      {looks.filters.length > 0 && (
        <section class="card">
          <h2>Filters</h2>
          <Filters looks={looks} />
        </section>
      )}
      {looks.weights.length > 0 && (
        <section class="card">
          <h2>Weights and gradients</h2>
          <Weights looks={looks} />
        </section>
      )}
    </>
  );
}

/** The run in front: its layers, predictions, mistakes and weights. */
function Inside({ run, isLive }: { run: RunSummary; isLive: boolean }) {
  const [looks, keep] = useState<Looks | null>(null);
  const [index, choose] = useState(0);
  const [pixels, draw] = useState<string>();
  const state = run.state!;
  useEffect(() => void looksOf(run.name).then(keep, () => keep(null)), [run.name, run.looks]);
  const canLook = isLive && state.samples > 0;
  const asked = pixels === undefined ? { index } : { pixels };
  const seen = useLook(asked, canLook, state.state === 'running');
  // An answer may still be that of the image before.
  const drawn = pixels !== undefined && seen && 'pixels' in seen.of ? seen : undefined;
  const sample = pixels === undefined && seen && 'index' in seen.of ? seen : undefined;
  const layers = drawn ?? sample ?? looks?.look;
  const canDraw = canLook && state.image?.[2] === 1;
  // Does not change with each stroke of a drawing.
  const kept = useMemo(
    () => looks && <Kept looks={looks} state={state} index={index} choose={canLook ? choose : undefined} />,
    [looks, state, index, canLook],
  );
  return (
    <>
      {canDraw && (
        <section class="card">
          <h2>Draw</h2>
          <div class="side">
            <Pad height={state.image![0]!} width={state.image![1]!} drawn={draw} />
            <Prediction look={drawn} labels={state.labels} of="Your drawing" />
          </div>
        </section>
      )}
      {layers && (
        <section class="card">
          <h2>Layers</h2>
          {canLook && pixels === undefined && (
            <label>
              Sample{' '}
              <input
                type="number"
                min={0}
                max={state.samples - 1}
                value={index}
                onInput={({ currentTarget: { valueAsNumber: n } }) =>
                  n >= 0 && n < state.samples && choose(n)
                }
              />
            </label>
          )}
          {sample && 'index' in sample.of && (
            <Prediction look={sample} labels={state.labels} of={`Sample ${sample.of.index}`} />
          )}
          <Layers look={layers} rows={state.layers} />
        </section>
      )}
      {kept}
    </>
  );
}

/** The runs whose curves are shown: at first the one that goes on, else the latest. */
function shownRuns({ live, runs }: Told, chosen: ReadonlySet<string> | undefined): readonly RunSummary[] {
  if (chosen) return runs.filter(({ name }) => chosen.has(name));
  const own = runs.filter(({ name }) => name === live);
  return own.length > 0 ? own : runs.slice(0, COLORS);
}

/** What the server tells of the runs, and the curves of some of them: a state is shown together with its curves. */
function useRuns(chosen: ReadonlySet<string> | undefined) {
  const [told, tell] = useState<Told>();
  const [isLost, lose] = useState(false);
  const [version, read] = useState(0);
  const curves = useRef(new Map<string, RunCurves>());
  const latest = useRef(chosen);
  latest.current = chosen;
  const readCurves = (news: Told) =>
    Promise.allSettled(
      shownRuns(news, latest.current).map(async ({ name, bytes }) => {
        const known = curves.current.get(name) ?? new RunCurves(name);
        curves.current.set(name, known);
        await known.read(bytes);
      }),
    );
  useEffect(() => {
    let last: Promise<unknown> = Promise.resolve();
    listen((news) => (last = last.then(() => readCurves(news)).then(() => tell(news))), lose);
  }, []);
  useEffect(() => {
    if (told) void readCurves(told).then(() => read((n) => n + 1));
  }, [chosen]);
  return { told, isLost, curves: curves.current, version };
}

/** The whole page. */
export function App() {
  const [chosen, choose] = useState<ReadonlySet<string>>();
  const { told, isLost, curves, version } = useRuns(chosen);
  const shown = told ? shownRuns(told, chosen) : [];
  const names = new Set(shown.map(({ name }) => name));
  const live = told?.runs.find(({ name }) => name === told.live);
  const front = live ?? shown[0];
  const toggle = (name: string) =>
    choose(new Set(names.has(name) ? [...names].filter((one) => one !== name) : [...names, name]));

  const known = shown.flatMap(({ name }) => curves.get(name) ?? []);
  if (!told) return <p class="quiet">Waiting for the run …</p>;
  const own = front && curves.get(front.name);
  const isLive = front !== undefined && front.name === told.live;
  const rate = own?.last?.['learning_rate'];
  return (
    <>
      <header>
        <h1>{front?.state?.model ?? 'nodegrad board'}</h1>
        {isLost && <p role="alert">The process has ended. The page shows what it last heard.</p>}
        {front?.state && own && <Progress state={front.state} curves={own} />}
        {isLive && front.state && (
          <Steering state={front.state} rate={typeof rate === 'number' ? rate : undefined} />
        )}
      </header>
      <main>
        {told.runs.length === 0 && <p>There is no run here yet.</p>}
        {told.runs.length > 1 && <RunList told={told} shown={names} toggle={toggle} />}
        <div class="charts" data-version={version}>
          {chartsOf(known).map(({ title, series }) => (
            <Chart key={title} title={title} series={series} />
          ))}
        </div>
        {front?.state && <Inside key={front.name} run={front} isLive={isLive} />}
      </main>
    </>
  );
}
