import { heights } from "../../model/groups";

/** Runs begun on each of the last days, as bars. */
export function Spark({ counts }: { counts: number[] }) {
  const total = counts.reduce((sum, count) => sum + count, 0);
  return (
    <svg
      className="spark"
      viewBox={`0 0 ${counts.length * 4} 20`}
      role="img"
      aria-label={`${total} runs begun in ${counts.length} days`}
    >
      {heights(counts).map((height, day) => (
        <rect
          key={day}
          x={day * 4}
          width="3"
          y={20 - Math.max(1, height * 19)}
          height={Math.max(1, height * 19)}
          className={height > 0 ? "some" : "none"}
        />
      ))}
    </svg>
  );
}
