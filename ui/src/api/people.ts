/** Users, teams, roles and keys, as far as the caller may know and change them. */
import { queryOptions } from "@tanstack/react-query";
import type { Json } from "./http";
import { ask } from "./http";
import type { Row } from "./read";
import { member, numberOrNull, rows, text, texts } from "./read";

function command(name: string, more: { [key: string]: Json } = {}): Promise<Json> {
  return ask("/api/commands", { body: { command: name, ...more } });
}

export interface Role {
  user: string;
  /** `entity` or `entity/project`. */
  on: string;
  role: string;
}

function roleOf(row: Row): Role {
  return { user: text(row.user), on: text(row.on), role: text(row.role) };
}

export interface Key {
  /** What names it: its beginning. */
  id: string;
  user: string;
  note: string;
  /** When it stops working, in milliseconds since 1970. */
  expires: number | null;
  /** The one role that it has; null where it may what its owner may. */
  only: Role | null;
}

/** The caller's keys; to admins those of all. */
export const keys = queryOptions({
  queryKey: ["people", "keys"],
  queryFn: async () =>
    rows(member(await command("key_list"), "keys")).map((row): Key => {
      const expires = numberOrNull(row.expires);
      const only = row.only;
      return {
        id: text(row.id),
        user: text(row.user),
        note: text(row.note),
        expires: expires === null ? null : expires / 1e6,
        only: only === null || only === undefined ? null : roleOf(only as Row),
      };
    }),
});

export interface User {
  name: string;
  isAdmin: boolean;
  keys: number;
}

/** All users: for admins. */
export const users = queryOptions({
  queryKey: ["people", "users"],
  queryFn: async () =>
    rows(member(await command("user_list"), "users")).map((row): User => ({
      name: text(row.name),
      isAdmin: row.admin === true,
      keys: texts(row.keys).length,
    })),
});

/** The teams that the caller is in; to admins all. */
export const teams = queryOptions({
  queryKey: ["people", "teams"],
  queryFn: async () => rows(member(await command("team_list"), "teams")).map((row) => text(row.name)),
});

/** The roles that the caller has or gives. */
export const roles = queryOptions({
  queryKey: ["people", "roles"],
  queryFn: async () => rows(member(await command("role_list"), "roles")).map(roleOf),
});

/** What is shown once and never again. */
export interface Secret {
  /** Whose. */
  user: string;
  key: string;
}

export interface NewKey {
  note: string;
  only: { role: string; on: string } | null;
  expiresSeconds: number | null;
}

export async function newKey({ note, only, expiresSeconds }: NewKey): Promise<Secret> {
  const answer = await command("key_new", {
    note,
    role: only?.role ?? null,
    on: only?.on ?? null,
    expires_seconds: expiresSeconds,
  });
  return { user: text(member(answer, "user")), key: text(member(answer, "key")) };
}

export const revokeKey = (id: string) => command("key_revoke", { id });

export async function addUser(name: string): Promise<Secret> {
  const answer = await command("user_add", { name });
  return { user: text(member(answer, "name")), key: text(member(answer, "key")) };
}

export const addTeam = (name: string) => command("team_add", { name });

export const grant = ({ user, role, on }: Role) => command("role_grant", { user, role, on });
