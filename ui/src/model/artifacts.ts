/** What the names and addresses of an artifact's files say of them, and collections in their types. */

/** Kinds of files that a browser shows, by the ends of their names: the lists of artifacts tell none. */
const KINDS: Record<string, string> = {
  png: "image/png",
  jpg: "image/jpeg",
  jpeg: "image/jpeg",
  gif: "image/gif",
  webp: "image/webp",
  mp4: "video/mp4",
  wav: "audio/wav",
  json: "application/json",
  csv: "text/csv",
  tsv: "text/plain",
  txt: "text/plain",
  html: "text/html",
};

/** Its media type; "" where the name does not say it. */
export function kindOf(name: string): string {
  return KINDS[/\.([^./]+)$/.exec(name)?.[1]?.toLowerCase() ?? ""] ?? "";
}

/** An address of this server's own, which carries its permission: what was signed, a dot, and the signature. */
const OWN = /^\/files\/[\w-]+\.[\w-]{43}(\/|$)/;

/** What a file refers to where its content is not on this server. */
export function refersTo(address: string): string | undefined {
  const isOwn = /^https?:/.test(address) && OWN.test(new URL(address).pathname);
  return isOwn ? undefined : address;
}

export function byName({ name: one }: { name: string }, { name: other }: { name: string }): number {
  return one < other ? -1 : one > other ? 1 : 0;
}

/** Collections by their types, of those alone that have what is typed in name or type. */
export function byKind<Found extends { name: string; kind: string }>(
  all: Found[],
  typed: string,
): { kind: string; collections: Found[] }[] {
  const wanted = typed.trim().toLowerCase();
  const kinds = new Map<string, Found[]>();
  for (const found of all) {
    if (!`${found.kind}/${found.name}`.toLowerCase().includes(wanted)) continue;
    kinds.set(found.kind, [...(kinds.get(found.kind) ?? []), found]);
  }
  return [...kinds]
    .map(([kind, collections]) => ({ kind, collections }))
    .sort((a, b) => byName({ name: a.kind }, { name: b.kind }));
}

/** The version that an address names: by its number, or by an alias. */
export function versionNamed<Found extends { version: string | null; aliases: string[] }>(
  all: Found[],
  name: string,
): Found | undefined {
  return all.find(({ version }) => version === name) ?? all.find(({ aliases }) => aliases.includes(name));
}
