import { useEffect, useRef } from 'preact/hooks';
import { bytesOf } from './drawing.js';

const SIDE = 280;
const INK = 22;
/** How far an arrow key moves the pen. */
const MOVE = 14;
/** A drawing is told of as often as that, however often the pen moves: the rest of the page has work with it, on the cores that train. */
const TELL_MS = 100;
const ARROWS: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [-MOVE, 0],
  ArrowRight: [MOVE, 0],
  ArrowUp: [0, -MOVE],
  ArrowDown: [0, MOVE],
};

/** A place to draw in, by pointer or by keys. */
export function Pad(props: { height: number; width: number; drawn: (bytes: string | undefined) => void }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const pen = useRef({ x: SIDE / 2, y: SIDE / 4, isDown: false });
  const timer = useRef<number | undefined>(undefined);
  const tell = () => {
    timer.current ??= window.setTimeout(() => {
      timer.current = undefined;
      props.drawn(bytesOf(canvas.current!, props.height, props.width));
    }, TELL_MS);
  };
  const forget = () => {
    clearTimeout(timer.current);
    timer.current = undefined;
  };
  useEffect(() => forget, []);

  const line = (x: number, y: number) => {
    const context = canvas.current!.getContext('2d', { willReadFrequently: true })!;
    context.strokeStyle = 'white';
    context.lineWidth = INK;
    context.lineCap = context.lineJoin = 'round';
    context.beginPath();
    context.moveTo(pen.current.x, pen.current.y);
    context.lineTo(x, y);
    context.stroke();
  };
  const move = (x: number, y: number) => {
    if (pen.current.isDown) {
      line(x, y);
      tell();
    }
    pen.current = { ...pen.current, x, y };
  };
  const placeOf = (event: PointerEvent): [number, number] => {
    const box = canvas.current!.getBoundingClientRect();
    return [((event.clientX - box.left) * SIDE) / box.width, ((event.clientY - box.top) * SIDE) / box.height];
  };
  const press = (event: PointerEvent) => {
    canvas.current!.setPointerCapture(event.pointerId);
    const [x, y] = placeOf(event);
    pen.current = { x, y, isDown: true };
    move(x, y);
  };
  const key = (event: KeyboardEvent) => {
    const arrow = ARROWS[event.key];
    if (event.key === ' ') {
      pen.current.isDown = !pen.current.isDown;
      move(pen.current.x, pen.current.y);
    } else if (arrow) {
      const within = (place: number) => Math.min(Math.max(place, 0), SIDE);
      move(within(pen.current.x + arrow[0]), within(pen.current.y + arrow[1]));
    } else return;
    event.preventDefault();
  };
  const clear = () => {
    forget();
    canvas.current!.getContext('2d')!.clearRect(0, 0, SIDE, SIDE);
    pen.current = { x: SIDE / 2, y: SIDE / 4, isDown: false };
    props.drawn(undefined);
  };

  return (
    <div class="pad">
      <canvas
        ref={canvas}
        width={SIDE}
        height={SIDE}
        tabIndex={0}
        role="application"
        aria-label="Draw here: with the pointer, or move the pen with the arrow keys; the space bar puts it down and lifts it"
        onPointerDown={press}
        onPointerMove={(event) => pen.current.isDown && event.buttons > 0 && move(...placeOf(event))}
        onPointerUp={() => (pen.current.isDown = false)}
        onKeyDown={key}
      />
      <button type="button" onClick={clear}>
        Clear the drawing
      </button>
    </div>
  );
}
