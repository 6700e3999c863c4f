/** A table that a run logged, as it was logged last. */
import { useQuery } from "@tanstack/react-query";
import { loggedTable } from "../../api/customCharts";
import type { RunId } from "../../api/run";
import type { Room } from "../../charts/Frame";
import { DataTable } from "../../components/DataTable";
import { Told } from "../../components/States";
import type { TableRef } from "../../model/logTable";

export default function TablePanel({ id, table, room }: { id: RunId; table: TableRef; room: Room }) {
  const found = useQuery({ ...loggedTable(id, table), enabled: room.wasSeen });
  if (found.isError) return <Told error={found.error} />;
  if (found.data === undefined) return <div className="skeleton" style={{ height: room.height }} />;
  return <DataTable title={table.key} table={found.data} height={room.height} />;
}
