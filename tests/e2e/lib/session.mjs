// Purpose: somebody signed in to the dashboard without a browser, for what has no page to look at.

/** Signs `user` in through Discord's page. Gives `get(path)` and `post(path, fields)`, which answer as `fetch` does. */
export async function openSession(stack, user) {
  const cookies = new Map();
  const call = async (path, options = {}) => {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    const response = await fetch(`${stack.workerUrl}${path}`, { redirect: "manual", ...options, headers: { cookie, ...options.headers } });
    for (const line of response.headers.getSetCookie()) {
      const [name, value] = line.split(";")[0].split(/=(.*)/s);
      cookies.set(name, value);
    }
    return response;
  };
  const form = (fields) => ({
    method: "POST",
    headers: { "content-type": "application/x-www-form-urlencoded", origin: stack.workerUrl },
    body: new URLSearchParams(fields).toString(),
  });
  let token = "";
  const get = async (path) => {
    const response = await call(path);
    const text = await response.text();
    token = /name="form_token" value="([0-9a-f]+)"/.exec(text)?.[1] ?? token;
    return { status: response.status, text };
  };
  const post = async (path, fields) => {
    const once = Math.random().toString(16).slice(2).padEnd(16, "0").slice(0, 16);
    const response = await call(path, form([["form_token", token], ["once", once], ...fields]));
    return { status: response.status, text: await response.text(), location: response.headers.get("location") };
  };
  const { location } = await post("/auth/login", [["return_to", "/sessions"]]);
  const query = new URL(location).search.slice(1);
  const agreed = await fetch(`${stack.simUrl}/oauth2/authorize`, { ...form({ query, user: await stack.crowd.userId(user), decision: "allow" }), redirect: "manual" });
  const back = new URL(agreed.headers.get("location"));
  await call(`${back.pathname}${back.search}`);
  await get("/sessions");
  return { get, post };
}
