/** A table that a run logged: as it was logged last, or at the step that a slider says. */
import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { loggedTable } from "../../api/customCharts";
import { loggedValues } from "../../api/logged";
import type { RunId } from "../../api/run";
import type { Room } from "../../charts/Frame";
import { DataTable } from "../../components/DataTable";
import { Told } from "../../components/States";
import { StepSlider } from "../../components/StepSlider";
import type { TableRef } from "../../model/logTable";
import { tableRef } from "../../model/logTable";
import { byRun, heldAt, stepsIn } from "../../model/loggedValues";

const SLIDER = 30;

export default function TablePanel({ id, table, room }: { id: RunId; table: TableRef; room: Room }) {
  const [step, setStep] = useState<number>();
  const logged = useQuery({ ...loggedValues(id.project, [id.run], table.key), enabled: room.wasSeen });
  const tables = useMemo(
    () => byRun(logged.data?.values ?? [], (value) => tableRef(table.key, value)).get(id.run) ?? [],
    [logged.data, table.key, id.run],
  );
  // What the summary has is there at once; the steps are known later.
  const chosen = step === undefined ? table : (heldAt(tables, step)?.value ?? table);
  const found = useQuery({ ...loggedTable(id, chosen), enabled: room.wasSeen });
  const steps = stepsIn([tables]);
  const isStepped = steps.length > 1;
  const height = room.height - (isStepped ? SLIDER : 0);
  return (
    <>
      {isStepped && <StepSlider steps={steps} step={step} onStep={setStep} />}
      {found.isError ? (
        <Told error={found.error} />
      ) : found.data === undefined ? (
        <div className="skeleton" style={{ height }} />
      ) : (
        <DataTable title={table.key} table={found.data} height={height} />
      )}
    </>
  );
}
