/** A board as a short text of letters, digits, `-` and `_`, as an address keeps it: JSON, deflated, in base64. */
import { deflateSync, inflateSync, strFromU8, strToU8 } from "fflate";
import type { Board } from "./board";
import { isPlain, PLAIN, readBoard } from "./board";

/** Longer ones are no address that a browser or a server takes. */
export const TEXT_MAX = 32_000;
const JSON_MAX = 1 << 20;

export function writeBoard(board: Board): string | undefined {
  if (isPlain(board)) return undefined;
  const packed = strFromU8(deflateSync(strToU8(JSON.stringify(board)), { level: 9 }), true);
  return btoa(packed).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** The board that a text says; null where it says none. */
export function boardOf(text: string | undefined): Board | null {
  if (text === undefined) return PLAIN;
  if (text.length > TEXT_MAX) return null;
  try {
    const packed = strToU8(atob(text.replaceAll("-", "+").replaceAll("_", "/")), true);
    // What would unpack to more than that fills the space and is no JSON.
    const unpacked = inflateSync(packed, { out: new Uint8Array(JSON_MAX) });
    return readBoard(JSON.parse(strFromU8(unpacked)));
  } catch {
    return null;
  }
}
