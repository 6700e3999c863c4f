/** The run's own log: what changed, when, and who changed it. */
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { LoggedEvent, RunId } from "../../api/run";
import { runEvents } from "../../api/run";
import { Ago } from "../../components/Bits";
import { Trouble, Waiting } from "../../components/States";
import { told } from "./told";

export function Events({ id }: { id: RunId }) {
  const [withData, setWithData] = useState(false);
  const found = useQuery(runEvents(id, withData));
  if (found.isError) return <Trouble error={found.error} again={() => void found.refetch()} />;
  return (
    <div className="events">
      <div className="toolbar">
        <label className="check">
          <input type="checkbox" checked={withData} onChange={(event) => setWithData(event.target.checked)} /> Also
          rows, samples and lines as they came
        </label>
        <span className="faint">
          <code>
            wbq diff {id.run}@lsn:N {id.run}
          </code>{" "}
          shows what changed since a position.
        </span>
      </div>
      {found.data === undefined ? <Waiting lines={8} /> : <List events={found.data} />}
    </div>
  );
}

function List({ events }: { events: LoggedEvent[] }) {
  return (
    <table className="events-table">
      <thead>
        <tr>
          <th>Position</th>
          <th>When</th>
          <th>Who</th>
          <th>What</th>
        </tr>
      </thead>
      <tbody>
        {events.map((event) => (
          <tr key={event.lsn}>
            <td className="number mono">{event.lsn}</td>
            <td>
              <Ago moment={event.time} />
            </td>
            <td>{event.actor ?? <span className="faint">the server</span>}</td>
            <td>
              <details>
                <summary>{told(event)}</summary>
                <pre className="code">{JSON.stringify(event.body, null, 2)}</pre>
              </details>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
