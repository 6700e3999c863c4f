/** The files of a run. */
import { useQuery } from "@tanstack/react-query";
import type { RunId } from "../../api/run";
import { fileUrl, files as filesQuery } from "../../api/run";
import { FileBrowser } from "../../components/FileBrowser";
import { Empty, Trouble, Waiting } from "../../components/States";

export function Files({ id }: { id: RunId }) {
  const found = useQuery(filesQuery(id));
  if (found.isError) return <Trouble error={found.error} again={() => void found.refetch()} />;
  if (found.data === undefined) return <Waiting lines={8} />;
  if (found.data.length === 0) {
    return (
      <Empty title="This run has no files">
        <p>A training keeps a file with run.save("name").</p>
      </Empty>
    );
  }
  return <FileBrowser files={found.data} address={(name) => fileUrl(id, name)} />;
}
