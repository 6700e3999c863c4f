/** Following events on a page. */
import { useEffect, useEffectEvent, useState } from "react";
import type { Followed } from "../api/events";
import { follow } from "../api/events";

/**
 * Calls `onEvents` with what happened, at most once in so many milliseconds; gives whether the line stands. Without a
 * filter nothing is followed.
 */
export function useLive(filter: string | null, onEvents: (events: Followed[]) => void, everyMs = 500): boolean {
  const [isUp, setUp] = useState(true);
  const told = useEffectEvent(onEvents);
  useEffect(() => {
    if (filter === null) return;
    let waiting: Followed[] = [];
    let timer: ReturnType<typeof setTimeout> | undefined;
    let last = 0;
    const flush = () => {
      timer = undefined;
      last = Date.now();
      const events = waiting;
      waiting = [];
      told(events);
    };
    const end = follow(
      filter,
      (event) => {
        waiting.push(event);
        timer ??= setTimeout(flush, Math.max(0, everyMs - (Date.now() - last)));
      },
      setUp,
    );
    return () => {
      clearTimeout(timer);
      end();
    };
  }, [filter, everyMs]);
  return isUp || filter === null;
}

/** Says that the line is down, and that it is being mended. */
export function Offline({ isUp }: { isUp: boolean }) {
  if (isUp) return null;
  return (
    <div className="told warn offline" role="status">
      The connection is lost. What you see is what was last heard; it goes on by itself.
    </div>
  );
}
