/** Which address shows which page. What a page shows and a person would share stands in the address. */
import { QueryCache, QueryClient } from "@tanstack/react-query";
import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
  redirect,
} from "@tanstack/react-router";
import { ApiError } from "./api/http";
import { session } from "./api/session";
import { Shell } from "./components/Shell";
import { Broken, NotFound } from "./components/States";
import { readTable, readWorkspace } from "./pages/address";

export const client = new QueryClient({
  queryCache: new QueryCache({
    onError: (error) => {
      if (error instanceof ApiError && error.kind === "signed_out") toSignIn();
    },
  }),
  defaultOptions: {
    queries: {
      refetchOnWindowFocus: false,
      staleTime: 5_000,
      // What is wrong stays wrong; what passes is asked again.
      retry: (count, error) =>
        error instanceof ApiError && (error.kind === "busy" || error.kind === "unreachable") && count < 8,
      retryDelay: (count) => Math.min(8_000, 500 * 2 ** count),
    },
  },
});

function toSignIn(): void {
  const { pathname, searchStr } = router.state.location;
  if (pathname === "/login") return;
  client.removeQueries({ queryKey: session.queryKey });
  void router.navigate({ to: "/login", search: { to: pathname + searchStr } });
}

const root = createRootRoute({ component: Outlet, notFoundComponent: NotFound });

const login = createRoute({
  getParentRoute: () => root,
  path: "/login",
  validateSearch: (search: Record<string, unknown>): { to?: string } =>
    typeof search.to === "string" ? { to: search.to } : {},
  component: lazyRouteComponent(() => import("./pages/login/Login"), "Login"),
});

/** Pages for who is signed in. */
const inside = createRoute({
  getParentRoute: () => root,
  id: "inside",
  component: Shell,
  beforeLoad: async ({ location }) => {
    try {
      await client.query({ ...session, staleTime: "static" });
    } catch (error) {
      if (!(error instanceof ApiError) || error.kind !== "signed_out") throw error;
      // eslint-disable-next-line @typescript-eslint/only-throw-error -- how this router is told to go elsewhere
      throw redirect({ to: "/login", search: { to: location.pathname + location.searchStr } });
    }
  },
  errorComponent: Broken,
});

const page = <Path extends string>(path: Path, component: ReturnType<typeof lazyRouteComponent>) =>
  createRoute({ getParentRoute: () => inside, path, component });

const project = createRoute({
  getParentRoute: () => inside,
  path: "/$entity/$project",
  component: lazyRouteComponent(() => import("./pages/project/Project"), "Project"),
});
const workspacePage = lazyRouteComponent(() => import("./pages/workspace/Workspace"), "Workspace");
const workspace = (path: "/" | "/workspace") =>
  createRoute({ getParentRoute: () => project, path, validateSearch: readWorkspace, component: workspacePage });
const table = createRoute({
  getParentRoute: () => project,
  path: "/table",
  validateSearch: readTable,
  component: lazyRouteComponent(() => import("./pages/table/Table"), "Table"),
});

const artifacts = createRoute({
  getParentRoute: () => project,
  path: "/artifacts",
  component: lazyRouteComponent(() => import("./pages/artifacts/Artifacts"), "Artifacts"),
});
const artifactPage = lazyRouteComponent(() => import("./pages/artifacts/Artifact"), "Artifact");
const collection = createRoute({
  getParentRoute: () => project,
  path: "/artifacts/$kind/$name",
  component: artifactPage,
});
const version = createRoute({
  getParentRoute: () => project,
  path: "/artifacts/$kind/$name/$version",
  component: artifactPage,
});

const runPage = lazyRouteComponent(() => import("./pages/run/Run"), "Run");

const sql = createRoute({
  getParentRoute: () => inside,
  path: "/sql",
  validateSearch: (search: Record<string, unknown>): { q?: string } =>
    typeof search.q === "string" ? { q: search.q } : {},
  component: lazyRouteComponent(() => import("./pages/sql/Sql"), "Sql"),
});

const routes = root.addChildren([
  login,
  inside.addChildren([
    page(
      "/",
      lazyRouteComponent(() => import("./pages/home/Home"), "Home"),
    ),
    page(
      "/authorize",
      lazyRouteComponent(() => import("./pages/login/Authorize"), "Authorize"),
    ),
    sql,
    page(
      "/settings",
      lazyRouteComponent(() => import("./pages/settings/Settings"), "Settings"),
    ),
    page(
      "/$entity",
      lazyRouteComponent(() => import("./pages/home/Home"), "Home"),
    ),
    project.addChildren([workspace("/"), workspace("/workspace"), table, artifacts, collection, version]),
    page("/$entity/$project/runs/$run", runPage),
    page("/$entity/$project/runs/$run/$tab", runPage),
    page("/$entity/$project/$run", runPage),
  ]),
]);

export const router = createRouter({
  routeTree: routes,
  defaultPreload: "intent",
  defaultErrorComponent: Broken,
  defaultNotFoundComponent: NotFound,
  scrollRestoration: true,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
