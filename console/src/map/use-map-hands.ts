// Moving a map by mouse, by one finger or two, by wheel and by keys.
import { type KeyboardEvent, type PointerEvent, type RefObject, useEffect, useRef } from "react";
import { type MapView, type Pixel, pan, type Size, zoomAt } from "./view.ts";

const keyStepPixels = 60;
const zoomStep = 1.5;
/** A hand that moved less has clicked. */
const clickPixels = 4;

export interface MapHands {
  readonly onPointerDown: (event: PointerEvent) => void;
  readonly onPointerMove: (event: PointerEvent) => void;
  readonly onPointerUp: (event: PointerEvent) => void;
  readonly onPointerCancel: (event: PointerEvent) => void;
  readonly onKeyDown: (event: KeyboardEvent) => void;
}

interface MapHandsOptions {
  readonly host: RefObject<HTMLElement | null>;
  readonly size: Size;
  readonly change: (next: (view: MapView) => MapView) => void;
  readonly onFit: () => void;
}

export function useMapHands({ host, size, change, onFit }: MapHandsOptions): MapHands {
  const pointers = useRef(new Map<number, Pixel>());
  const moved = useRef(0);
  useWheel(host, size, change);
  const pixelOf = (event: PointerEvent): Pixel => {
    const box = host.current?.getBoundingClientRect();
    return [event.clientX - (box?.left ?? 0), event.clientY - (box?.top ?? 0)];
  };
  const end = (event: PointerEvent): void => {
    pointers.current.delete(event.pointerId);
  };
  return {
    onPointerDown: (event) => {
      if (event.button !== 0) return;
      moved.current = 0;
      pointers.current.set(event.pointerId, pixelOf(event));
    },
    onPointerMove: (event) => {
      const before = pointers.current.get(event.pointerId);
      if (before === undefined) return;
      const after = pixelOf(event);
      const step: Pixel = [after[0] - before[0], after[1] - before[1]];
      moved.current += Math.hypot(...step);
      // Only a drag is kept from the marks below it; a click reaches them.
      if (moved.current > clickPixels) host.current?.setPointerCapture(event.pointerId);
      const [other] = [...pointers.current].flatMap(([id, pixel]) => (id === event.pointerId ? [] : [pixel]));
      pointers.current.set(event.pointerId, after);
      if (other === undefined) change((view) => pan(view, step));
      else change((view) => pinch(view, size, { before, after, other }));
    },
    onPointerUp: end,
    onPointerCancel: end,
    onKeyDown: (event) => {
      const next = afterKey(event.key, size);
      if (event.key === "0") onFit();
      else if (next !== null) change(next);
      if (event.key === "0" || next !== null) event.preventDefault();
    },
  };
}

/** The place between two fingers stays there, and the map grows with their distance. */
function pinch(
  view: MapView,
  size: Size,
  fingers: { readonly before: Pixel; readonly after: Pixel; readonly other: Pixel },
): MapView {
  const { before, after, other } = fingers;
  const apart = (pixel: Pixel): number => Math.max(1, Math.hypot(pixel[0] - other[0], pixel[1] - other[1]));
  const middle = (pixel: Pixel): Pixel => [(pixel[0] + other[0]) / 2, (pixel[1] + other[1]) / 2];
  const [from, to] = [middle(before), middle(after)];
  return zoomAt(pan(view, [to[0] - from[0], to[1] - from[1]]), size, to, apart(after) / apart(before));
}

function afterKey(key: string, size: Size): ((view: MapView) => MapView) | null {
  const middle: Pixel = [size.width / 2, size.height / 2];
  switch (key) {
    case "ArrowLeft":
      return (view) => pan(view, [keyStepPixels, 0]);
    case "ArrowRight":
      return (view) => pan(view, [-keyStepPixels, 0]);
    case "ArrowUp":
      return (view) => pan(view, [0, keyStepPixels]);
    case "ArrowDown":
      return (view) => pan(view, [0, -keyStepPixels]);
    case "+":
    case "=":
      return (view) => zoomAt(view, size, middle, zoomStep);
    case "-":
      return (view) => zoomAt(view, size, middle, 1 / zoomStep);
    default:
      return null;
  }
}

/** By hand, because a listener that React sets may not hold the page from scrolling. */
function useWheel(
  host: RefObject<HTMLElement | null>,
  size: Size,
  change: (next: (view: MapView) => MapView) => void,
): void {
  useEffect(() => {
    const element = host.current;
    if (element === null) return;
    const turn = (event: WheelEvent): void => {
      event.preventDefault();
      const box = element.getBoundingClientRect();
      const pixel: Pixel = [event.clientX - box.left, event.clientY - box.top];
      const factor = Math.exp(-Math.max(-200, Math.min(200, event.deltaY)) / 300);
      change((view) => zoomAt(view, size, pixel, factor));
    };
    element.addEventListener("wheel", turn, { passive: false });
    return () => element.removeEventListener("wheel", turn);
  }, [host, size, change]);
}
