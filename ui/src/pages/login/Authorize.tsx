/** Where the wandb client sends people for a key. */
import { Copy } from "../../components/Bits";
import { PasteLines } from "../../components/Bits";
import "./login.css";

export function Authorize() {
  const login = `wandb login --host ${location.origin}`;
  return (
    <section className="authorize">
      <h1>Connect a training</h1>
      <p className="soft">
        The client asks for an API key. Yours is the one that you signed in with; it is stored as a hash, so this page
        cannot show it again. An admin makes another with <code>wbq user add NAME</code>.
      </p>
      <h2>Once on a machine</h2>
      <div style={{ position: "relative" }}>
        <pre className="code" tabIndex={0} aria-label="The command to sign in">
          {login}
        </pre>
        <div style={{ position: "absolute", top: 6, right: 6 }}>
          <Copy text={login} />
        </div>
      </div>
      <p className="soft">It asks for the key: paste it there.</p>
      <h2>Or for one training</h2>
      <PasteLines />
      <p className="soft">Nothing in the script changes. The address of the run’s page is printed when it begins.</p>
    </section>
  );
}
