/** The frame of a panel: its title, what can be done to it, and room for what it shows once it comes on the screen. */
import type { ReactNode } from "react";
import { useEffect, useRef, useState } from "react";
import { HEIGHT } from "../model/panel";

export interface Room {
  height: number;
  isWide: boolean;
  /** Whether it has been on the screen, or nearly. */
  wasSeen: boolean;
}

interface FrameProps {
  title: string;
  height?: number | undefined;
  grip?: ReactNode;
  actions?: ReactNode;
  corner?: ReactNode;
  children: (room: Room) => ReactNode;
}

export function Frame({ title, height = HEIGHT, grip, actions, corner, children }: FrameProps) {
  const place = useRef<HTMLElement>(null);
  const wasSeen = useSeen(place);
  const [isWide, setWide] = useState(false);
  useEffect(() => {
    if (!isWide) return;
    // What stands over it closes first.
    const close = (event: KeyboardEvent) => event.key === "Escape" && !event.defaultPrevented && setWide(false);
    addEventListener("keydown", close);
    return () => removeEventListener("keydown", close);
  }, [isWide]);
  const room = isWide ? Math.max(200, innerHeight - 140) : height;
  return (
    <article ref={place} className={isWide ? "panel wide" : "panel"} aria-label={title}>
      <div className="panel-head">
        {!isWide && grip}
        <h3 className="cut" title={title}>
          {title}
        </h3>
        <button
          type="button"
          className="button quiet icon small"
          aria-label={isWide ? "Make small" : `Make ${title} large`}
          onClick={() => setWide(!isWide)}
        >
          {isWide ? "×" : "⤢"}
        </button>
        {!isWide && actions}
      </div>
      <div className="panel-body" style={{ height: room }}>
        {children({ height: room, isWide, wasSeen })}
      </div>
      {!isWide && corner}
    </article>
  );
}

function useSeen(place: React.RefObject<HTMLElement | null>): boolean {
  const [wasSeen, setSeen] = useState(false);
  useEffect(() => {
    if (wasSeen || place.current === null) return;
    const watch = new IntersectionObserver(
      (entries) => entries.some(({ isIntersecting }) => isIntersecting) && setSeen(true),
      { rootMargin: "200px" },
    );
    watch.observe(place.current);
    return () => watch.disconnect();
  }, [place, wasSeen]);
  return wasSeen;
}
