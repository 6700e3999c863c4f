/** The editor of statements. It stands in a shadow root, since the page's policy lets no script add styles to the page. */
import { autocompletion, closeBrackets, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { PostgreSQL, sql } from "@codemirror/lang-sql";
import { bracketMatching, syntaxHighlighting } from "@codemirror/language";
import { Compartment, EditorState, Prec } from "@codemirror/state";
import { EditorView, keymap, lineNumbers } from "@codemirror/view";
import { useEffect, useEffectEvent, useRef } from "react";
import { colors, look } from "../../components/code";

interface EditorProps {
  value: string;
  names: Record<string, string[]>;
  /** Where the server found something wrong. */
  place: { line: number; column: number } | null;
  onChange: (value: string) => void;
  onRun: (value: string) => void;
}

const language = new Compartment();

export default function Editor({ value, names, place, onChange, onRun }: EditorProps) {
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView>(null);
  const changed = useEffectEvent(onChange);
  const run = useEffectEvent(onRun);
  const first = useEffectEvent(() => value);

  useEffect(() => {
    if (host.current === null) return;
    const root = host.current.shadowRoot ?? host.current.attachShadow({ mode: "open" });
    const editor = new EditorView({
      root,
      parent: root,
      state: EditorState.create({
        doc: first(),
        extensions: [
          Prec.highest(keymap.of([{ key: "Mod-Enter", run: ({ state }) => (run(state.doc.toString()), true) }])),
          lineNumbers(),
          history(),
          bracketMatching(),
          closeBrackets(),
          autocompletion(),
          keymap.of([...completionKeymap, ...defaultKeymap, ...historyKeymap]),
          language.of(sql({ dialect: PostgreSQL })),
          syntaxHighlighting(colors),
          look,
          EditorView.lineWrapping,
          EditorView.contentAttributes.of({ "aria-label": "SQL" }),
          EditorView.updateListener.of((update) => update.docChanged && changed(update.state.doc.toString())),
        ],
      }),
    });
    view.current = editor;
    editor.focus();
    return () => {
      editor.destroy();
      view.current = null;
    };
  }, []);

  useEffect(() => {
    const editor = view.current;
    if (editor !== null && editor.state.doc.toString() !== value)
      editor.dispatch({ changes: { from: 0, to: editor.state.doc.length, insert: value } });
  }, [value]);

  useEffect(() => {
    view.current?.dispatch({
      effects: language.reconfigure(sql({ dialect: PostgreSQL, schema: names, upperCaseKeywords: true })),
    });
  }, [names]);

  useEffect(() => {
    const editor = view.current;
    if (editor === null || place === null || place.line > editor.state.doc.lines) return;
    const line = editor.state.doc.line(place.line);
    const at = Math.min(line.to, line.from + place.column - 1);
    const end = editor.state.wordAt(at)?.to ?? at;
    editor.dispatch({ selection: { anchor: at, head: end }, scrollIntoView: true });
  }, [place]);

  return <div ref={host} className="sql-host" />;
}
