// Purpose: the links bench's redirect written with Hono and Workers KV, as small as it can be: nothing is recorded.

import { Hono } from "hono";

const app = new Hono();
app.get("/l/:slug", async (c) => {
  const target = await c.env.KV.get(`l:${c.req.param("slug")}`);
  return target === null ? c.notFound() : c.redirect(target, 302);
});
export default app;
