import { expect, test } from "vitest";
import { changed, NO_PAST, redone, undone } from "./undo";

test("changes are taken back one by one and made again, until something else is changed", () => {
  let past = changed(changed<string>(NO_PAST, "a"), "b");
  const back = undone(past, "c");
  expect(back?.[1]).toBe("b");
  [past] = back ?? [past];
  expect(redone(past, "b")?.[1]).toBe("c");
  expect(undone(past, "b")?.[1]).toBe("a");
  const other = changed(past, "b");
  expect(redone(other, "d")).toBeNull();
  expect(undone(NO_PAST, "a")).toBeNull();
});
