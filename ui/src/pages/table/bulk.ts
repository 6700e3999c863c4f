/** One thing done to many runs, a few at a time; what fails does not hold up the others. */
import type { Outcome } from "../../api/runs";
import { counted } from "../../model/format";

const AT_ONCE = 4;

export async function eachOf(ids: string[], act: (id: string) => Promise<Outcome>): Promise<(Outcome | Error)[]> {
  const results: (Outcome | Error)[] = [];
  const waiting = ids.entries();
  const worker = async () => {
    for (const [index, id] of waiting) {
      results[index] = await act(id).catch((error: unknown) =>
        error instanceof Error ? error : new Error(String(error)),
      );
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return results;
}

/** What came of it, in a sentence. */
export function told(done: string, results: (Outcome | Error)[]): string {
  const failures = results.filter((result) => result instanceof Error);
  const changed = results.filter((result) => !(result instanceof Error) && result.changed).length;
  const first = failures[0];
  const unchanged = results.length - changed - failures.length;
  const parts = [`${counted(changed, "run")} ${done}`];
  if (unchanged > 0) parts.push(`${unchanged} unchanged`);
  if (first !== undefined) parts.push(`${failures.length} not: ${first.message}`);
  return parts.join(", ");
}
