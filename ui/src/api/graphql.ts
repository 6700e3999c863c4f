/** Questions in GraphQL, for what only the client's own schema tells. */
import type { Json } from "./http";
import { ApiError, ask } from "./http";
import { member, rows, text, textOrNull } from "./read";

/** The answer's data. What the server refuses in it is an error as any other. */
export async function graphql(
  query: string,
  variables: { [name: string]: Json },
  signal?: AbortSignal,
): Promise<Json | undefined> {
  const answer = await ask("/graphql", { body: { query, variables }, signal });
  const errors = member(answer, "errors");
  const first = Array.isArray(errors) ? errors[0] : undefined;
  if (first !== undefined) throw new ApiError(text(member(first, "message")), "invalid");
  return member(answer, "data");
}

/** Nodes of a connection. */
export function nodesOf(connection: Json | undefined): Json[] {
  return rows(member(connection, "edges")).flatMap(({ node }) => (node === null || node === undefined ? [] : [node]));
}

export interface Paged {
  nodes: Json[];
  isWhole: boolean;
}

/** Nodes of all pages of a connection, up to `max`. */
export async function allNodes(page: (after: string | null) => Promise<Json | undefined>, max: number): Promise<Paged> {
  const nodes: Json[] = [];
  let after: string | null = null;
  do {
    const connection: Json | undefined = await page(after);
    if (connection === undefined || connection === null) break;
    nodes.push(...nodesOf(connection));
    const info: Json | undefined = member(connection, "pageInfo");
    after = member(info, "hasNextPage") === true ? textOrNull(member(info, "endCursor")) : null;
  } while (after !== null && nodes.length < max);
  return { nodes, isWhole: after === null };
}

/** An address on this server, whatever name the server has for itself. */
export function pathOf(address: string): string {
  return new URL(address, location.origin).pathname;
}
