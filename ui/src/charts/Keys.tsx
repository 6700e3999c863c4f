/** Which colour means what, in one line. */
export const KEYS_HEIGHT = 22;

export function Keys({ of, keys }: { of: string | undefined; keys: { label: string; color: string }[] }) {
  if (of === undefined || keys.length === 0) return null;
  return (
    <ul className="legend dots" tabIndex={0} aria-label={`Colours of ${of}`}>
      <li className="faint">{of.replace(/^(config|summary)\./, "")}</li>
      {keys.map(({ label, color }) => (
        <li key={label}>
          <i style={{ background: color }} />
          {label}
        </li>
      ))}
    </ul>
  );
}
