/** The one door to the server: every request, its errors as values, and the token that changes need. */

export type ErrorKind =
  "signed_out" | "forbidden" | "not_found" | "invalid" | "busy" | "damaged" | "unreachable" | "internal";

/** Why a request was not served. */
export class ApiError extends Error {
  constructor(
    message: string,
    readonly kind: ErrorKind,
    readonly hint: string | null = null,
    readonly position: { line: number; column: number } | null = null,
  ) {
    super(message);
  }
}

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

let csrf: string | null = null;

/** The token of this session, which `GET /api/session` tells. */
export function setCsrf(token: string | null): void {
  csrf = token;
}

export interface Asked {
  method?: "GET" | "POST" | "DELETE";
  body?: Json;
  accept?: string;
  signal?: AbortSignal | undefined;
}

/** Sends a request; gives the answer if the server did what it was asked to. */
export async function send(path: string, { method = "POST", body, accept, signal }: Asked): Promise<Response> {
  const headers: Record<string, string> = { Accept: accept ?? "application/json" };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (method !== "GET" && csrf !== null) headers["X-Wbq-Csrf"] = csrf;
  let response: Response;
  try {
    response = await fetch(path, {
      method,
      headers,
      credentials: "same-origin",
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(signal === undefined ? {} : { signal }),
    });
  } catch (cause) {
    if (signal?.aborted) throw cause;
    throw new ApiError("the server cannot be reached", "unreachable", "it is asked again by itself");
  }
  if (!response.ok) throw await refused(response);
  return response;
}

/** The answer as JSON. */
export async function ask(path: string, asked: Asked): Promise<Json> {
  return (await (await send(path, asked)).json()) as Json;
}

async function refused(response: Response): Promise<ApiError> {
  const kind = kindOf(response.status);
  const text = await response.text();
  let body: Json;
  try {
    body = JSON.parse(text) as Json;
  } catch {
    return new ApiError(`the server answered ${response.status}`, kind);
  }
  const told = member(body, "error") ?? first(member(body, "errors"));
  const message = member(told, "message");
  const hint = member(told, "hint");
  const place = member(told, "position");
  const [line, column] = [member(place, "line"), member(place, "column")];
  return new ApiError(
    typeof message === "string" ? message : `the server answered ${response.status}`,
    member(told, "kind") === "damaged" ? "damaged" : kind,
    typeof hint === "string" ? hint : null,
    typeof line === "number" && typeof column === "number" ? { line, column } : null,
  );
}

function kindOf(status: number): ErrorKind {
  if (status === 401) return "signed_out";
  if (status === 403) return "forbidden";
  if (status === 404) return "not_found";
  if (status === 429 || status === 503 || status === 504) return "busy";
  return status < 500 ? "invalid" : "internal";
}

/** A member of what may be an object. */
export function member(value: Json | undefined, name: string): Json | undefined {
  return value !== null && typeof value === "object" && !Array.isArray(value) ? value[name] : undefined;
}

function first(value: Json | undefined): Json | undefined {
  return Array.isArray(value) ? value[0] : undefined;
}
