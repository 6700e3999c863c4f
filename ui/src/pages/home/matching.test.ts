import { expect, test } from "vitest";
import { matching } from "./matching";

test("every word that is typed is in the name", () => {
  const projects = [
    { entity: "ada", project: "digits" },
    { entity: "team", project: "Digits-large" },
  ];
  const found = (typed: string) => matching(projects, typed).map(({ entity }) => entity);
  expect([found(""), found("DIG"), found("team dig"), found("letters")]).toEqual([
    ["ada", "team"],
    ["ada", "team"],
    ["team"],
    [],
  ]);
});
