/** Signing in: by a key that is pasted, by a name and a password, or by the ticket in the address that `wbq open` made. */
import { useQueryClient } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import type { SyntheticEvent } from "react";
import { useEffect, useEffectEvent, useRef, useState } from "react";
import type { Proof } from "../../api/session";
import { session, signIn } from "../../api/session";
import { Told } from "../../components/States";
import mark from "../../mark.svg";
import "./login.css";
import { pageBehind, ticketIn } from "./ticket";

export function Login() {
  const { to } = useSearch({ from: "/login" });
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const client = useQueryClient();
  const navigate = useNavigate();

  const [byPassword, setByPassword] = useState(false);

  const enter = async (proof: Proof, page: string) => {
    setBusy(true);
    setError(null);
    try {
      client.setQueryData(session.queryKey, await signIn(proof));
      await navigate({ href: page, replace: true });
    } catch (failed) {
      setError(failed);
      setBusy(false);
    }
  };

  const byTicket = useEffectEvent(() => {
    const found = ticketIn(location.hash);
    if (found !== null) void enter({ ticket: found.ticket }, found.page);
  });
  const wasTried = useRef(false);
  useEffect(() => {
    // A ticket works once, and effects of a page under development run twice.
    if (!wasTried.current) byTicket();
    wasTried.current = true;
  }, []);

  const submit = (event: SyntheticEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const said = (name: string) => {
      const value = form.get(name);
      return typeof value === "string" ? value : "";
    };
    const [key, user, password] = [said("key"), said("user").trim(), said("password")];
    if (byPassword && user !== "") void enter({ password: { user, password } }, pageBehind(to));
    else if (key.trim() !== "") void enter({ key }, pageBehind(to));
  };

  return (
    <main className="login">
      <form className="login-card" onSubmit={submit}>
        <img src={mark} width="40" height="40" alt="" />
        <h1>Sign in to wbq</h1>
        {byPassword ? (
          <>
            <label className="labelled">
              Name
              <input className="field" name="user" autoComplete="username" spellCheck={false} autoFocus required />
            </label>
            <label className="labelled">
              Password
              <input className="field" name="password" type="password" autoComplete="current-password" required />
            </label>
          </>
        ) : (
          <label className="labelled">
            API key
            <input
              className="field mono"
              name="key"
              type="password"
              autoComplete="current-password"
              spellCheck={false}
              autoFocus
              required
            />
          </label>
        )}
        {error !== null && <Told error={error} />}
        <button type="submit" className="button primary" disabled={isBusy}>
          {isBusy ? "Signing in…" : "Sign in"}
        </button>
        <button
          type="button"
          className="button quiet"
          onClick={() => {
            setError(null);
            setByPassword(!byPassword);
          }}
        >
          {byPassword ? "Sign in with a key" : "Sign in with a password"}
        </button>
        <p className="faint">
          The first start of <code>wbq serve</code> printed a key; an admin makes more with{" "}
          <code>wbq user add NAME</code>. On the server’s machine, <code>wbq open</code> signs you in without one.
        </p>
      </form>
    </main>
  );
}
