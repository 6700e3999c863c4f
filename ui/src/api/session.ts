/** Who is signed in. */
import { queryOptions } from "@tanstack/react-query";
import type { Json } from "./http";
import { ask, setCsrf } from "./http";
import { member, text, textOrNull } from "./read";

export interface Session {
  user: string;
  isAdmin: boolean;
  version: string;
}

function read(answer: Json): Session {
  setCsrf(textOrNull(member(answer, "csrf")));
  return {
    user: text(member(answer, "user")),
    isAdmin: member(answer, "is_admin") === true,
    version: text(member(answer, "version")),
  };
}

export const session = queryOptions({
  queryKey: ["session"],
  queryFn: async () => read(await ask("/api/session", { method: "GET" })),
  staleTime: Infinity,
  retry: false,
});

/** By what somebody signs in. */
export type Proof = { key: string } | { password: { user: string; password: string } } | { ticket: string };

export async function signIn(proof: Proof): Promise<Session> {
  return read(await ask("/login", { body: proof }));
}

export async function signOut(): Promise<void> {
  await ask("/api/session", { method: "DELETE" });
  setCsrf(null);
}
