/** Ctrl+K: going anywhere by typing where. */
import { useQuery } from "@tanstack/react-query";
import { useRouter } from "@tanstack/react-router";
import type { KeyboardEvent } from "react";
import { useEffect, useId, useState } from "react";
import { runsFound } from "../api/find";
import { projects } from "../api/projects";
import { matching } from "../pages/home/matching";
import { Modal } from "./Modal";

interface Place {
  label: string;
  note: string;
  href: string;
}

const PAGES: Place[] = [
  { label: "Projects", note: "page", href: "/" },
  { label: "SQL", note: "page", href: "/sql" },
  { label: "Connect a training", note: "page", href: "/authorize" },
  { label: "Settings", note: "page", href: "/settings" },
];

export function Palette() {
  const [isOpen, setOpen] = useState(false);
  useEffect(() => {
    const onKey = (event: globalThis.KeyboardEvent) => {
      if (event.key !== "k" || !(event.ctrlKey || event.metaKey)) return;
      event.preventDefault();
      setOpen(true);
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, []);
  return (
    <>
      <button type="button" className="button quiet" onClick={() => setOpen(true)}>
        Go to <kbd className="wide">Ctrl K</kbd>
      </button>
      {isOpen && <Finder onClose={() => setOpen(false)} />}
    </>
  );
}

function Finder({ onClose }: { onClose: () => void }) {
  const [typed, setTyped] = useState("");
  const [marked, setMarked] = useState(0);
  const list = useId();
  const router = useRouter();
  const known = useQuery(projects);
  const wanted = typed.trim();
  const runs = useQuery({ ...runsFound(wanted), enabled: wanted.length > 1 });
  const path = (...parts: string[]) => `/${parts.map(encodeURIComponent).join("/")}`;
  const places: Place[] = [
    ...PAGES.filter(({ label }) => label.toLowerCase().includes(wanted.toLowerCase())),
    ...matching(known.data ?? [], typed)
      .slice(0, 6)
      .flatMap(({ entity, project }) => [
        { label: `${entity}/${project}`, note: "runs table", href: `${path(entity, project)}/table` },
        { label: `${entity}/${project}`, note: "workspace", href: `${path(entity, project)}/workspace` },
      ]),
    ...(wanted.length > 1 ? (runs.data ?? []) : []).map(({ entity, project, run, name }) => ({
      label: name,
      note: `run of ${project}`,
      href: `${path(entity, project)}/runs/${encodeURIComponent(run)}`,
    })),
  ];
  const go = (place: Place | undefined) => {
    if (place === undefined) return;
    onClose();
    void router.navigate({ href: place.href });
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const by = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (by !== 0) {
      event.preventDefault();
      setMarked((before) => (places.length === 0 ? 0 : (before + by + places.length) % places.length));
    } else if (event.key === "Enter") go(places[marked]);
  };
  return (
    <Modal title="Go to" onClose={onClose}>
      <input
        className="field finder"
        role="combobox"
        aria-label="Go to"
        aria-expanded
        aria-controls={list}
        aria-activedescendant={places.length > 0 ? `${list}-${marked}` : undefined}
        placeholder="A project, a run, a page"
        value={typed}
        onChange={(event) => {
          setTyped(event.target.value);
          setMarked(0);
        }}
        onKeyDown={onKeyDown}
      />
      <ul id={list} role="listbox" aria-label="Places" className="finder-list">
        {places.map((place, index) => (
          <li
            key={place.href}
            id={`${list}-${index}`}
            role="option"
            aria-selected={index === marked}
            className="menu-item"
            onClick={() => go(place)}
          >
            <span className="cut">{place.label}</span>
            <span className="faint">{place.note}</span>
          </li>
        ))}
      </ul>
      {places.length === 0 && <p className="faint">Nothing is called so.</p>}
    </Modal>
  );
}
