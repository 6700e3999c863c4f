import { expect, test } from "vitest";
import { pageBehind, ticketIn } from "./ticket";

test("the ticket and the page stand behind the sign", () => {
  expect(ticketIn("#ticket=abc&to=%2Fada%2Fdigits%2Fruns%2Fx")).toEqual({ ticket: "abc", page: "/ada/digits/runs/x" });
  expect(ticketIn("")).toBeNull();
  expect(ticketIn("#ticket=&to=/")).toBeNull();
});

test.each([
  "https://evil.example/",
  "//evil.example",
  "/\\evil.example",
  "javascript:alert(1)",
  "",
  null,
  undefined,
  "/login?to=/x",
])("%s leads to the first page", (to) => {
  expect(pageBehind(to)).toBe("/");
});

test("a page keeps what its address says", () => {
  expect(pageBehind("/ada/digits/table?filter=state+%3D+Failed")).toBe("/ada/digits/table?filter=state+%3D+Failed");
});
